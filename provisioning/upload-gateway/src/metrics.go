package main

import (
	"fmt"
	"net"
	"net/http"
	"time"

	vm "github.com/VictoriaMetrics/metrics"

	"xwmooc/upload-gateway/guard"
)

// metrics are what Prometheus finds.
type metrics struct{ set *vm.Set }

func newMetrics(g *guard.Guard) *metrics {
	m := &metrics{vm.NewSet()}
	m.set.NewGauge("upload_gateway_sessions", func() float64 { return float64(g.Sessions()) })
	m.set.NewGauge("upload_gateway_banned_addresses", func() float64 { return float64(g.Banned()) })
	return m
}

func (m *metrics) count(protocol, action string, err error) {
	result := "done"
	if err != nil {
		result = "failed"
	}
	m.set.GetOrCreateCounter(fmt.Sprintf("upload_gateway_actions_total{protocol=%q,action=%q,result=%q}", protocol, action, result)).Inc()
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
