package main

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	vm "github.com/VictoriaMetrics/metrics"

	"xwmooc/upload-gateway/guard"
)

// metrics are what Prometheus finds, and in short what the unit's status says.
type metrics struct {
	set            *vm.Set
	guard          *guard.Guard
	stored, failed atomic.Int64
}

func newMetrics(g *guard.Guard) *metrics {
	m := &metrics{set: vm.NewSet(), guard: g}
	m.set.NewGauge("upload_gateway_sessions", func() float64 { return float64(g.Sessions()) })
	m.set.NewGauge("upload_gateway_banned_addresses", func() float64 { return float64(g.Banned()) })
	return m
}

func (m *metrics) count(protocol, action string, err error) {
	result := "done"
	if err != nil {
		result = "failed"
	}
	if action == "store" && err == nil {
		m.stored.Add(1)
	} else if action == "store" {
		m.failed.Add(1)
	}
	m.set.GetOrCreateCounter(fmt.Sprintf("upload_gateway_actions_total{protocol=%q,action=%q,result=%q}", protocol, action, result)).Inc()
}

// String is one line for a person.
func (m *metrics) String() string {
	return fmt.Sprintf("sessions: %d; since the start: %d files stored, %d uploads failed; addresses banned: %d",
		m.guard.Sessions(), m.stored.Load(), m.failed.Load(), m.guard.Banned())
}

func (m *metrics) serve(listener net.Listener) error {
	handler := http.NewServeMux()
	handler.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		m.set.WritePrometheus(w)
		vm.WriteProcessMetrics(w)
	})
	server := http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	return server.Serve(listener)
}
