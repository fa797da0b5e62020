package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/crypto/ssh"

	"xwmooc/upload-gateway/guard"
	"xwmooc/upload-gateway/tree"
)

// config is /etc/upload-gateway/config.json, which components/hostFiles.ts writes.
type config struct {
	// PublicAddress is the IPv4 address that authors reach the server at.
	PublicAddress string `json:"publicAddress"`
	FTP           struct {
		Port int `json:"port"`
		// ImplicitPort is 0 for none.
		ImplicitPort int    `json:"implicitPort"`
		PassivePorts [2]int `json:"passivePorts"`
		// AllowPlain also lets in who does not encrypt.
		AllowPlain bool `json:"allowPlain"`
	} `json:"ftp"`
	SFTP struct {
		Port int `json:"port"`
	} `json:"sftp"`
	Limits            guard.Limits  `json:"limits"`
	IdleSeconds       int           `json:"idleSeconds"`
	MetricsPort       int           `json:"metricsPort"`
	SegmentsContainer string        `json:"segmentsContainer"`
	Courses           []tree.Course `json:"courses"`
	// Archives are the containers that the store moves what is overwritten or deleted to.
	Archives []string `json:"archives"`
}

// accountConfig is a row of /etc/upload-gateway/accounts.json.
type accountConfig struct {
	Name         string   `json:"name"`
	Courses      []string `json:"courses"`
	Rights       []string `json:"rights"`
	PasswordHash string   `json:"passwordHash"`
	Keys         []string `json:"keys"`
}

// readJSON reads a file whose every key must be known. Its errors name no value.
func readJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(into)
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return fmt.Errorf("%s: %s is of the wrong type", file, wrongType.Field)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// readAccounts reads the accounts. Its errors name the account and the key, never a hash or a key's content.
func readAccounts(file string, courses []tree.Course) ([]guard.Account, error) {
	var rows []accountConfig
	if err := readJSON(file, &rows); err != nil {
		return nil, err
	}
	accounts := make([]guard.Account, 0, len(rows))
	for i, row := range rows {
		if row.Name == "" || slices.ContainsFunc(rows[:i], func(other accountConfig) bool { return other.Name == row.Name }) {
			return nil, fmt.Errorf("%s: account %d: its name is missing, or another account has it", file, i+1)
		}
		account := guard.Account{Name: row.Name, Courses: row.Courses, Rights: row.Rights}
		for _, course := range row.Courses {
			if !slices.ContainsFunc(courses, func(c tree.Course) bool { return c.Name == course }) {
				return nil, fmt.Errorf("%s: account %s: there is no course %q", file, row.Name, course)
			}
		}
		if row.PasswordHash != "" {
			hash, err := guard.ParseHash(row.PasswordHash)
			if err != nil {
				return nil, fmt.Errorf("%s: account %s: passwordHash: %w", file, row.Name, err)
			}
			account.Password = &hash
		}
		for i, text := range row.Keys {
			key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
			if err != nil {
				return nil, fmt.Errorf("%s: account %s: keys[%d] is no public key as in authorized_keys", file, row.Name, i)
			}
			account.Keys = append(account.Keys, key)
		}
		accounts = append(accounts, account)
	}
	return accounts, nil
}
