package store

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/ncw/swift/v2"
)

// Credentials are those of the file that all services on the server read, see swift/credentials.ts.
type Credentials struct {
	Auth                        string `json:"auth"`
	AuthURL                     string `json:"authUrl"`
	Username                    string `json:"username"`
	APIKey                      string `json:"apiKey"`
	Region                      string `json:"region"`
	Project                     string `json:"project"`
	ProjectDomain               string `json:"projectDomain"`
	UserDomain                  string `json:"userDomain"`
	Password                    string `json:"password"`
	ApplicationCredentialID     string `json:"applicationCredentialId"`
	ApplicationCredentialSecret string `json:"applicationCredentialSecret"`
}

// ReadCredentials reads the file. Its errors name no value.
func ReadCredentials(file string) (Credentials, error) {
	var c Credentials
	text, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("%s is not valid JSON", file)
	}
	if c.Auth != "v1" && c.Auth != "keystone" {
		return c, fmt.Errorf(`%s: auth must be "v1" or "keystone"`, file)
	}
	if c.AuthURL == "" {
		return c, fmt.Errorf("%s: authUrl is missing", file)
	}
	return c, nil
}

func (c Credentials) connection() *swift.Connection {
	if c.Auth == "v1" {
		return &swift.Connection{AuthVersion: 1, AuthUrl: c.AuthURL, UserName: c.Username, ApiKey: c.APIKey}
	}
	url := strings.TrimSuffix(c.AuthURL, "/")
	if !strings.HasSuffix(url, "/v3") {
		url += "/v3"
	}
	connection := &swift.Connection{AuthVersion: 3, AuthUrl: url, Region: c.Region}
	if c.ApplicationCredentialID != "" {
		connection.ApplicationCredentialId = c.ApplicationCredentialID
		connection.ApplicationCredentialSecret = c.ApplicationCredentialSecret
		return connection
	}
	connection.UserName, connection.ApiKey = c.Username, c.Password
	connection.Domain, connection.Tenant, connection.TenantDomain = orDefault(c.UserDomain), c.Project, orDefault(c.ProjectDomain)
	return connection
}

func orDefault(domain string) string {
	if domain == "" {
		return "Default"
	}
	return domain
}
