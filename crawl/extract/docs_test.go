package extract

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// unpack puts the documentation of a Debian package into a folder of the test.
func unpack(t *testing.T, name string) string {
	t.Helper()
	debs, err := filepath.Glob(filepath.Join(shareddata.Dir(t), "data", "debs", name+"_*.deb"))
	if err != nil || len(debs) == 0 {
		t.Skipf("no package %s in shared/data/debs", name)
	}
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("dpkg-deb is not installed")
	}
	dir := t.TempDir()
	if out, err := exec.Command("dpkg-deb", "-x", debs[0], dir).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb: %v: %s", err, out)
	}
	return dir
}

// Pages of five documentation generators (DocBook, Apache's own, AsciiDoc,
// Sphinx, SQLite's own) must keep their prose: a rule that serves news must not
// cost a manual its text.
func TestDocumentationKeepsItsProse(t *testing.T) {
	for _, c := range []struct {
		deb   string
		pages int
		floor float64 // share of prose bytes kept; reached when set: .995, .989, .997, .999, .993
	}{
		{"postgresql-doc-15", 1100, .99}, {"apache2-doc", 820, .98}, {"git-doc", 240, .99}, {"debian-policy", 40, .99}, {"sqlite3-doc", 760, .985},
	} {
		t.Run(c.deb, func(t *testing.T) {
			if testing.Short() {
				t.Skip("reads thousands of pages")
			}
			var pages, kept, all int
			walkPages(t, unpack(t, c.deb), func(name string, body []byte) {
				text, _ := decode(body, "", true)
				o := scan(text, scanOptions{links: 20_000, elems: defaultMaxElems, attr: defaultMaxAttr, agent: "Trawl"})
				o.markNav()
				kinds := o.classify()
				for i, r := range o.runs {
					n := int(o.runScore(r))
					all += n
					if kinds[i] == mainText {
						kept += n
					}
				}
				pages++
			})
			share := float64(kept) / float64(max(all, 1))
			t.Logf("%d pages, %.4f of the prose kept", pages, share)
			if pages < c.pages || share < c.floor {
				t.Errorf("kept %.4f of the prose of %d pages, want %.3f of %d", share, pages, c.floor, c.pages)
			}
		})
	}
}

// Navigation around the text of PostgreSQL's manual: tables of Prev, Up, Home,
// Next above and below it, which must not reach the main text.
func TestDocumentationLosesItsNavigation(t *testing.T) {
	pages, bad, noTitle, noAnchor := 0, 0, 0, 0
	walkPages(t, unpack(t, "postgresql-doc-15"), func(name string, body []byte) {
		p, ok := Document(mustURL(t, "http://docs.test/"+filepath.Base(name)), nil, body, Options{})
		if !ok {
			t.Errorf("%s: not read: %s", name, p.MediaType)
			return
		}
		pages++
		if strings.Contains(p.Body, "Prev Up") || strings.HasSuffix(p.Body, "Next") {
			bad++
			t.Logf("%s: navigation in the main text", filepath.Base(name))
		}
		if p.Title == "" {
			noTitle++
		}
		if len(p.Headings) > 0 && p.Headings[0].Anchor == "" {
			noAnchor++
		}
	})
	t.Logf("%d pages, %d with navigation, %d without title, %d whose first heading has no anchor", pages, bad, noTitle, noAnchor)
	if pages < 1100 || bad > 0 || noTitle > 0 || noAnchor*20 > pages {
		t.Error("want no page with navigation or without title, and anchors on 19 of 20")
	}
}

func walkPages(t *testing.T, dir string, visit func(name string, body []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(path) != ".html" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		visit(path, body)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
