// Command upload-gateway lets course authors upload by FTP over TLS and by SFTP, straight into the object store: whoever
// is told that a file was transferred has it stored, whole and with the right MD5.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/crypto/ssh"

	"xwmooc/upload-gateway/ftpd"
	"xwmooc/upload-gateway/guard"
	"xwmooc/upload-gateway/sftpd"
	"xwmooc/upload-gateway/site"
	"xwmooc/upload-gateway/store"
	"xwmooc/upload-gateway/tree"
)

// exitConfig (EX_CONFIG of sysexits.h) says that another start would not help.
const exitConfig = 78

const (
	sweepPeriod  = 6 * time.Hour
	reportPeriod = 5 * time.Second
	banner       = "xwMOOC upload"
)

func main() {
	etc := flag.String("config", "/etc/upload-gateway", "folder with config.json, accounts.json, credentials.json, tls.crt, tls.key, ssh_host_key")
	socket := flag.String("publisher", "/run/site-publisher/control.sock", "control socket of the publisher")
	flag.Parse()
	// The journal has the time.
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime})))
	if err := run(*etc, *socket); err != nil {
		slog.Error(err.Error())
		if errors.As(err, new(configError)) {
			os.Exit(exitConfig)
		}
		os.Exit(1)
	}
}

// configError is one that only an operator can mend.
type configError struct{ error }

func run(etc, socket string) error {
	g, err := newGateway(etc, socket)
	if err != nil {
		return configError{err}
	}
	if err := g.listen(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go g.sweep(ctx)
	go g.report(ctx)
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady)
	slog.Info("ready", "accounts", g.accounts, "courses", len(g.config.Courses))
	select {
	case err := <-g.failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

type gateway struct {
	config   config
	accounts int
	store    *store.Store
	site     *site.Publisher
	guard    *guard.Guard
	tls      *certificate
	hostKey  ssh.Signer
	metrics  *metrics
	folders  tree.Folders
	failed   chan error
}

func newGateway(etc, socket string) (*gateway, error) {
	g := &gateway{failed: make(chan error, 8)}
	if err := readJSON(filepath.Join(etc, "config.json"), &g.config); err != nil {
		return nil, err
	}
	credentials, err := store.ReadCredentials(filepath.Join(etc, "credentials.json"))
	if err != nil {
		return nil, err
	}
	accounts, err := readAccounts(filepath.Join(etc, "accounts.json"), g.config.Courses)
	if err != nil {
		return nil, err
	}
	if g.tls, err = newCertificate(filepath.Join(etc, "tls.crt"), filepath.Join(etc, "tls.key")); err != nil {
		return nil, err
	}
	key, err := os.ReadFile(filepath.Join(etc, "ssh_host_key"))
	if err != nil {
		return nil, err
	}
	if g.hostKey, err = ssh.ParsePrivateKey(key); err != nil {
		return nil, fmt.Errorf("ssh_host_key is no private key: %w", err)
	}
	g.accounts = len(accounts)
	g.store = store.New(credentials, g.config.SegmentsContainer)
	g.site = site.New(socket)
	g.guard = guard.New(g.config.Limits, accounts)
	g.metrics = newMetrics(g.guard)
	return g, nil
}

// listen opens all ports and answers at them.
func (g *gateway) listen() error {
	type service struct {
		port  int
		serve func(net.Listener) error
	}
	idle := time.Duration(g.config.IdleSeconds) * time.Second
	ftp := func(mode ftpd.Mode) func(net.Listener) error {
		return ftpd.New(ftpd.Config{
			Mode: mode, TLS: g.tls.config(), PublicAddress: g.config.PublicAddress, PassivePorts: g.config.FTP.PassivePorts,
			IdleTimeout: idle, Banner: banner, Guard: g.guard, Open: g.open("ftp"), Audit: g.login("ftp"),
		}).Serve
	}
	mode := ftpd.Explicit
	if g.config.FTP.AllowPlain {
		mode = ftpd.Plain
		slog.Warn("plain FTP is allowed: passwords and content can be read on their way (uploadGateway.ftp.allowPlain)")
	}
	services := []service{
		{g.config.FTP.Port, ftp(mode)},
		{g.config.FTP.ImplicitPort, ftp(ftpd.Implicit)},
		{g.config.SFTP.Port, sftpd.New(sftpd.Config{
			HostKey: g.hostKey, IdleTimeout: idle, Guard: g.guard, Open: g.open("sftp"), Audit: g.login("sftp"),
		}).Serve},
	}
	for _, service := range services {
		if service.port == 0 {
			continue
		}
		listener, err := net.Listen("tcp", ":"+strconv.Itoa(service.port))
		if err != nil {
			return err
		}
		go func() { g.failed <- service.serve(listener) }()
	}
	if g.config.MetricsPort != 0 {
		listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(g.config.MetricsPort))
		if err != nil {
			return err
		}
		go func() { g.failed <- g.metrics.serve(listener) }()
	}
	return nil
}

// open gives a session the tree of its account.
func (g *gateway) open(protocol string) func(context.Context, guard.Account, string) *tree.Tree {
	return func(ctx context.Context, account guard.Account, address string) *tree.Tree {
		courses := slices.DeleteFunc(slices.Clone(g.config.Courses), func(c tree.Course) bool {
			return !slices.Contains(account.Courses, c.Name)
		})
		return &tree.Tree{
			Store: g.store, Publisher: g.site, Courses: courses, Folders: &g.folders, Context: ctx,
			Rights: tree.Rights{
				Read:   slices.Contains(account.Rights, "read"),
				Upload: slices.Contains(account.Rights, "upload"),
				Delete: slices.Contains(account.Rights, "delete"),
			},
			Audit: func(action, path string, err error, more ...any) {
				g.audit(protocol, address, account.Name, action, err, append([]any{"path", path}, more...)...)
			},
		}
	}
}

func (g *gateway) login(protocol string) func(address, account, action string, err error) {
	return func(address, account, action string, err error) {
		g.audit(protocol, address, account, action, err)
	}
}

// audit takes down one action: a line without secrets, and a count.
func (g *gateway) audit(protocol, address, account, action string, err error, more ...any) {
	g.metrics.count(protocol, action, err)
	fields := append([]any{"protocol", protocol, "account", account, "address", address}, more...)
	if err == nil {
		slog.Info(action, fields...)
		return
	}
	fields = append(fields, "error", err)
	var unavailable store.Unavailable
	if errors.As(err, &unavailable) {
		fields = append(fields, "cause", unavailable.Cause)
	}
	slog.Warn(action+" failed", fields...)
}

// sweep removes segments that no object has any more, now and then.
func (g *gateway) sweep(ctx context.Context) {
	containers := []string{}
	for _, course := range g.config.Courses {
		containers = append(containers, course.Container)
	}
	for {
		if removed, err := g.store.Sweep(ctx, containers, g.config.Archives); err != nil {
			slog.Warn("segments of former large objects were not looked for; that is tried again later", "error", err)
		} else if removed > 0 {
			slog.Info("segments of former large objects were removed", "count", removed)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepPeriod):
		}
	}
}

// report tells systemd that this process runs, more often than the unit's WatchdogSec= wants to know, and what it does.
func (g *gateway) report(ctx context.Context) {
	for ctx.Err() == nil {
		_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog+"\nSTATUS="+g.metrics.String())
		time.Sleep(reportPeriod)
	}
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
