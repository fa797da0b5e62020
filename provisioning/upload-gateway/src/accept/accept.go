// Package accept takes connections, as both protocols do.
package accept

import (
	"errors"
	"log/slog"
	"net"
	"time"
)

// After an error, of too many open files for example, it is tried again this late.
const pause = 100 * time.Millisecond

// Each has every connection served, in a goroutine of its own, until the listener is closed.
func Each(listener net.Listener, serve func(net.Conn)) error {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			slog.Warn("a connection was not accepted", "error", err)
			time.Sleep(pause)
			continue
		}
		go serve(conn)
	}
}
