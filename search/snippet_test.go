package search

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
)

// show writes spans with their marks in brackets.
func show(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Mark {
			b.WriteString("[" + s.Text + "]")
			continue
		}
		b.WriteString(s.Text)
	}
	return b.String()
}

func markerOf(text string) *marker {
	return newMarker(newPlan(&Request{Query: text}, testSchema, rank.Default()))
}

func TestSnippet(t *testing.T) {
	check := func(query, text, want string) {
		t.Helper()
		if got := show(snippet(markerOf(query), analysis.For("en"), text)); got != want {
			t.Errorf("snippet of %s in %.80q\n got %s\nwant %s", query, text, got, want)
		}
	}
	filler := strings.Repeat("Here the text goes on about this and that without an end in sight. ", 5)

	check("vacuum", "", "")
	check("vacuum", "VACUUM reclaims storage. It is good.", "[VACUUM] reclaims storage. It is good.")
	check("vacuum", "Nothing of the kind. Or so.", "Nothing of the kind. Or so.")
	check("vacuum", filler+"Then vacuuming begins, e.g. by hand, and it takes a while until all of it is done and everybody goes home to a good dinner. "+filler,
		"… Then [vacuuming] begins, e.g. by hand, and it takes a while until all of it is done and everybody goes home to a good dinner.")
	check("vacuum table", "One vacuum is here and it stands alone in the room of the old house. "+filler+"A table follows there, which is made of wood and of glass and of iron.",
		"One [vacuum] is here and it stands alone in the room of the old house. … A [table] follows there, which is made of wood and of glass and of iron.")
	check("vacuum table", "A vacuum.\nThe vacuum of a table.\n"+filler,
		"A [vacuum]. The [vacuum] of a [table]. Here the text goes on about this and that without an end in sight.")
	check("x -vacuum", "A vacuum and x.", "A vacuum and [x].")
	check("vac*", "A vacuum and a vacancy.", "A [vacuum] and a [vacancy].")
	check(`"the table"`, "The table is the best.", "[The] [table] is [the] best.")
	check("the table", "The table is the best.", "The [table] is the best.")
	check("搜索", "全文搜索引擎。它很快。", "全文[搜索]引擎。 它很快。")
	check("end", "a\n\n  b   c\tend \n", "a b c [end]")

	long := strings.Repeat("word ", 200) + "vacuum " + strings.Repeat("word ", 200)
	got := show(snippet(markerOf("vacuum"), analysis.For("en"), long))
	if n := utf8.RuneCountInString(got); n > SnippetChars+10 || !strings.Contains(got, "[vacuum]") || !strings.HasPrefix(got, "…word") && !strings.HasPrefix(got, "… word") {
		t.Errorf("a long sentence is cut to %d characters: %s", n, got)
	}
}

func FuzzSnippet(f *testing.F) {
	f.Add("a b*", "A b. C a!\n\nd e\u3000f")
	f.Add("搜索", "全文搜索引擎。它很快。")
	f.Add("x", strings.Repeat("y", 400)+" x")
	f.Fuzz(func(t *testing.T, query, text string) {
		m := markerOf(query)
		for _, a := range []*analysis.Analyzer{analysis.For("en"), analysis.For("de")} {
			chars := 0
			for _, s := range snippet(m, a, text) {
				if s.Text == "" || !utf8.ValidString(s.Text) && utf8.ValidString(text) {
					t.Fatalf("bad span %q", s.Text)
				}
				chars += utf8.RuneCountInString(s.Text)
			}
			if chars > SnippetChars+20 {
				t.Fatalf("%d characters", chars)
			}
			var whole strings.Builder
			for _, s := range spans(nil, text, 0, len(text), m.marks(a, text)) {
				whole.WriteString(s.Text)
			}
			if strings.Join(strings.Fields(whole.String()), " ") != strings.Join(strings.Fields(text), " ") {
				t.Fatalf("spans of %q are %q", text, whole.String())
			}
		}
	})
}

// TestFetchLanguages marks by the language of each document.
func TestFetchLanguages(t *testing.T) {
	schema := index.Schema{Fields: []index.Field{
		{Name: "title", Kind: index.Text, Stored: true}, {Name: "lang", Kind: index.Keyword}, {Name: "description", Kind: index.Text, Stored: true},
	}}
	w, err := index.OpenWriter(t.Context(), index.Dir(t.TempDir()), schema, index.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i, d := range []index.Document{
		{Lang: "de", Values: []index.Value{{Field: 0, Text: "Die Häuser"}, {Field: 1, Text: "de"}, {Field: 2, Text: "Viele Häuser."}}},
		{Lang: "en", Values: []index.Value{{Field: 0, Text: "Houses"}, {Field: 1, Text: "en"}}},
	} {
		d.Key[0] = byte(i)
		if err := w.Put(t.Context(), &d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	req := &Request{Query: "Haus", Lang: "de", Limit: 9}
	s := Local(live{w}, nil, Options{})
	res, err := s.Search(t.Context(), req)
	if err != nil || len(res.Hits) != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	if err := s.Fetch(t.Context(), req, res.Hits); err != nil {
		t.Fatal(err)
	}
	if got := show(res.Hits[0].TitleSpans) + "|" + show(res.Hits[0].Snippet); got != "Die [Häuser]|Viele [Häuser]." {
		t.Errorf("marked %s", got)
	}
}

// snippet is that of a text of its own.
func snippet(m *marker, a *analysis.Analyzer, text string) []Span {
	out, _ := m.passage(a, text).snippet(SnippetChars)
	return out
}
