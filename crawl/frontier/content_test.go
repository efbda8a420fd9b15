package frontier

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/trawlsearch/trawl/weburl"
)

// TestContentIndexes: over random lives of pages, SameContent names only pages that
// have the text, and names one for each that was settled just now, and Similar names those that share bands, with the
// sketch they have now; what no page has any more leaves no key behind.
func TestContentIndexes(t *testing.T) {
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 1))
		fs := vfs.NewMem()
		opt := Options{DefaultDelay: -1, MaxPerHost: 8}
		f := open(t, fs, opt)
		var in []Item
		places := map[byte]bool{}
		for i := 0; len(in) < bandRoom; i++ { // of two in one place of a band the newer one is found
			u := addr(t, fmt.Sprintf("http://h%d.test/%d", i%3, i))
			if place := bandPlace(u.Key()); !places[place] {
				places[place] = true
				in = append(in, Item{URL: u, Again: true})
			}
		}
		type doc struct {
			hash  [16]byte
			bands []uint64
			sk    []byte
		}
		docs := map[weburl.URL]doc{}
		for round := range 60 {
			if round%20 == 19 {
				f.Close()
				f = open(t, fs, opt)
			}
			if _, err := f.Add(in); err != nil {
				t.Fatal(err)
			}
			var b Batch
			for range 6 {
				l := mustNext(t, f)
				f.Release(l, 0, time.Time{})
				o := Outcome{Lease: l, State: []State{Done, Done, Done, NotModified, Gone, Skipped, Failed}[rng.IntN(7)], Status: 200}
				d := doc{hash: [16]byte{byte(rng.IntN(10)), 1}}
				for band := range rng.IntN(4) {
					d.bands = append(d.bands, uint64(band*10+rng.IntN(3)+1))
				}
				if len(d.bands) > 0 {
					d.sk = []byte{byte(round)}
				}
				switch o.State {
				case Done:
					o.ContentHash, o.Bands, o.Sketch = d.hash, d.bands, d.sk
					docs[l.URL] = d
				case Gone, Skipped:
					delete(docs, l.URL)
				}
				b.Outcomes = append(b.Outcomes, o)
			}
			if err := f.Commit(&b); err != nil {
				t.Fatal(err)
			}
			for _, o := range b.Outcomes {
				if _, ok := f.SameContent(o.ContentHash); o.State == Done && !ok {
					t.Fatalf("seed %d: nobody has the text of %s", seed, o.Lease.URL)
				}
			}
			for h := range 10 {
				hash := [16]byte{byte(h), 1}
				got, ok := f.SameContent(hash)
				if ok && docs[got].hash != hash {
					t.Fatalf("seed %d: SameContent(%d) = %s, which has %v", seed, h, got, docs[got])
				}
				any := false
				for _, d := range docs {
					any = any || d.hash == hash
				}
				if !any && ok {
					t.Fatalf("seed %d: SameContent(%d) = %s", seed, h, got)
				}
			}
			for range 5 {
				bands := []uint64{uint64(rng.IntN(4) + 1), uint64(10 + rng.IntN(4) + 1)}
				got, err := f.Similar(bands)
				if err != nil {
					t.Fatal(err)
				}
				most := maxCandidates
				for _, c := range got {
					d, ok := docs[c.URL]
					shared := 0
					for _, b := range d.bands {
						if b == bands[0] || b == bands[1] {
							shared++
						}
					}
					if !ok || !bytes.Equal(c.Sketch, d.sk) || c.Shared == 0 || c.Shared > shared || c.Shared > most {
						t.Fatalf("seed %d: candidate %+v, document %+v", seed, c, d)
					}
					most = c.Shared
				}
				for u, d := range docs {
					for _, b := range d.bands {
						if b == bands[0] && len(got) == 0 {
							t.Fatalf("seed %d: %s has band %d, and nobody is named", seed, u, b)
						}
					}
				}
			}
		}
		// All pages go: nothing is left.
		for {
			if _, err := f.Add(in); err != nil {
				t.Fatal(err)
			}
			l := mustNext(t, f)
			mustCommit(t, f, Outcome{Lease: l, State: Gone, Status: 410})
			if delete(docs, l.URL); len(docs) == 0 {
				break
			}
		}
		for _, kind := range []byte{kindContent, kindBand} {
			it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: nodeKey(kind, 0), UpperBound: nodeKey(kind+1, 0)})
			if err != nil {
				t.Fatal(err)
			}
			for ok := it.First(); ok; ok = it.Next() {
				t.Errorf("seed %d: left behind: %s", seed, annotate(it.Key(), it.Value()))
			}
			it.Close()
		}
		f.Close()
	}
}

// TestBandIsBounded: a band that all documents share costs no more than a few
// entries, and a lookup no more than a few reads.
func TestBandIsBounded(t *testing.T) {
	f := open(t, vfs.NewMem(), Options{DefaultDelay: -1})
	var b Batch
	mustAdd(t, f, 300, pagesOf(t, "a.test", 300))
	for range 300 {
		l := mustNext(t, f)
		f.Release(l, 0, l.Fetched)
		b.Outcomes = append(b.Outcomes, Outcome{Lease: l, State: Done, Bands: []uint64{7, hash64(l.URL.Path())}})
	}
	if err := f.Commit(&b); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Similar([]uint64{7}); err != nil || len(got) != bandRoom {
		t.Errorf("%d candidates, %v", len(got), err)
	}
	if got, err := f.Similar([]uint64{7, hash64("/123")}); err != nil || got[0].URL.Path() != "/123" && len(got) < bandRoom {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestLearned(t *testing.T) {
	fs := vfs.NewMem()
	f := open(t, fs, Options{})
	u, v := addr(t, "http://a.test/x"), addr(t, "https://a.test/")
	if b, err := f.Learned(u); b != nil || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if err := f.Commit(&Batch{Hosts: []HostDelta{{u, []byte("one")}, {v, bytes.Repeat([]byte("x"), MaxLearnedBytes)}}}); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(&Batch{Hosts: []HostDelta{{u, bytes.Repeat([]byte("x"), MaxLearnedBytes+1)}}}); err == nil {
		t.Error("too much was taken")
	}
	f.Close()
	f = open(t, fs, Options{})
	if b, err := f.Learned(addr(t, "http://a.test/")); string(b) != "one" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if err := f.Commit(&Batch{Hosts: []HostDelta{{v, nil}}}); err != nil {
		t.Fatal(err)
	}
	if b, err := f.Learned(v); b != nil || err != nil {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}
