package weburl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// wptCase is a case of urltestdata.json; a nil Output of the IDNA files means
// failure.
type wptCase struct {
	Input, Base, Href, Origin, Protocol, Username, Password *string
	Host, Hostname, Port, Pathname, Search, Hash            *string
	Failure                                                 bool
	Output                                                  json.RawMessage
	Comment                                                 string
}

func readWPT(t *testing.T, name string) []wptCase {
	dir := shareddata.Untar(t, "suites/url-wpt.tar.xz")
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		found, _ := filepath.Glob(filepath.Join(dir, "*", name))
		if len(found) == 0 {
			t.Fatal(err)
		}
		if data, err = os.ReadFile(found[0]); err != nil {
			t.Fatal(err)
		}
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	var cases []wptCase
	for _, r := range raw {
		if r[0] != '{' {
			continue // a comment
		}
		var c wptCase
		if err := json.Unmarshal(r, &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	return cases
}

func prefixed(mark, s string) string {
	if s == "" {
		return ""
	}
	return mark + s
}

func hostnameWithBrackets(u URL) string { return u.href[u.host:u.hostEnd] }

// differs says how u is not what a case wants; "" if it is.
func (c *wptCase) differs(u URL, err error) string {
	if c.Failure {
		if err == nil {
			return "accepted as " + u.String()
		}
		return ""
	}
	if err != nil {
		return err.Error()
	}
	for _, f := range []struct {
		name, got string
		want      *string
	}{
		{"href", u.String(), c.Href},
		{"origin", u.Origin(), c.Origin},
		{"protocol", u.Scheme() + ":", c.Protocol},
		{"username", u.Username(), c.Username},
		{"password", u.Password(), c.Password},
		{"host", u.Host(), c.Host},
		{"hostname", hostnameWithBrackets(u), c.Hostname},
		{"port", u.Port(), c.Port},
		{"pathname", u.Path(), c.Pathname},
		{"search", prefixed("?", u.Query()), c.Search},
		{"hash", prefixed("#", u.Fragment()), c.Hash},
	} {
		if f.want != nil && *f.want != f.got {
			return f.name + " is " + f.got + ", want " + *f.want
		}
	}
	return ""
}

func TestWPT(t *testing.T) {
	for _, name := range []string{"urltestdata.json", "urltestdata-javascript-only.json"} {
		cases := readWPT(t, name)
		passed, web, webPassed := 0, 0, 0
		for _, c := range cases {
			var u URL
			var err error
			if c.Base != nil {
				if u, err = Parse(*c.Base); err == nil {
					u, err = u.Join(*c.Input)
				}
			} else {
				u, err = Parse(*c.Input)
			}
			isWeb := strings.HasPrefix(*c.Input, "http") || c.Base != nil && strings.HasPrefix(*c.Base, "http")
			if isWeb {
				web++
			}
			if diff := c.differs(u, err); diff != "" {
				t.Errorf("%s: %q on %v: %s", name, *c.Input, c.Base, diff)
				continue
			}
			passed++
			if isWeb {
				webPassed++
			}
			checkStable(t, u, err)
		}
		t.Logf("%s: %d/%d, of them http and https %d/%d", name, passed, len(cases), webPassed, web)
	}
}

// checkStable holds the promise that what String writes Parse reads.
func checkStable(t *testing.T, u URL, err error) {
	t.Helper()
	if err != nil {
		return
	}
	for _, u := range []URL{u, u.Page()} {
		again, err := Parse(u.String())
		if err != nil || again != u {
			t.Errorf("%q does not parse to itself: %+v, %+v, %v", u.String(), u, again, err)
		}
	}
	if p := u.Page(); p.Username()+p.Password()+p.Fragment() != "" || p.Host() != u.Host() || p.Target() != u.Target() {
		t.Errorf("Page of %q is %q", u.String(), p.String())
	}
}

const unicode17 = "an ideograph of extension J (Unicode 17); x/net/idna has Unicode 15.0 until Go 1.27"

// idnaAllowed lists by input the cases that fail, and why we let them.
var idnaAllowed = map[string]string{
	"":                      "an empty host is refused before any IDNA processing",
	"\U0003293120.音.ꡦ1.":    unicode17,
	"\U00032b9a9ꍩ\u17d3.ss": unicode17,
	"\U00032b9a9ꍩ\u17d3.SS": unicode17,
}

func TestWPTToASCII(t *testing.T) {
	for _, name := range []string{"toascii.json", "IdnaTestV2.json"} {
		cases := readWPT(t, name)
		passed, allowed := 0, 0
		for _, c := range cases {
			var want *string
			if err := json.Unmarshal(c.Output, &want); err != nil {
				t.Fatal(err)
			}
			u, err := Parse("https://" + *c.Input + "/x")
			if *c.Input == "" {
				u, err = URL{}, ErrHost // "https:///x" would have the host x
			}
			ok := want == nil && err != nil || want != nil && err == nil && u.Host() == *want && *c.Input != ""
			if ok {
				passed++
				checkStable(t, u, err)
				continue
			}
			if idnaAllowed[*c.Input] != "" {
				allowed++
				continue
			}
			t.Errorf("%s: %q is %q, %v, want %s (%s)", name, *c.Input, u.Host(), err, c.Output, c.Comment)
		}
		t.Logf("%s: %d/%d (%d allowed to fail)", name, passed, len(cases), allowed)
	}
}

func TestWPTPercentEncoding(t *testing.T) {
	passed := 0
	cases := readWPT(t, "percent-encoding.json")
	for _, c := range cases {
		var want map[string]string
		if err := json.Unmarshal(c.Output, &want); err != nil {
			t.Fatal(err)
		}
		u, err := Parse("https://example.com/?" + *c.Input + "#" + *c.Input)
		if err != nil || u.Query() != want["utf-8"] && want["utf-8"] != "" {
			t.Errorf("%q is %q, %v, want %q", *c.Input, u.Query(), err, want["utf-8"])
			continue
		}
		passed++
	}
	t.Logf("percent-encoding.json, utf-8: %d/%d", passed, len(cases))
}
