package crawltest

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// TestHostileRows: the rows are those of the suite, and stand side by side.
func TestHostileRows(t *testing.T) {
	var ids []string
	for _, r := range Hostile() {
		if r.Behaviour == "" || r.Install == nil || len(r.Seeds) == 0 || slices.Contains(ids, r.ID) {
			t.Errorf("row %s is not whole", r.ID)
		}
		ids = append(ids, r.ID)
	}
	synctest.Test(t, func(t *testing.T) {
		w := NewInMemory(t)
		for _, r := range Hostile() {
			before := len(w.sites)
			r.Install(w)
			if len(w.sites) == before {
				t.Errorf("row %s has no host of its own", r.ID)
			}
		}
	})
	f, err := os.Open(filepath.Join(shareddata.Dir(t), "suites", "hostile-web.tsv"))
	if err != nil {
		t.Skipf("crawltest: %v", err)
	}
	defer f.Close()
	var suite []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if fields := strings.Split(lines.Text(), "\t"); len(fields) > 1 && fields[0] != "group" {
			suite = append(suite, fields[1])
		}
	}
	if !slices.Equal(ids, suite) {
		t.Errorf("%d rows, the suite has %d: %v", len(ids), len(suite), suite)
	}
}
