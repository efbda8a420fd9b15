package convert

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/extract/convert/pdf"
	"github.com/trawlsearch/trawl/internal/shareddata"
)

// TestPDFSections: pages are sections, divided at the titles of the outline.
func TestPDFSections(t *testing.T) {
	b := newBuilder(Options{}.withDefaults())
	readPDF(b, &pdf.File{
		Title: "Microsoft Word - final.doc", LargestLine: "On Frontiers", Author: "Ada", Lang: "en", PageCount: 3, Links: []string{"http://a.test/"},
		Pages: []string{"On Frontiers\nForeword text.", "End of foreword.\n1.2 Leases and\nTimes are bounded.\nHEAPS hold the rest.", "Not in the outline."},
		Outline: []pdf.Entry{{Level: 1, Title: "Foreword", Page: 1}, {Level: 1, Title: "Leases and times", Page: 2}, {Level: 9, Title: "Heaps", Page: 2},
			{Level: 2, Title: "Nowhere to be found", Page: 2}, {Level: 1, Title: "No page", Page: 0}, {Level: 1, Title: "Cut off", Page: 9}},
		Truncated: true, Why: "parse-limit: 3 pages",
	})
	d := b.finish("final.pdf")
	want := []Section{
		{0, "", "page=1", "On Frontiers"}, {1, "Foreword", "page=1", "text."},
		{0, "", "page=2", "End of foreword."}, {1, "Leases and times", "page=2", "are bounded."},
		{6, "Heaps", "page=2", ""}, {2, "Nowhere to be found", "page=2", "hold the rest."},
		{0, "", "page=3", "Not in the outline."},
	}
	if !reflect.DeepEqual(d.Sections, want) {
		t.Errorf("sections\n%+v, want\n%+v", d.Sections, want)
	}
	if d.Title != "On Frontiers" || d.Author != "Ada" || d.Pages != 3 || d.Why != "parse-limit: 3 pages" || len(d.Links) != 1 {
		t.Errorf("%+v", d)
	}
}

// TestPDFSectionsHostile: a page of many titles that all nearly match.
func TestPDFSectionsHostile(t *testing.T) {
	f := &pdf.File{PageCount: 1, Pages: []string{strings.Repeat("a", maxFindPage)}}
	for range 1000 {
		f.Outline = append(f.Outline, pdf.Entry{Level: 1, Title: strings.Repeat("a", 199) + "b", Page: 1})
	}
	start := time.Now()
	readPDF(newBuilder(Options{}.withDefaults()), f)
	if took := time.Since(start); took > 20*time.Second {
		t.Error(took)
	}
}

// TestReal reads the PDF and the EPUB of one manual, made by others' tools of
// the same source: what one has the other has too.
func TestReal(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("no dpkg-deb to unpack Debian packages with")
	}
	debs, _ := filepath.Glob(filepath.Join(shareddata.Dir(t), "data", "debs", "debian-policy*.deb"))
	if len(debs) == 0 {
		t.Skip("no debian-policy in shared/data/debs")
	}
	dir := t.TempDir()
	if out, err := exec.Command("dpkg-deb", "-x", debs[0], dir).CombinedOutput(); err != nil {
		t.Skipf("dpkg-deb: %v: %s", err, out)
	}
	doc := filepath.Join(dir, "usr", "share", "doc", "debian-policy")
	if err := exec.Command("gunzip", filepath.Join(doc, "policy.pdf.gz")).Run(); err != nil {
		t.Skip(err)
	}
	r := New(Options{MaxTime: time.Minute})
	defer r.Close()
	var texts [2]map[string]int
	for i, name := range []string{"policy.pdf", "policy.epub"} {
		body, err := os.ReadFile(filepath.Join(doc, name))
		if err != nil {
			t.Skip(err)
		}
		mt := Sniff("application/octet-stream", name, body[:4096])
		start := time.Now()
		d, err := r.Read(context.Background(), mt, name, body)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = map[string]int{}
		headings, chars := 0, 0
		for _, s := range d.Sections {
			if s.Heading != "" {
				headings++
			}
			for _, w := range strings.Fields(s.Heading + " " + s.Text) {
				texts[i][w]++
			}
			chars += len(s.Text)
		}
		t.Logf("%s as %s: %v, title %q, %d sections, %d headings, %d bytes of text, %d links, %q", name, mt, time.Since(start).Round(time.Millisecond), d.Title, len(d.Sections), headings, chars, len(d.Links), d.Why)
		if !strings.Contains(d.Title, "Debian Policy Manual") || headings < 300 || len(d.Links) < 40 || d.Truncated {
			t.Errorf("%s: title %q, %d headings, %d links", name, d.Title, headings, len(d.Links))
		}
	}
	var common, all int
	for w, n := range texts[0] {
		common += min(n, texts[1][w])
		all += n
	}
	for _, n := range texts[1] {
		all += n
	}
	f1 := 2 * float64(common) / float64(all)
	t.Logf("words of the PDF and of the EPUB: F1 %.3f", f1)
	if f1 < .85 { // the PDF has running heads and page numbers
		t.Errorf("F1 %.3f", f1)
	}
}

func TestCancelled(t *testing.T) {
	r := New(Options{})
	defer r.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	big := docxOf(strings.Repeat("<w:p><w:r><w:t>word</w:t></w:r></w:p>", 10_000))
	for mt, body := range map[string][]byte{typeDocx: big, typePDF: []byte("%PDF-1.7")} {
		if d, err := r.Read(ctx, mt, "", body); d != nil || err == nil || !strings.Contains(err.Error(), "canceled") {
			t.Errorf("%s: %v, %v", mt, d, err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	r := New(Options{})
	defer r.Close()
	var md bytes.Buffer
	for i := range 200 {
		fmt.Fprintf(&md, "## Heading %d\n\nSome *text* with [a link](http://a.test/%d) and `code`.\n\n- an item\n- another\n\n", i, i)
	}
	var paras strings.Builder
	for i := range 2000 {
		paras.WriteString(wp("", fmt.Sprintf("Paragraph %d of a document, with some words in it, so that it is like others.", i)))
	}
	for _, c := range []struct {
		name, mediaType string
		body            []byte
	}{{"docx", typeDocx, docxOf(paras.String())}, {"markdown", "text/markdown", md.Bytes()}} {
		b.Run(c.name, func(b *testing.B) {
			d, _ := r.Read(context.Background(), c.mediaType, "", c.body)
			size := 0
			for _, s := range d.Sections {
				size += len(s.Text)
			}
			b.SetBytes(int64(size)) // of text
			for b.Loop() {
				if _, err := r.Read(context.Background(), c.mediaType, "", c.body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
