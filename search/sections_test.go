package search

import (
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
	"github.com/trawlsearch/trawl/section"
)

var sectionSchema = index.Schema{Fields: []index.Field{
	{Name: "url", Kind: index.Stored},
	{Name: "title", Kind: index.Text, Stored: true},
	{Name: "headings", Kind: index.Text},
	{Name: "body", Kind: index.Text, Stored: true},
	{Name: "sections", Kind: index.Stored},
}}

// fetched is the hit of a query on one page, whose places are where its sections
// begin.
func fetched(t *testing.T, query, address, title, body, places string) Hit {
	t.Helper()
	w, err := index.OpenWriter(t.Context(), index.Dir(t.TempDir()), sectionSchema, index.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	put := func(key byte, texts ...string) {
		d := &index.Document{Key: index.Key{key}}
		for f, text := range texts {
			d.Values = append(d.Values, index.Value{Field: f, Text: text})
		}
		if err := w.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	put(1, address, title, "", body, places)
	for i := range byte(20) {
		put(100+i, "http://other.test/", "Other", "", "The table is large.", "")
	}
	if err := w.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	hits := []Hit{{Key: index.Key{1}}}
	if err := Local(live{w}, rank.Default(), Options{}).Fetch(t.Context(), &Request{Query: query}, hits); err != nil {
		t.Fatal(err)
	}
	return hits[0]
}

// page makes a page of sections, each "LEVEL ANCHOR HEADING: TEXT"; no anchor is "-".
func page(list ...string) (body, places string) {
	var parts []section.Section
	for _, line := range list {
		head, text, _ := strings.Cut(line, ": ")
		f := strings.SplitN(head, " ", 3)
		if f[1] == "-" {
			f[1] = ""
		}
		parts = append(parts, section.Section{Level: int(f[0][0] - '0'), Anchor: f[1], Heading: f[2], Text: text})
		body += f[2] + "\n" + text + "\n"
	}
	return body, section.Encode(body, parts)
}

func anchors(h Hit) string {
	var out []string
	for _, s := range h.Sections {
		_, anchor, _ := strings.Cut(s.URL, "#")
		out = append(out, anchor)
	}
	return strings.Join(out, " ")
}

func TestSections(t *testing.T) {
	body, places := page(
		"1 top Vacuum: Cleaning a table.",
		"2 space Free space: It gives the table's space back. Space is precious.",
		"2 wrap Wraparound: Numbers of transactions wrap around after four billion.",
		"3 age Age of a table: A table is old when its transactions are.",
		"4 - Signs of it: The log warns of wraparound.",
		"2 - Loose: Nothing leads here, says the curmudgeon.",
		"2 auto The daemon: It looks at each table and its space, at wraparound, and at transactions.",
		"2 see See also: Nothing of use.",
	)
	for _, c := range []struct{ name, query, want, from string }{
		{"words of a text", "precious", "space", "space"},
		{"words of a heading come first", "wraparound", "wrap age", "wrap"},
		{"of headings and texts", "space daemon", "auto space", "space"},
		{"what is below a section without a place of its own", "warns", "age", "age"},
		{"a section that nothing leads to", "curmudgeon", "", ""},
		{"the page's own title leads to the page", "cleaning", "", ""},
		{"a phrase", `"four billion"`, "wrap", "wrap"},
		{"a word known in part", "transact*", "wrap age auto", "wrap"},
		{"a word that must not be there", "precious -oil", "space", "space"},
		{"nothing of the query", "zebra", "", ""},
	} {
		h := fetched(t, c.query, "http://a.test/x?y=1", "Vacuum", body, places)
		from := ""
		if h.Section != nil {
			_, from, _ = strings.Cut(h.Section.URL, "#")
		}
		if got := anchors(h); got != c.want || from != c.from {
			t.Errorf("%s: %q: sections %q, want %q; snippet from %q, want %q", c.name, c.query, got, c.want, from, c.from)
		}
		for _, s := range h.Sections {
			if len(s.Title) == 0 || len(s.Snippet) == 0 || !strings.HasPrefix(s.URL, "http://a.test/x?y=1#") || len(show(s.Snippet)) > 2*sectionChars {
				t.Errorf("%s: %+v", c.name, s)
			}
		}
		if _, kept := h.Fields["sections"]; kept {
			t.Errorf("%s: the places of sections are among the fields", c.name)
		}
	}
	h := fetched(t, "space", "http://a.test/", "Vacuum", body, places)
	if show(h.Sections[0].Title) != "Free [space]" || !strings.Contains(show(h.Sections[0].Snippet), "table's [space] back") {
		t.Errorf("%+v", h.Sections)
	}
}

// TestSectionsOfOthers: what is no account of sections is a field like any other, and
// what has no address no place to lead to.
func TestSectionsOfOthers(t *testing.T) {
	body, places := page("2 a Alpha: One word.", "2 b Beta: Another word.")
	if h := fetched(t, "word", "", "T", body, places); len(h.Sections) != 0 || h.Section != nil {
		t.Errorf("without an address: %+v", h)
	}
	if h := fetched(t, "word", "http://[bad", "T", body, places); len(h.Sections) != 0 {
		t.Errorf("of a bad address: %+v", h)
	}
	if h := fetched(t, "word", "http://a.test/", "T", body, "Sport\nPolitics"); len(h.Sections) != 0 || h.Fields["sections"] != "Sport\nPolitics" {
		t.Errorf("of a field of that name: %+v", h)
	}
	if h := fetched(t, "word", "http://a.test/", "T", body, ""); len(h.Sections) != 0 || len(h.Snippet) == 0 {
		t.Errorf("of a document of before: %+v", h)
	}
	_, other := page("2 ü%20 Gamma: Other.", "2 b#\" Delta: A word.")
	if h := fetched(t, "one word", "http://a.test/#old", "T", "Gamma\nOther.\nDelta\nA word.", other); len(h.Sections) != 1 || h.Sections[0].URL != "http://a.test/#b%23%22" {
		t.Errorf("an anchor of signs: %+v", h.Sections)
	}
}

// TestManySections: three of many, in the order of what they say, and the places of a
// text that was cut.
func TestManySections(t *testing.T) {
	var list []string
	for i := range 600 {
		list = append(list, "2 a"+strings.Repeat("x", i%7)+strings.Repeat("y", i/7)+" Part: Needle "+strings.Repeat("needle ", i%3)+"and hay.")
	}
	body, places := page(list...)
	h := fetched(t, "needle", "http://a.test/", "T", body, places)
	if len(h.Sections) != MaxSections {
		t.Fatalf("%d sections", len(h.Sections))
	}
	for _, s := range h.Sections {
		if strings.Count(show(s.Snippet), "[") < 3 {
			t.Errorf("not the best: %s", show(s.Snippet))
		}
	}
	h = fetched(t, "needle", "http://a.test/", "T", body[:1000], places)
	if len(h.Sections) != MaxSections {
		t.Errorf("%d sections of a text that was cut", len(h.Sections))
	}
}
