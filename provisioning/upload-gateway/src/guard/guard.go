// Package guard lets authors in, and keeps others out.
package guard

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Limits of Guard. An address is one of IPv4, or a /64 network of IPv6.
type Limits struct {
	// Sessions in all, from one address, and of one account.
	Sessions           int `json:"sessions"`
	SessionsPerAddress int `json:"sessionsPerAddress"`
	SessionsPerAccount int `json:"sessionsPerAccount"`
	// Failures that an address may have within BanSeconds; then it is refused for BanSeconds.
	Failures   int `json:"failures"`
	BanSeconds int `json:"banSeconds"`
}

// Account is an author.
type Account struct {
	Name    string
	Courses []string
	// Rights are of "read", "upload" and "delete".
	Rights []string
	// Password is nil for an account that has keys alone.
	Password *Hash
	Keys     []ssh.PublicKey
}

const (
	// A wrong password is answered this late, doubled with each one more from the same address.
	firstDelay = 500 * time.Millisecond
	lastDelay  = 8 * time.Second
	// A right password is known again for so long without the cost of its hash: a client opens ten connections at once.
	passwordMemory = 10 * time.Minute
	// Hashes at a time: each takes 32 MiB.
	hashesAtOnce = 2
)

// Errors in words for a client.
var (
	ErrBanned   = errors.New("too many failed logins from your address: please try again later")
	ErrTooMany  = errors.New("too many connections: close some, or try again later")
	ErrRejected = errors.New("wrong user name, password or key")
)

// Guard knows the accounts, and who has failed how often.
type Guard struct {
	limits   Limits
	accounts map[string]Account
	secret   []byte
	hashing  chan struct{}
	now      func() time.Time
	sleep    func(time.Duration)

	mu        sync.Mutex
	failed    map[string]*failures
	known     map[[32]byte]time.Time
	sessions  int
	byAddress map[string]int
	byAccount map[string]int
}

type failures struct {
	count int
	last  time.Time
}

// New makes a guard.
func New(limits Limits, accounts []Account) *Guard {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	g := &Guard{
		limits: limits, secret: secret, accounts: map[string]Account{}, hashing: make(chan struct{}, hashesAtOnce),
		now: time.Now, sleep: time.Sleep,
		failed: map[string]*failures{}, known: map[[32]byte]time.Time{}, byAddress: map[string]int{}, byAccount: map[string]int{},
	}
	for _, account := range accounts {
		g.accounts[account.Name] = account
	}
	return g
}

// Visit is a connection that was admitted.
type Visit struct {
	guard   *Guard
	Address string
	account string
	ended   sync.Once
}

// Admit lets a connection in, up to the login. End it. Its errors are ErrBanned and ErrTooMany.
func (g *Guard) Admit(remote net.Addr) (*Visit, error) {
	address := hostOf(remote)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isBanned(address) {
		return nil, ErrBanned
	}
	if g.sessions >= g.limits.Sessions || g.byAddress[address] >= g.limits.SessionsPerAddress {
		return nil, ErrTooMany
	}
	g.sessions++
	g.byAddress[address]++
	return &Visit{guard: g, Address: address}, nil
}

// End gives the connection's place free.
func (v *Visit) End() {
	v.ended.Do(func() {
		g := v.guard
		g.mu.Lock()
		defer g.mu.Unlock()
		g.sessions--
		lower(g.byAddress, v.Address)
		if v.account != "" {
			lower(g.byAccount, v.account)
		}
	})
}

// Password logs in by a password; a wrong one is answered late. Its errors are ErrRejected, and ErrBanned for an address
// that was banned since the connection was admitted.
func (v *Visit) Password(name, password string) (Account, error) {
	if v.guard.refuses(v.Address) {
		return Account{}, ErrBanned
	}
	account, ok := v.guard.accounts[name]
	right := v.guard.matches(account, ok && account.Password != nil, password)
	return v.login(account, right)
}

// Key logs in by a key whose owner the client has proved to be, or is about to. Its error is ErrRejected.
func (v *Visit) Key(name string, key ssh.PublicKey) (Account, error) {
	account := v.guard.accounts[name]
	offered := key.Marshal()
	for _, known := range account.Keys {
		if hmac.Equal(known.Marshal(), offered) {
			return account, nil
		}
	}
	// No failure yet: a client offers all keys that it has, one by one.
	return Account{}, ErrRejected
}

// Enter counts a session of an account whose login is complete. Its error is ErrTooMany.
func (v *Visit) Enter(account Account) error {
	g := v.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.failed, v.Address)
	if v.account == account.Name {
		return nil
	}
	if g.byAccount[account.Name] >= g.limits.SessionsPerAccount {
		return ErrTooMany
	}
	if v.account != "" {
		lower(g.byAccount, v.account)
	}
	v.account = account.Name
	g.byAccount[account.Name]++
	return nil
}

func (v *Visit) login(account Account, right bool) (Account, error) {
	if right {
		return account, nil
	}
	v.guard.sleep(v.fail())
	return Account{}, ErrRejected
}

// fail counts a failure. @returns how long to wait before the answer
func (v *Visit) fail() time.Duration {
	g := v.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	for address, f := range g.failed {
		if g.now().Sub(f.last) > g.ban() {
			delete(g.failed, address)
		}
	}
	f := g.failed[v.Address]
	if f == nil {
		f = &failures{}
		g.failed[v.Address] = f
	}
	f.count++
	f.last = g.now()
	return min(lastDelay, firstDelay<<min(f.count-1, 10))
}

func (g *Guard) refuses(address string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.isBanned(address)
}

func (g *Guard) isBanned(address string) bool {
	f := g.failed[address]
	return f != nil && f.count >= g.limits.Failures && g.now().Sub(f.last) < g.ban()
}

// Banned says how many addresses are refused now.
func (g *Guard) Banned() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	count := 0
	for address := range g.failed {
		if g.isBanned(address) {
			count++
		}
	}
	return count
}

// Sessions says how many there are now.
func (g *Guard) Sessions() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sessions
}

func (g *Guard) ban() time.Duration { return time.Duration(g.limits.BanSeconds) * time.Second }

// matches compares a password, with a hash in any case.
func (g *Guard) matches(account Account, hasPassword bool, password string) bool {
	mac := hmac.New(sha256.New, g.secret)
	mac.Write([]byte(account.Name + "\x00" + password))
	proof := [32]byte(mac.Sum(nil))
	g.mu.Lock()
	at, seen := g.known[proof]
	g.mu.Unlock()
	if seen && g.now().Sub(at) < passwordMemory {
		return true
	}
	g.hashing <- struct{}{}
	defer func() { <-g.hashing }()
	if !hasPassword {
		unknown.matches(password)
		return false
	}
	if !account.Password.matches(password) {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for old, at := range g.known {
		if g.now().Sub(at) >= passwordMemory {
			delete(g.known, old)
		}
	}
	g.known[proof] = g.now()
	return true
}

func lower(counts map[string]int, key string) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}

// hostOf gives the address; of IPv6 its network, of which one client has all addresses.
func hostOf(remote net.Addr) string {
	tcp, ok := remote.(*net.TCPAddr)
	if !ok {
		return remote.String()
	}
	if v4 := tcp.IP.To4(); v4 != nil {
		return v4.String()
	}
	return tcp.IP.Mask(net.CIDRMask(64, 128)).String() + "/64"
}
