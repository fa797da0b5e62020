package guard

import (
	"strings"
	"testing"
)

func TestParseHashReadsWhatNewAuthorWrites(t *testing.T) {
	hash, err := ParseHash(cheap)
	if err != nil {
		t.Fatal(err)
	}
	if !hash.matches("right") || hash.matches("Right") || hash.matches("") {
		t.Fatal("the hash does not tell the password from others")
	}
}

func TestParseHashRefusesWithoutTheValue(t *testing.T) {
	const salt, key = "c2FsdHNhbHQ", "Z8GVjjNcq76ru/eIHB92rAbRmImATMp1U544vyJhXE4"
	for name, text := range map[string]string{
		"a plain password":   "correct-horse",
		"another kind":       "$argon2id$v=19$m=65536,t=3,p=4$" + salt + "$" + key,
		"no parameters":      "$scrypt$$" + salt + "$" + key,
		"odd parameters":     "$scrypt$ln=x,r=8,p=1$" + salt + "$" + key,
		"too cheap":          "$scrypt$ln=9,r=8,p=1$" + salt + "$" + key,
		"too much memory":    "$scrypt$ln=20,r=8,p=1$" + salt + "$" + key,
		"memory overflow":    "$scrypt$ln=24,r=9223372036854775807,p=1$" + salt + "$" + key,
		"negative":           "$scrypt$ln=15,r=-8,p=1$" + salt + "$" + key,
		"much work":          "$scrypt$ln=15,r=8,p=1000$" + salt + "$" + key,
		"damaged salt":       "$scrypt$ln=15,r=8,p=1$***SALT***$" + key,
		"damaged key":        "$scrypt$ln=15,r=8,p=1$" + salt + "$***" + key,
		"no key":             "$scrypt$ln=15,r=8,p=1$" + salt + "$",
		"one field too many": cheap + "$more",
	} {
		_, err := ParseHash(text)
		if err == nil {
			t.Errorf("%s was taken", name)
			continue
		}
		for _, secret := range []string{salt, key, "correct-horse", "SALT", "argon2id"} {
			if strings.Contains(text, secret) && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error contains the value: %v", name, err)
			}
		}
	}
}
