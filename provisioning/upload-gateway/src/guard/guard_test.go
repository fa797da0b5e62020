package guard

import (
	"errors"
	"net"
	"testing"
	"time"
)

// cheap is the hash of "right" at the lowest cost that is allowed.
const cheap = "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$Z8GVjjNcq76ru/eIHB92rAbRmImATMp1U544vyJhXE4"

// clock is a guard's time; sleeping moves it on.
type clock struct {
	now   time.Time
	slept []time.Duration
}

func (c *clock) sleep(d time.Duration) {
	c.slept = append(c.slept, d)
	c.now = c.now.Add(d)
}

func newGuard(t *testing.T, limits Limits) (*Guard, *clock) {
	t.Helper()
	hash, err := ParseHash(cheap)
	if err != nil {
		t.Fatal(err)
	}
	g := New(limits, []Account{{Name: "kim", Password: &hash}, {Name: "lee", Password: &hash}, {Name: "keys"}})
	c := &clock{now: time.Unix(1_700_000_000, 0)}
	g.now, g.sleep = func() time.Time { return c.now }, c.sleep
	return g, c
}

func wide() Limits {
	return Limits{Sessions: 100, SessionsPerAddress: 100, SessionsPerAccount: 100, Failures: 3, BanSeconds: 60}
}

func from(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 4711} }

func admit(t *testing.T, g *Guard, ip string) *Visit {
	t.Helper()
	visit, err := g.Admit(from(ip))
	if err != nil {
		t.Fatalf("%s was not admitted: %v", ip, err)
	}
	t.Cleanup(visit.End)
	return visit
}

func wrong(t *testing.T, g *Guard, ip string) {
	t.Helper()
	if _, err := admit(t, g, ip).Password("kim", "wrong"); !errors.Is(err, ErrRejected) {
		t.Fatalf("a wrong password gives %v", err)
	}
}

func TestRightPasswordLetsIn(t *testing.T) {
	g, c := newGuard(t, wide())
	account, err := admit(t, g, "192.0.2.1").Password("kim", "right")
	if err != nil || account.Name != "kim" || len(c.slept) > 0 {
		t.Fatalf("got %v, %v after %v", account, err, c.slept)
	}
}

func TestEachWrongPasswordIsAnsweredLater(t *testing.T) {
	limits := wide()
	limits.Failures = 100
	g, c := newGuard(t, limits)
	for range 7 {
		wrong(t, g, "192.0.2.1")
	}
	want := []time.Duration{firstDelay, 2 * firstDelay, 4 * firstDelay, 8 * firstDelay, lastDelay, lastDelay, lastDelay}
	for i := range want {
		if c.slept[i] != want[i] {
			t.Fatalf("waited %v, want %v", c.slept, want)
		}
	}
}

func TestBanAfterFailuresAndItsEnd(t *testing.T) {
	g, c := newGuard(t, wide())
	before := admit(t, g, "192.0.2.1")
	for range 3 {
		wrong(t, g, "192.0.2.1")
	}
	if _, err := g.Admit(from("192.0.2.1")); !errors.Is(err, ErrBanned) {
		t.Fatalf("a banned address gets %v", err)
	}
	if _, err := before.Password("kim", "right"); !errors.Is(err, ErrBanned) {
		t.Fatalf("a connection from before the ban gets %v", err)
	}
	if g.Banned() != 1 {
		t.Fatalf("%d are banned", g.Banned())
	}
	admit(t, g, "192.0.2.2")
	c.now = c.now.Add(60 * time.Second)
	admit(t, g, "192.0.2.1")
	if g.Banned() != 0 {
		t.Fatalf("%d are banned after the ban", g.Banned())
	}
}

func TestSuccessClearsFailures(t *testing.T) {
	g, _ := newGuard(t, wide())
	for range 4 {
		wrong(t, g, "192.0.2.1")
		wrong(t, g, "192.0.2.1")
		visit := admit(t, g, "192.0.2.1")
		account, err := visit.Password("kim", "right")
		if err != nil {
			t.Fatal(err)
		}
		if err := visit.Enter(account); err != nil {
			t.Fatal(err)
		}
	}
}

