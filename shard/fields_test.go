package shard

import (
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/index"
)

// TestDates wants the numbers of a document that the schema keeps.
func TestDates(t *testing.T) {
	const day = 1_719_705_600_000_000 // 2024-06-30
	for text, want := range map[string]int64{
		"2024-06-30": day, "2024-06-30T00:00:01Z": day + 1_000_000, " 2024-06-30T02:00:00.5+02:00 ": day + 500_000,
		"": -1, "yesterday": -1, "1719705600": -1, "2024-06-31": -1, "30.06.2024": -1,
	} {
		d := indexed(&document.Document{ID: "x", Version: 7, Fields: []document.Field{{Name: "updated", Text: text}, {Name: "changed", Text: "2024-06-30"}}}, false)
		numbers := map[int]int64{fieldUpdated: -1}
		for _, v := range d.Values {
			if Schema("").Fields[v.Field].Kind == index.Int {
				numbers[v.Field] = v.Int
			}
		}
		if numbers[fieldUpdated] != want || numbers[fieldFetched] != 7 {
			t.Errorf("updated %q: %v, want %d", text, numbers, want)
		}
	}
}

// TestSectionsField: what says where sections begin is kept and not searched; what
// others call sections is a field of theirs.
func TestSectionsField(t *testing.T) {
	for text, want := range map[string]int{"§1\n0 3 2 use\n": fieldSections, "Sport\nPolitics": fieldExtra, "": fieldAddress} {
		d := indexed(&document.Document{ID: "x", URL: "http://a.test/p", Fields: []document.Field{{Name: "sections", Text: text}}}, false)
		got := map[int]string{}
		for _, v := range d.Values {
			got[v.Field] = v.Text
		}
		isOurs := want == fieldSections
		if text != "" && got[want] != text || (got[fieldSections] != "") != isOurs || (got[fieldExtra] != "") != (want == fieldExtra) {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestValues: what documents are filtered by, and what of a crawled page is not
// searched as text.
func TestValues(t *testing.T) {
	fields := []document.Field{
		{Name: "author", Text: "Ada  Lovelace\nB\n\n" + strings.Repeat("x", maxValueBytes+1)}, {Name: "type", Text: "NewsArticle"},
		{Name: "media_type", Text: "application/pdf"}, {Name: "published", Text: "2024-06-30"}, {Name: "image", Text: "https://a.test/i.png"},
		{Name: "colour", Text: "Red"}, {Name: "emphasis", Text: "dear"}, {Name: "emphasis", Text: "dear"},
	}
	for _, pushed := range []bool{false, true} {
		d := indexed(&document.Document{ID: "x", URL: "http://a.test/p", Version: 7, Fields: fields}, pushed)
		got := map[string][]string{}
		for _, v := range d.Values {
			name := Schema("").Fields[v.Field].Name
			got[name] = append(got[name], v.Text)
		}
		for name, want := range map[string]string{"author": "ada lovelace|b", "type": "newsarticle", "filetype": "pdf", "published": "", "emphasis": "dear|dear"} {
			if list, ok := got[name]; !ok || strings.Join(list, "|") != want {
				t.Errorf("%s: %q, want %q", name, list, want)
			}
		}
		extra := strings.Join(got["extra"], " ")
		if !strings.Contains(extra, "Red") || !strings.Contains(extra, "Ada") || strings.Contains(extra, "i.png") != pushed || strings.Contains(extra, "dear") {
			t.Errorf("pushed %v: searched are %q", pushed, extra)
		}
	}
}
