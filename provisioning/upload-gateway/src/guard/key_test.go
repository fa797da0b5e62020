package guard

import (
	"crypto/ed25519"
	"errors"
	"testing"

	"golang.org/x/crypto/ssh"
)

func newKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeyLetsItsOwnerIn(t *testing.T) {
	g, _ := newGuard(t, wide())
	his, other := newKey(t), newKey(t)
	g.accounts["keys"] = Account{Name: "keys", Keys: []ssh.PublicKey{newKey(t), his}}
	visit := admit(t, g, "192.0.2.1")
	if account, err := visit.Key("keys", his); err != nil || account.Name != "keys" {
		t.Fatalf("got %v, %v", account, err)
	}
	for name, key := range map[string]ssh.PublicKey{"keys": other, "kim": his, "nobody": his} {
		if _, err := visit.Key(name, key); !errors.Is(err, ErrRejected) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysThatDoNotFitAreNoFailures(t *testing.T) {
	g, _ := newGuard(t, wide())
	visit := admit(t, g, "192.0.2.1")
	for range 10 {
		_, _ = visit.Key("keys", newKey(t))
	}
	admit(t, g, "192.0.2.1")
}
