package fetch

import (
	"fmt"
	"testing"
	"time"
)

func TestProxyStatusError(t *testing.T) {
	for in, want := range map[string]string{
		"":           "",
		"p":          "",
		"p; error=a": "a",
		"far; error=a, near; next-hop=x; error=b": "b",
		"far; error=a, near":                      "",
		`p; details="; error=a, b"; error=c`:      "c",
		`p; details="\"; error=a"`:                "",
		`p; error=a; error=b`:                     "a",
		`p; error=a; details="no end`:             "a",
		" p ;error=a ":                            "a",
	} {
		if got := proxyStatusError([]string{in}); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := proxyStatusError([]string{"far; error=a", "near; error=b"}); got != "b" {
		t.Errorf("two lines: %q", got)
	}
}

func FuzzProxyStatus(f *testing.F) {
	f.Add(`far; error=a, near; details="x\"y"; error=b`)
	f.Fuzz(func(t *testing.T, line string) {
		if name := proxyStatusError([]string{line}); len(name) > len(line) {
			t.Errorf("%q of %q", name, line)
		}
	})
}

// TestGapsBounded: who misses more origins than are remembered goes on.
func TestGapsBounded(t *testing.T) {
	var h proxyHealth
	now := time.Now()
	for i := range 5 * maxGaps {
		h.missed(fmt.Sprint("http://h", i), now.Add(time.Duration(i)*time.Second))
	}
	if n := len(h.gaps); n > maxGaps {
		t.Errorf("%d origins are remembered, want at most %d", n, maxGaps)
	}
}
