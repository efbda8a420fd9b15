package search

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
)

// TestDamage: whatever block of a segment is damaged, and wherever an operator stands
// when it finds that out, a search answers as it did before or says what is wrong.
func TestDamage(t *testing.T) {
	if testing.Short() {
		t.Skip("indexes 120,000 documents")
	}
	seed := rand.Uint64()
	schema := index.Schema{Fields: []index.Field{{Name: "title", Kind: index.Text}, {Name: "body", Kind: index.Text, Pairs: true}}}
	dir := t.TempDir()
	fillMany(t, dir, seed, manyDocs, schema, true).Close()
	model := &rank.Model{K1: 1.2, Fields: map[string]rank.FieldModel{"body": {Weight: 1, B: .75}, "title": {Weight: 2, B: .5}}}
	r := rand.New(rand.NewPCG(seed, 3))
	var requests []*Request
	for range 60 {
		q := randomQuery(r, false)
		if r.IntN(2) == 0 {
			q = "+(" + strings.ReplaceAll(q, "body:", "") + ")"
		}
		requests = append(requests, &Request{Query: q, Limit: []int{0, 10, 1000}[r.IntN(3)], NoTotal: r.IntN(2) == 0, Explain: r.IntN(4) == 0})
	}
	answer := func() (answers []*Result, errs []error) {
		snap, err := index.Open(t.Context(), index.Dir(dir))
		if err != nil {
			return nil, []error{err}
		}
		defer snap.Close()
		if err := snap.Damage(); err != nil { // it says so, and answers from the commit before
			return nil, []error{err}
		}
		s := Local(View(snap.Acquire), model, Options{})
		for _, req := range requests {
			res, err := s.Search(t.Context(), req)
			answers, errs = append(answers, res), append(errs, err)
		}
		return answers, errs
	}
	want, errs := answer()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range segmentFiles(t, dir) {
		whole, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := r.IntN(1 << 14); at < len(whole); at += 1 + r.IntN(1<<16) {
			flip(t, name, int64(at), whole[at]^1<<r.IntN(8))
			got, errs := answer()
			flip(t, name, int64(at), whole[at])
			for i, err := range errs {
				switch {
				case errors.Is(err, index.ErrCorrupt):
					seen++
				case err != nil:
					t.Fatalf("seed %d: %s, byte %d: %v", seed, name, at, err)
				case got[i].Total != want[i].Total && !requests[i].NoTotal, !sameHits(got[i].Hits, want[i].Hits):
					t.Fatalf("seed %d: %s, byte %d: %s is answered otherwise: %d and %d hits: %s", seed, name, at, requests[i].Query,
						len(got[i].Hits), len(want[i].Hits), firstOther(got[i].Hits, want[i].Hits))
				}
			}
		}
	}
	if seen == 0 {
		t.Fatalf("seed %d: no damage was seen", seed)
	}
}

// segmentFiles is the files of an index that are longer than a part that is checked
// at once: those of segments.
func segmentFiles(t *testing.T, dir string) (names []string) {
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if info, _ := d.Info(); err == nil && d.Type().IsRegular() && info.Size() > 64<<10 {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("segments: %v, %v", names, err)
	}
	return names
}

// flip writes one byte of a file.
func flip(t *testing.T, name string, at int64, b byte) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteAt([]byte{b}, at)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}
