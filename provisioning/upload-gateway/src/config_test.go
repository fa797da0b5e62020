package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"xwmooc/upload-gateway/tree"
)

const hash = "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$Z8GVjjNcq76ru/eIHB92rAbRmImATMp1U544vyJhXE4"

func accountsOf(t *testing.T, text string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "accounts.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := readAccounts(file, []tree.Course{{Name: "pi"}})
	return err
}

func TestAccounts(t *testing.T) {
	if err := accountsOf(t, `[{"name":"kim","courses":["pi"],"rights":["read"],"passwordHash":"`+hash+`"},
		{"name":"lee","courses":[],"rights":[],"keys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA7gyLGVKPcqRqrNq5cLOvVlsoLlHRLWjHPIWfkJSIXC lee"]}]`); err != nil {
		t.Error(err)
	}
}

func TestAccountsThatAreWrongAreSaidWithoutSecrets(t *testing.T) {
	for text, words := range map[string]string{
		`[{"name":"kim","passwordHash":"s3cret"}]`:    "account kim: passwordHash",
		`[{"name":"kim","passwordHash":1234567}]`:     "passwordHash is of the wrong type",
		`[{"name":"kim","keys":["s3cret"]}]`:          "account kim: keys[0]",
		`[{"name":"kim","courses":["none"]}]`:         `there is no course "none"`,
		`[{"name":"kim","password":"s3cret"}]`:        "password",
		`[{"name":"","passwordHash":"` + hash + `"}]`: "account 1",
		`[{"name":"kim"},{"name":"kim"}]`:             "account 2",
		`[{"name":"kim","passwordHash":"s3cret`:       "accounts.json",
		`{"kim":"s3cret"}`:                            "accounts.json",
	} {
		err := accountsOf(t, text)
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s gives %v", text, err)
			continue
		}
		for _, secret := range []string{"s3cret", "1234567", hash} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s gives the secret away: %v", text, err)
			}
		}
	}
}
