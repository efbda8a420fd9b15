package bus

import (
	"fmt"
	"strings"
)

// maxNameBytes bounds an encoded name: a stream's name is a directory's, 255
// bytes at most, and has a prefix.
const maxNameBytes = 200

// encode makes any name a token of a NATS subject, a stream's name and a key
// of a bucket: letters, digits, _ and - stand for themselves, every other byte
// is =XX in hexadecimal. So "a.b" is "a=2Eb", and two names never meet.
func encode(name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("bus: empty name")
	}
	var s strings.Builder
	for i := range len(name) {
		c := name[i]
		if c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			s.WriteByte(c)
		} else {
			fmt.Fprintf(&s, "=%02X", c)
		}
	}
	if s.Len() > maxNameBytes {
		return "", fmt.Errorf("bus: name %.40q… is too long: %d bytes of %d", name, s.Len(), maxNameBytes)
	}
	return s.String(), nil
}

// decode undoes encode. What encode never wrote is not ok.
func decode(token string) (name string, ok bool) {
	var s strings.Builder
	for i := 0; i < len(token); i++ {
		if token[i] != '=' {
			s.WriteByte(token[i])
			continue
		}
		if i+2 >= len(token) {
			return "", false
		}
		hi, lo := hexDigit(token[i+1]), hexDigit(token[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		s.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	again, err := encode(s.String())
	return s.String(), err == nil && again == token
}

func hexDigit(c byte) int { return strings.IndexByte("0123456789ABCDEF", c) }
