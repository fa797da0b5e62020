package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// How often the files are looked at: a renewed certificate is used without a restart.
const certificateLook = 30 * time.Second

// certificate is the server's own, from files that someone else may renew.
type certificate struct {
	certFile, keyFile string

	mu       sync.Mutex
	current  *tls.Certificate
	modified time.Time
	lookedAt time.Time
}

func newCertificate(certFile, keyFile string) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile}
	return c, c.load()
}

// config is one for all connections, so that a data connection resumes the session of its control connection.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(), nil },
	}
}

func (c *certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.lookedAt) > certificateLook {
		if err := c.load(); err != nil {
			slog.Warn("the certificate can't be read; the one before is used on", "error", err)
		}
	}
	return c.current
}

func (c *certificate) load() error {
	c.lookedAt = time.Now()
	info, err := os.Stat(c.certFile)
	if err != nil {
		return err
	}
	if c.current != nil && info.ModTime().Equal(c.modified) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("%s and %s are no certificate and its key: %w", c.certFile, c.keyFile, err)
	}
	c.current, c.modified = &pair, info.ModTime()
	return nil
}
