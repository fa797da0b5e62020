package guard

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"math"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Hash is a password's hash as `npm run new-author` writes it: $scrypt$ln=15,r=8,p=1$SALT$KEY, the form of Passlib.
type Hash struct {
	ln, r, p  int
	salt, key []byte
}

// What one check may cost: memory is 128 * r * 2^ln bytes.
const maxHashBytes = 256 << 20

// ParseHash reads a hash. Its error does not name it.
func ParseHash(text string) (Hash, error) {
	var h Hash
	fields := strings.Split(text, "$")
	if len(fields) != 5 || fields[0] != "" || fields[1] != "scrypt" {
		return h, fmt.Errorf("must be a scrypt hash ($scrypt$ln=…,r=…,p=…$…$…): make one with npm run new-author")
	}
	if _, err := fmt.Sscanf(fields[2], "ln=%d,r=%d,p=%d", &h.ln, &h.r, &h.p); err != nil {
		return h, fmt.Errorf("the scrypt parameters are not ln=…,r=…,p=…")
	}
	if h.ln < 10 || h.ln > 24 || h.r < 1 || h.p < 1 || h.p > 16 || 128*float64(h.r)*math.Pow(2, float64(h.ln)) > maxHashBytes {
		return h, fmt.Errorf("the scrypt parameters are out of range")
	}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.DecodeString(fields[3])
	h.key, err2 = base64.RawStdEncoding.DecodeString(fields[4])
	if err1 != nil || err2 != nil || len(h.salt) < 8 || len(h.key) < 16 {
		return h, fmt.Errorf("salt or key of the scrypt hash is damaged")
	}
	return h, nil
}

func (h Hash) matches(password string) bool {
	key, err := scrypt.Key([]byte(password), h.salt, 1<<h.ln, h.r, h.p, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1
}

// unknown is compared with where there is no account of a name, so that this takes as long.
var unknown = Hash{ln: 15, r: 8, p: 1, salt: []byte("there is no such account"), key: make([]byte, 32)}
