package convert

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

const laughs = `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY xxe SYSTEM "file:///etc/passwd">]>`

// TestHostileOffice: no bomb costs more than a few seconds, and each has a class.
// The clock is the wall's, on a machine that may be busy.
func TestHostileOffice(t *testing.T) {
	r := New(Options{})
	defer r.Close()
	for _, c := range []struct {
		name string
		body []byte
		want string // "": read, with Why empty; else what the error or Why begins with
	}{
		{"300 MB in 300 KB", docxOf(wp("", strings.Repeat("a", 300<<20))), "parse-limit"},
		{"many paragraphs", docxOf(strings.Repeat("<w:p><w:r><w:t>boom</w:t></w:r></w:p>", 2_000_000)), "parse-limit"},
		{"empty elements", docxOf(strings.Repeat("<w:x/>", 5_000_000)), "parse-limit"},
		{"attributes", docxOf("<w:p " + strings.Repeat(`a="" `, 1_000_000) + "/>"), "parse-limit"},
		{"long text", docxOf(wp("", strings.Repeat("word ", 2_000_000))), "parse-limit"},
		{"deep nesting", docxOf(strings.Repeat("<w:sdt>", 100_000)), "parse-limit"},
		{"100,000 entries", manyEntries(100_000), "parse-limit"},
		{"lying count", lyingCount(), "parse-limit"},
		{"billion laughs", ooxml("word/document.xml", "word/document.xml", laughs+`<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>&c;&xxe;</w:t></w:r></w:p></w:body></w:document>`), "parse-limit"},
		{"laughs in properties", zipped("[Content_Types].xml", "<Types/>", "_rels/.rels", laughs+relsHead+"</Relationships>"), "parse-limit"},
		{"shared string amplified", amplified(), "parse-limit"},
		{"relationships in a ring", ooxml("_rels/.rels"), "unsupported"},
		{"repeated cells", odsFile, ""},
		{"unclosed", docxOf(wp("", "kept") + "<w:p>"), "damaged"},
		{"laughs in a chapter", zipped("mimetype", typeEPUB, "META-INF/container.xml", `<c><rootfile full-path="b.opf"/></c>`,
			"b.opf", `<p><item id="1" href="a.xhtml" media-type="text/html"/><itemref idref="1"/></p>`, "a.xhtml", laughs+"<p>&c;</p>"), ""},
		{"tags never closed", zipped("mimetype", typeEPUB, "META-INF/container.xml", `<c><rootfile full-path="b.opf"/></c>`,
			"b.opf", `<p><item id="1" href="a.xhtml" media-type="text/html"/><itemref idref="1"/></p>`, "a.xhtml", "x<a "+strings.Repeat("b=c ", 1_000_000)), "parse-limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			d, err := r.Read(context.Background(), typeDocx, "", c.body)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			got := Class(err)
			if err == nil {
				got, _, _ = strings.Cut(d.Why, ":")
			}
			t.Logf("%d bytes: %v, %d MB allocated in all, %v", len(c.body), took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, err)
			if got != c.want {
				t.Errorf("class %q, want %q", got, c.want)
			}
			if took > 30*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestZipLimits: the limits of a zip are those that are set.
func TestZipLimits(t *testing.T) {
	small := docxOf(wp("", strings.Repeat("some words ", 1000)))
	for name, c := range map[string]struct {
		opt  Options
		want string
	}{
		"none":    {Options{}, ""},
		"entries": {Options{MaxEntries: 1}, "parse-limit"},
		"decoded": {Options{MaxDecoded: 1000}, "parse-limit"},
		"bytes":   {Options{MaxBytes: 100}, "parse-limit"},
	} {
		r := New(c.opt)
		defer r.Close()
		d, err := r.Read(t.Context(), typeDocx, "", small)
		got := Class(err)
		if err == nil {
			got, _, _ = strings.Cut(d.Why, ":")
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	r := New(Options{MaxEntries: 100_000})
	defer r.Close()
	if _, err := r.Read(t.Context(), typeDocx, "", manyEntries(2000)); Class(err) == "parse-limit" {
		t.Errorf("2,000 entries of 100,000: %v", err)
	}
}

func manyEntries(n int) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range n {
		_, _ = w.Create(fmt.Sprint("word/", i))
	}
	_ = w.Close()
	return b.Bytes()
}

// lyingCount claims one entry in a directory of 70,000.
func lyingCount() []byte {
	b := manyEntries(60_000)
	binary.LittleEndian.PutUint16(b[len(b)-14:], 1)
	binary.LittleEndian.PutUint16(b[len(b)-12:], 1)
	return b
}

// amplified has one string of 1 MB and 100,000 cells that show it.
func amplified() []byte {
	return ooxml("xl/workbook.xml", "xl/workbook.xml", `<workbook xmlns:r="elationships"><sheets><sheet name="S" r:id="a"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", relsHead+rel("a", "worksheet", "s.xml", "")+rel("t", "sharedStrings", "ss.xml", "")+"</Relationships>",
		"xl/ss.xml", "<sst><si><t>"+strings.Repeat("x", 1_000_000)+"</t></si></sst>",
		"xl/s.xml", "<worksheet>"+strings.Repeat(`<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>`, 50_000)+"</worksheet>")
}

// TestCutOffice reads small files cut off at each byte, and with one byte or a
// few of them changed: an error or a document, never a panic.
func TestCutOffice(t *testing.T) {
	r := New(Options{})
	defer r.Close()
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, c := range officeCases {
		for n := range c.body {
			check(t, r, c.mediaType, c.body[:n])
		}
		for range 300 {
			b := bytes.Clone(c.body)
			for range 1 + rng.IntN(4) {
				b[rng.IntN(len(b))] = byte(rng.IntN(256))
			}
			check(t, r, c.mediaType, b)
			if t.Failed() {
				t.Fatalf("%s: seed %d", c.name, seed)
			}
		}
	}
}

// check holds what is true of any body.
func check(t *testing.T, r *Reader, mediaType string, body []byte) {
	t.Helper()
	d, err := r.Read(context.Background(), mediaType, "", body)
	if (d == nil) == (err == nil) {
		t.Fatalf("%v and %v", d, err)
	}
	if err != nil {
		if Class(err) == "" {
			t.Fatalf("an error of no class: %v", err)
		}
		return
	}
	if d.Truncated != (d.Why != "") {
		t.Fatalf("truncated %v, why %q", d.Truncated, d.Why)
	}
	size := 0
	for _, s := range d.Sections {
		size += len(s.Text)
		if s.Level < 0 || s.Level > 6 || s.Heading == "" && s.Text == "" {
			t.Fatalf("section %+v", s)
		}
	}
	if size > r.opt.MaxText || len(d.Links) > r.opt.MaxLinks {
		t.Fatalf("%d bytes of text, %d links", size, len(d.Links))
	}
}

// TestCutParts damages the parts themselves, which the checksums of zip keep
// from most damage to the file.
func TestCutParts(t *testing.T) {
	r := New(Options{})
	defer r.Close()
	body := "<w:p><w:pPr><w:pStyle w:val=\"berschrift1\"/></w:pPr><w:r><w:t>One &amp; all</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"
	for n := range body {
		check(t, r, typeDocx, docxOf(body[:n]))
		check(t, r, odfPrefix+"text", odf("text", body[:n]))
	}
}

func FuzzOffice(f *testing.F) {
	for _, c := range officeCases {
		f.Add(c.body)
	}
	r := New(Options{MaxText: 1 << 20})
	f.Fuzz(func(t *testing.T, body []byte) { check(t, r, typeDocx, body) })
}

// FuzzParts puts what it finds into each part that is read.
func FuzzParts(f *testing.F) {
	f.Add(wp("berschrift1", "One"), uint8(0))
	f.Add("<row><c t=\"s\"><v>0</v></c></row>", uint8(1))
	f.Add("<draw:page><text:p>x</text:p></draw:page>", uint8(2))
	f.Add("<p>x<td>y</p>", uint8(3))
	r := New(Options{MaxText: 1 << 20})
	f.Fuzz(func(t *testing.T, part string, which uint8) {
		var body []byte
		switch which % 5 {
		case 0:
			body = docxOf(part)
		case 1:
			body = ooxml("xl/workbook.xml", "xl/workbook.xml", `<workbook xmlns:r="elationships"><sheets><sheet name="S" r:id="a"/></sheets></workbook>`,
				"xl/_rels/workbook.xml.rels", relsHead+rel("a", "worksheet", "s.xml", "")+rel("t", "sharedStrings", "s.xml", "")+rel("y", "styles", "s.xml", "")+"</Relationships>",
				"xl/s.xml", part)
		case 2:
			body = odf("presentation", part)
		case 3:
			body = zipped("mimetype", typeEPUB, "META-INF/container.xml", `<c><rootfile full-path="b.opf"/></c>`,
				"b.opf", `<p><item id="1" href="a.xhtml" media-type="text/html"/><itemref idref="1"/></p>`, "a.xhtml", part)
		case 4:
			body = ooxml("ppt/p.xml", "ppt/p.xml", `<presentation xmlns:r="elationships"><sldId r:id="a"/></presentation>`,
				"ppt/_rels/p.xml.rels", relsHead+rel("a", "slide", "s.xml", "")+"</Relationships>", "ppt/s.xml", "<p:sld>"+part+"</p:sld>")
		}
		check(t, r, typeDocx, body)
	})
}