func TestIPv6IsCountedByNetwork(t *testing.T) {
	g, _ := newGuard(t, wide())
	wrong(t, g, "2001:db8::1")
	wrong(t, g, "2001:db8::2")
	wrong(t, g, "2001:db8:0:0:ffff::3")
	if _, err := g.Admit(from("2001:db8::4")); !errors.Is(err, ErrBanned) {
		t.Fatalf("another address of a banned network gets %v", err)
	}
	admit(t, g, "2001:db8:0:1::1")
}

func TestIPv4IsOneAddressInEitherForm(t *testing.T) {
	g, _ := newGuard(t, wide())
	for range 3 {
		wrong(t, g, "::ffff:192.0.2.1")
	}
	if _, err := g.Admit(from("192.0.2.1")); !errors.Is(err, ErrBanned) {
		t.Fatalf("a banned address gets %v", err)
	}
}

func TestSessionsAreLimitedInAllAndPerAddress(t *testing.T) {
	limits := wide()
	limits.Sessions, limits.SessionsPerAddress = 3, 2
	g, _ := newGuard(t, limits)
	first := admit(t, g, "192.0.2.1")
	admit(t, g, "192.0.2.1")
	if _, err := g.Admit(from("192.0.2.1")); !errors.Is(err, ErrTooMany) {
		t.Fatalf("a third session of an address gives %v", err)
	}
	admit(t, g, "192.0.2.2")
	if _, err := g.Admit(from("192.0.2.3")); !errors.Is(err, ErrTooMany) {
		t.Fatalf("a fourth session gives %v", err)
	}
	first.End()
	first.End()
	if g.Sessions() != 2 {
		t.Fatalf("%d sessions after one has ended twice", g.Sessions())
	}
	admit(t, g, "192.0.2.1")
}

func TestSessionsAreLimitedPerAccount(t *testing.T) {
	limits := wide()
	limits.SessionsPerAccount = 1
	g, _ := newGuard(t, limits)
	first, second := admit(t, g, "192.0.2.1"), admit(t, g, "192.0.2.2")
	if err := first.Enter(g.accounts["kim"]); err != nil {
		t.Fatal(err)
	}
	if err := first.Enter(g.accounts["kim"]); err != nil {
		t.Fatalf("a second login in one session gives %v", err)
	}
	if err := second.Enter(g.accounts["kim"]); !errors.Is(err, ErrTooMany) {
		t.Fatalf("a second session of an account gives %v", err)
	}
	if err := second.Enter(g.accounts["lee"]); err != nil {
		t.Fatal(err)
	}
	first.End()
	if err := admit(t, g, "192.0.2.3").Enter(g.accounts["kim"]); err != nil {
		t.Fatalf("after the end of the session: %v", err)
	}
}

func TestPasswordIsRememberedForAWhile(t *testing.T) {
	g, c := newGuard(t, wide())
	login := func(password string) error {
		_, err := admit(t, g, "192.0.2.1").Password("kim", password)
		return err
	}
	if err := login("right"); err != nil {
		t.Fatal(err)
	}
	// Whoever needs a hash now waits for ever.
	g.hashing = nil
	if err := login("right"); err != nil {
		t.Fatal(err)
	}
	g.hashing = make(chan struct{}, 1)
	if err := login("wrong"); !errors.Is(err, ErrRejected) {
		t.Fatalf("another password gives %v", err)
	}
	c.now = c.now.Add(passwordMemory)
	hash := *g.accounts["kim"].Password
	hash.key = make([]byte, 32)
	g.accounts["kim"] = Account{Name: "kim", Password: &hash}
	if err := login("right"); !errors.Is(err, ErrRejected) {
		t.Fatalf("after the memory's end: %v", err)
	}
}

func TestUnknownAccountCostsAsMuchAsAKnownOne(t *testing.T) {
	expensive := unknown
	g, _ := newGuard(t, wide())
	g.limits.Failures = 100
	g.accounts["kim"] = Account{Name: "kim", Password: &expensive}
	took := func(name string) time.Duration {
		best := time.Hour
		for range 3 {
			began := time.Now()
			if _, err := admit(t, g, "192.0.2.1").Password(name, "wrong"); !errors.Is(err, ErrRejected) {
				t.Fatal(err)
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	known := took("kim")
	for _, name := range []string{"nobody", "keys", ""} {
		if other := took(name); other < known/2 || other > known*2 {
			t.Errorf("%q takes %v, a known account %v", name, other, known)
		}
	}
}
