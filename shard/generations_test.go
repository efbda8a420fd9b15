package shard

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/trawlsearch/trawl/blob"
	"github.com/trawlsearch/trawl/document"
)

func page(n int, body string) *document.Document {
	id := fmt.Sprintf("http://a.test/%d", n)
	return &document.Document{ID: id, URL: id, Key: document.KeyOf(id), Version: 5, Lang: "en", Fields: []document.Field{
		{Name: "title", Text: fmt.Sprint("Page ", n)}, {Name: "body", Text: body}, {Name: "boilerplate", Text: "menu"}, {Name: "fetched", Text: "4"},
	}}
}

func open(t *testing.T, bucket *blob.Bucket, generation int) *Shard {
	t.Helper()
	s, err := Open(t.Context(), Options{Bucket: bucket.Sub(Prefix("web", generation, 0))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func follow(t *testing.T, bucket *blob.Bucket, generation int) *Replica {
	t.Helper()
	r, err := Follow(t.Context(), Options{Bucket: bucket.Sub(Prefix("web", generation, 0))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestAdopt wants what was pushed in the new generation as it was pushed, but for
// the order of fields, and nothing else; twice as well as once.
func TestAdopt(t *testing.T) {
	bucket, err := blob.Open(t.Context(), "mem://", blob.Options{})
	must(t, err)
	old := open(t, bucket, 1)
	pushed := []*document.Document{
		{ID: "a", Version: 9, Lang: "de", Fields: []document.Field{
			{Name: "title", Text: "T"}, {Name: "body", Text: "B"}, {Name: "headings", Text: "H"}, {Name: "description", Text: "D"},
			{Name: "anchors", Text: "A"}, {Name: "boilerplate", Text: "N"}, {Name: "colour", Text: "red"}, {Name: "fetched", Text: "3"},
			{Name: "updated", Text: "2024-05-31"},
		}},
		{ID: "http://b.test/", URL: "http://b.test/", Version: 8, Fields: []document.Field{{Name: "title", Text: "A page, pushed"}}},
		{ID: "empty", Version: 7},
	}
	for _, d := range pushed {
		d.Key = document.KeyOf(d.ID)
		must(t, old.Push(t.Context(), d))
	}
	gone := &document.Document{ID: "gone", Key: document.KeyOf("gone"), Version: 1}
	must(t, old.Push(t.Context(), gone))
	must(t, old.Push(t.Context(), &document.Document{ID: "gone", Key: gone.Key, Deleted: true}))
	for n := range 3 {
		must(t, old.Put(t.Context(), page(n, "x")))
	}
	unmarked := &document.Document{ID: "unmarked", Key: document.KeyOf("unmarked"), Version: 6}
	must(t, old.Put(t.Context(), unmarked))
	must(t, old.Commit(t.Context(), 10))

	from := follow(t, bucket, 1)
	next := open(t, bucket, 2)
	for range 2 {
		n, err := next.Adopt(t.Context(), from, false)
		if err != nil || n != uint64(len(pushed)) {
			t.Fatalf("%d documents, %v", n, err)
		}
	}
	must(t, next.Commit(t.Context(), 1))
	if got := next.Docs(); got != uint64(len(pushed)) {
		t.Errorf("%d documents", got)
	}
	snap, err := next.Acquire()
	must(t, err)
	defer snap.Close()
	byName := func(a, b document.Field) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	}
	for _, want := range pushed {
		seg, doc, ok := find(snap.Segments(), [16]byte(want.Key))
		if !ok {
			t.Errorf("%s is lost", want.ID)
			continue
		}
		got, isPushed, err := restore(seg, doc)
		must(t, err)
		slices.SortFunc(got.Fields, byName)
		slices.SortFunc(want.Fields, byName)
		if !isPushed || !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	third := open(t, bucket, 3)
	if n, err := third.Adopt(t.Context(), from, true); err != nil || n != uint64(len(pushed))+1 {
		t.Errorf("with what is not marked: %d, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := third.Adopt(ctx, from, true); err == nil {
		t.Error("a context that has ended stops nothing")
	}
	if n, err := third.Adopt(t.Context(), follow(t, bucket, 9), true); n != 0 || err != nil {
		t.Errorf("from nothing: %d, %v", n, err)
	}
}

// TestCompare has a page of each kind, in several segments, and pushed documents
// that do not count.
func TestCompare(t *testing.T) {
	bucket, err := blob.Open(t.Context(), "mem://", blob.Options{})
	must(t, err)
	before, after := open(t, bucket, 1), open(t, bucket, 2)
	for n := range 10 {
		must(t, before.Put(t.Context(), page(n, "the same")))
		if n%3 == 0 {
			must(t, before.Commit(t.Context(), uint64(n)))
		}
	}
	for n := 4; n < 13; n++ {
		body := "the same"
		if n%2 == 0 {
			body = "another"
		}
		must(t, after.Put(t.Context(), page(n, body)))
		if n%5 == 0 {
			must(t, after.Commit(t.Context(), uint64(n)))
		}
	}
	for _, s := range []*Shard{before, after} {
		d := page(100, "pushed")
		must(t, s.Push(t.Context(), d))
		must(t, s.Commit(t.Context(), 100))
	}
	a, b := follow(t, bucket, 1), follow(t, bucket, 2)
	told := map[Kind][]string{}
	d, err := Compare(t.Context(), a, b, true, func(k Kind, url string) error {
		told[k] = append(told[k], url)
		return nil
	})
	must(t, err)
	// In both are 4 to 9, of which 4, 6 and 8 have changed.
	if want := (Difference{Old: 10, New: 9, Kinds: [4]uint64{Lost: 4, Added: 3, Changed: 3, Same: 3}}); d != want {
		t.Errorf("got %+v, want %+v", d, want)
	}
	for kind, want := range map[Kind][]string{
		Lost:    {"http://a.test/0", "http://a.test/1", "http://a.test/2", "http://a.test/3"},
		Added:   {"http://a.test/10", "http://a.test/11", "http://a.test/12"},
		Changed: {"http://a.test/4", "http://a.test/6", "http://a.test/8"},
	} {
		if slices.Sort(told[kind]); !slices.Equal(told[kind], want) {
			t.Errorf("kind %d: %q", kind, told[kind])
		}
	}
	nothing := func(Kind, string) error { return nil }
	if d, err := Compare(t.Context(), a, b, false, nothing); err != nil || d.Kinds[Same] != 6 {
		t.Errorf("without texts: %+v, %v", d, err)
	}
	empty := follow(t, bucket, 3)
	if d, err := Compare(t.Context(), a, empty, true, nothing); err != nil || d.Kinds[Lost] != 10 || d.New != 0 {
		t.Errorf("with nothing: %+v, %v", d, err)
	}
	if d, err := Compare(t.Context(), empty, a, true, nothing); err != nil || d.Kinds[Added] != 10 || d.Old != 0 {
		t.Errorf("from nothing: %+v, %v", d, err)
	}
	stop := fmt.Errorf("enough")
	if _, err := Compare(t.Context(), a, b, true, func(Kind, string) error { return stop }); err == nil {
		t.Error("an error of each stops nothing")
	}
}
