package extract

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html/charset"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// The files of chardet, by their bytes alone. A file passes if its text comes
// out as its own encoding would have it; those of encodings that the standard
// has no decoder for, on purpose, can not.
func TestChardet(t *testing.T) {
	dir := filepath.Join(shareddata.Untar(t, "suites/chardet.tar.xz"), "chardet")
	cases := readJSONL[struct{ File, Encoding string }](t, filepath.Join(dir, "cases.jsonl"))
	passed, beyond, wrong := 0, 0, map[string]int{}
	for _, c := range cases {
		body, err := os.ReadFile(filepath.Join(dir, "files", filepath.FromSlash(c.File)))
		if err != nil {
			t.Fatal(err)
		}
		label := strings.ToLower(c.Encoding)
		if standard, ok := standardNames[label]; ok {
			label = standard
		}
		switch label {
		case "utf-8-sig":
			label = "utf-8"
		case "utf-16":
			label = map[string]string{"\xFF\xFE": "utf-16le", "\xFE\xFF": "utf-16be"}[string(body[:2])]
		}
		e, name := charset.Lookup(label)
		text, got := decode(body, "", false)
		switch {
		case name == "" || name == "replacement":
			beyond++
			wrong[c.Encoding+", which has no decoder"]++
			continue
		case name == got:
			passed++
			continue
		}
		want, err := e.NewDecoder().Bytes(body)
		if err == nil && bytes.Equal(want, text) {
			passed++
			continue
		}
		wrong[fmt.Sprintf("%s as %s", c.Encoding, got)]++
	}
	var list []string
	for pair, n := range wrong {
		list = append(list, fmt.Sprintf("%3d %s", n, pair))
	}
	slices.SortFunc(list, func(a, b string) int { return strings.Compare(b, a) })
	t.Logf("%d of %d pass, %d of them in encodings of the standard (%.1f %% of %d); not:\n%s",
		passed, len(cases), passed, 100*float64(passed)/float64(len(cases)-beyond), len(cases)-beyond, strings.Join(list, "\n"))
	if passed < 373 {
		t.Errorf("%d pass, want 373 at least", passed)
	}
}
