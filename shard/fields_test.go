package shard

import (
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
