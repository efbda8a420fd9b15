package extract

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html/charset"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

type mimeCase struct {
	Input    string
	Output   *string // null: no type
	Encoding *string // of its charset; null: none
}

// readMIME reads a list of cases, among which strings are remarks.
func readMIME(t *testing.T, path string) []mimeCase {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	var out []mimeCase
	for _, raw := range list {
		if raw[0] == '"' {
			continue
		}
		var c mimeCase
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// WPT's mimesniff: how types are parsed and written.
func TestMIMETypes(t *testing.T) {
	dir := filepath.Join(shareddata.Untar(t, "suites/mimesniff.tar.xz"), "mimesniff")
	for _, suite := range []struct {
		file string
		n    int
	}{{"mime-types.json", 74}, {"generated-mime-types.json", 881}} {
		cases, passed := readMIME(t, filepath.Join(dir, suite.file)), 0
		for _, c := range cases {
			m, ok := parseMIME(c.Input)
			name := ""
			if _, found := charset.Lookup(m.param("charset")); found != "" {
				name = found
			}
			switch {
			case ok != (c.Output != nil):
				t.Errorf("%q: a type: %v", c.Input, ok)
			case ok && m.String() != *c.Output:
				t.Errorf("%q: got %q, want %q", c.Input, m.String(), *c.Output)
			case ok && c.Encoding != nil && !strings.EqualFold(name, *c.Encoding):
				t.Errorf("%q: got encoding %q, want %q", c.Input, name, *c.Encoding)
			default:
				passed++
			}
		}
		t.Logf("%s: %d of %d pass", suite.file, passed, len(cases))
		if len(cases) != suite.n {
			t.Errorf("%s: %d cases, want %d", suite.file, len(cases), suite.n)
		}
	}
}

func FuzzMIME(f *testing.F) {
	f.Add(`text/html;charset="gbk\"`)
	f.Add("x/x;x=\xff;;a=b")
	f.Fuzz(func(t *testing.T, s string) {
		m, ok := parseMIME(s)
		if !ok {
			return
		}
		again, ok := parseMIME(m.String())
		if !ok || again.String() != m.String() {
			t.Errorf("%q: got %q, then %q", s, m.String(), again.String())
		}
	})
}
