package fetch

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
)

// Masked stands where a secret stood: in logs, in errors, in the header of a
// request that is kept.
const Masked = "***"

// A Secret is a text that nothing prints: fmt, slog, encoding/json and yaml
// write Masked, also where it is a field of what they print. Reveal gives the
// text. The zero Secret is empty.
type Secret struct {
	text *string // a pointer, which fmt does not follow in an unexported field
}

// NewSecret hides a text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal gives the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero tells whether the text is empty.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

func (s Secret) String() string { return Masked }

// Format is for all verbs, %#v and %x too.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, Masked) }

func (s Secret) LogValue() slog.Value         { return slog.StringValue(Masked) }
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + Masked + `"`), nil }
func (s Secret) MarshalText() ([]byte, error) { return []byte(Masked), nil }

// UnmarshalText takes a text over.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// mask hides the values of the fields that also stand in secret, and returns a
// header of its own: h may still be read by the transport.
func mask(h, secret http.Header) http.Header {
	if len(secret) == 0 {
		return h
	}
	h = h.Clone()
	for name := range secret {
		if _, ok := h[name]; ok {
			h[name] = []string{Masked}
		}
	}
	return h
}
