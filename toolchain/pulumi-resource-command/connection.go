package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"
	"golang.org/x/crypto/ssh"
)

// Connection is the server to work on.
type Connection struct {
	Endpoint
	Proxy *ProxyConnection `pulumi:"proxy,optional"`
}

// ProxyConnection is a server to pass through on the way to another.
type ProxyConnection struct{ Endpoint }

// Endpoint says how to reach and enter one SSH server.
type Endpoint struct {
	Host               string   `pulumi:"host"`
	Port               *float64 `pulumi:"port,optional"`
	User               *string  `pulumi:"user,optional"`
	Password           *string  `pulumi:"password,optional" provider:"secret"`
	PrivateKey         *string  `pulumi:"privateKey,optional" provider:"secret"`
	PrivateKeyPassword *string  `pulumi:"privateKeyPassword,optional" provider:"secret"`
	HostKey            *string  `pulumi:"hostKey,optional"`
	DialErrorLimit     *int     `pulumi:"dialErrorLimit,optional"` // -1: no limit
	PerDialTimeout     *int     `pulumi:"perDialTimeout,optional"` // seconds; 0: no limit
}

// The official plugin's defaults.
const (
	defaultPort           = 22.0
	defaultUser           = "root"
	defaultDialErrorLimit = 10
	defaultPerDialTimeout = 15
)

// Annotate gives name and defaults.
func (c *Connection) Annotate(a infer.Annotator) {
	a.SetToken("remote", "Connection")
	c.defaults(a)
}

// Annotate gives name and defaults.
func (c *ProxyConnection) Annotate(a infer.Annotator) {
	a.SetToken("remote", "ProxyConnection")
	c.defaults(a)
}

func (e *Endpoint) defaults(a infer.Annotator) {
	a.SetDefault(&e.Port, defaultPort)
	a.SetDefault(&e.User, defaultUser)
	a.SetDefault(&e.DialErrorLimit, defaultDialErrorLimit)
	a.SetDefault(&e.PerDialTimeout, defaultPerDialTimeout)
}

func (e Endpoint) address() string {
	return net.JoinHostPort(e.Host, strconv.Itoa(int(or(e.Port, defaultPort))))
}

// errHostKey marks a server that shows another key than the pinned one: a stranger, or a machine not yet set up.
var errHostKey = errors.New("the server's host key is not the one in connection.hostKey")

func (e Endpoint) config() (*ssh.ClientConfig, error) {
	if or(e.HostKey, "") == "" {
		return nil, fmt.Errorf("connection.hostKey of %s is missing: without it anybody could pose as that server; "+
			"give its public key in the form of authorized_keys", e.Host)
	}
	pinned, _, _, _, err := ssh.ParseAuthorizedKey([]byte(*e.HostKey))
	if err != nil {
		return nil, fmt.Errorf("connection.hostKey of %s is no public key in the form of authorized_keys: %w", e.Host, err)
	}
	same := ssh.FixedHostKey(pinned)
	config := &ssh.ClientConfig{
		User:              or(e.User, defaultUser),
		HostKeyAlgorithms: algorithms(pinned.Type()),
		HostKeyCallback: func(host string, remote net.Addr, key ssh.PublicKey) error {
			if same(host, remote, key) != nil {
				return errHostKey
			}
			return nil
		},
		Timeout: time.Duration(or(e.PerDialTimeout, defaultPerDialTimeout)) * time.Second,
	}
	if e.PrivateKey != nil {
		signer, err := e.signer()
		if err != nil {
			return nil, fmt.Errorf("connection.privateKey of %s: %w", e.Host, err)
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	if e.Password != nil {
		config.Auth = append(config.Auth, ssh.Password(*e.Password))
	}
	return config, nil
}

func (e Endpoint) signer() (ssh.Signer, error) {
	if e.PrivateKeyPassword != nil {
		return ssh.ParsePrivateKeyWithPassphrase([]byte(*e.PrivateKey), []byte(*e.PrivateKeyPassword))
	}
	return ssh.ParsePrivateKey([]byte(*e.PrivateKey))
}

// algorithms keeps the server from offering a key of another kind than the pinned one.
func algorithms(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256} // RSA keys sign in these ways; SHA-1 is broken
	}
	return []string{keyType}
}
