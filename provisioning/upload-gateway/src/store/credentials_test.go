package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func credentialsFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCredentialsOfEachKind(t *testing.T) {
	for content, want := range map[string]int{
		`{"auth":"v1","authUrl":"https://tok02/auth/v1.0","username":"u","apiKey":"k"}`:                                        1,
		`{"auth":"keystone","authUrl":"https://keystone:5000","username":"u","password":"p","project":"xwmooc"}`:               3,
		`{"auth":"keystone","authUrl":"https://keystone/v3/","applicationCredentialId":"i","applicationCredentialSecret":"s"}`: 3,
	} {
		c, err := ReadCredentials(credentialsFile(t, content))
		if err != nil {
			t.Fatal(err)
		}
		connection := c.connection()
		if connection.AuthVersion != want || want == 3 && !strings.HasSuffix(connection.AuthUrl, "/v3") {
			t.Errorf("%s gives version %d at %s", content, connection.AuthVersion, connection.AuthUrl)
		}
	}
}

func TestCredentialsErrorsNameNoValue(t *testing.T) {
	for _, content := range []string{
		`{"auth":"v1","authUrl":"https://x","apiKey":"s3cret`, `{"auth":"v1","apiKey":"s3cret"}`, `{"auth":"s3cret","authUrl":"https://x"}`,
		`{"auth":"v1","authUrl":"https://x","apiKey":["s3cret"]}`, `s3cret`,
	} {
		if _, err := ReadCredentials(credentialsFile(t, content)); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s gives %v", content, err)
		}
	}
}
