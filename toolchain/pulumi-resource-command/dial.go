package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"
)

// patience is how long a server that answers may refuse us: for a moment a new one can, while cloud-init still sets
// its keys. After that more tries are no use, however many dialErrorLimit allows.
var patience = time.Minute

// Waits between two tries.
var firstWait, longestWait = time.Second, 5 * time.Second

// dialer opens a connection to an address: from here, or from the proxy.
type dialer func(ctx context.Context, address string) (net.Conn, error)

// open connects to the server, through the proxy if there is one; hangUp ends it all.
func (c Connection) open(ctx context.Context) (client *ssh.Client, hangUp func(), err error) {
	from := func(ctx context.Context, address string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	if c.Proxy == nil {
		client, err = c.dial(ctx, from)
		return client, func() { client.Close() }, err
	}
	proxy, err := c.Proxy.dial(ctx, from)
	if err != nil {
		return nil, nil, fmt.Errorf("connection.proxy: %w", err)
	}
	client, err = c.dial(ctx, func(ctx context.Context, address string) (net.Conn, error) {
		return proxy.DialContext(ctx, "tcp", address)
	})
	if err != nil {
		proxy.Close()
		return nil, nil, err
	}
	return client, func() { client.Close(); proxy.Close() }, nil
}

// dial tries until it is in: a new server takes a while to boot.
func (e Endpoint) dial(ctx context.Context, from dialer) (*ssh.Client, error) {
	config, err := e.config()
	if err != nil {
		return nil, err
	}
	limit := or(e.DialErrorLimit, defaultDialErrorLimit)
	var refusedSince time.Time
	for try, wait := 1, firstWait; ; try++ {
		client, err := e.dialOnce(ctx, config, from)
		if err == nil {
			return client, nil
		}
		if !refused(err) {
			refusedSince = time.Time{}
		} else if refusedSince.IsZero() {
			refusedSince = time.Now()
		}
		stop := ctx.Err() != nil || limit >= 0 && try > limit ||
			!refusedSince.IsZero() && time.Since(refusedSince) >= patience
		if stop {
			return nil, fmt.Errorf("no SSH connection to %s after %d tries: %w", e.address(), try, err)
		}
		p.GetLogger(ctx).InfoStatusf("waiting for SSH at %s (try %d): %v", e.address(), try, err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(wait*3/2, longestWait)
	}
}

// refused tells a server that answers but does not fit or let us in from one that is not up yet.
func refused(err error) bool {
	var negotiation *ssh.AlgorithmNegotiationError // it has no host key of the pinned kind
	return errors.Is(err, errHostKey) || errors.As(err, &negotiation) ||
		strings.Contains(err.Error(), "unable to authenticate")
}

func (e Endpoint) dialOnce(ctx context.Context, config *ssh.ClientConfig, from dialer) (*ssh.Client, error) {
	if config.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, config.Timeout)
		defer cancel()
	}
	conn, err := from(ctx, e.address())
	if err != nil {
		return nil, err
	}
	// The time limit holds for the handshake too; a connection through a proxy knows no deadlines, but can be closed.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	c, channels, requests, err := ssh.NewClientConn(conn, e.address(), config)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return ssh.NewClient(c, channels, requests), nil
}
