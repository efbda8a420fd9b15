package extract

import (
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/weburl"
)

func TestStuffing(t *testing.T) {
	u, err := weburl.Parse("http://a.test/")
	if err != nil {
		t.Fatal(err)
	}
	prose := strings.Repeat("A search engine finds the pages that people look for, and tells why it thinks so. ", 8)
	for _, c := range []struct {
		name, p string
		flagged bool
	}{
		{"one word", strings.Repeat("casino ", 200), true},
		{"five words", strings.Repeat("cheap best online casino bonus ", 60), true},
		{"prose that repeats itself", prose, false},
		{"a short one", strings.Repeat("ho ", 30), false},
		{"numbers", strings.Repeat("0 1 0 0 1 1 0 ", 3), false},
	} {
		p := HTML(u, nil, []byte("<title>T</title><main><p>"+prose+"</p><p>"+c.p+"</p></main>"), Options{})
		if p.HiddenText != c.flagged || strings.Contains(p.Body, strings.TrimSpace(c.p)) == c.flagged || c.flagged && !strings.Contains(p.Hidden, strings.TrimSpace(c.p)) {
			t.Errorf("%s: flagged %v, body %.80q", c.name, p.HiddenText, p.Body)
		}
	}
}
