package index

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestInverters: with several inverters the last Put or Delete of a key wins, and
// a Refresh shows all that came before, as with one.
func TestInverters(t *testing.T) {
	seeds := 4
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			ctx := t.Context()
			r := rand.New(rand.NewPCG(uint64(seed), 31))
			w, err := OpenWriter(ctx, newMemory(), testSchema, WriterOptions{Inverters: 3, ScratchDir: t.TempDir()})
			must(t, err)
			defer w.Close()
			if n := len(w.buf.parts); n != 3 {
				t.Fatalf("%d inverters", n)
			}
			w.buf.batchBytes = int64(r.IntN(20_000)) // many small batches
			want := oracle{}
			for range 3 {
				for range 300 + r.IntN(500) {
					n := r.IntN(400)
					if r.IntN(6) == 0 {
						must(t, w.Delete(ctx, testKey(n)))
						delete(want, testKey(n))
						continue
					}
					d := randomDocument(r, n)
					must(t, w.Put(ctx, d))
					want[d.Key] = &Document{Key: d.Key, Lang: d.Lang, Values: slices.Clone(d.Values)}
					clear(d.Values) // they are not kept
				}
				must(t, w.Refresh(ctx))
				checkVisible(t, w, want)
				if n := w.Stats().BufferedDocs; n != 0 {
					t.Fatalf("%d documents are buffered after a refresh", n)
				}
			}
			must(t, w.Commit(ctx, 1))
			must(t, w.Optimize(ctx))
			checkVisible(t, w, want)
			must(t, w.Put(ctx, randomDocument(r, 1))) // and Close does not wait for ever
		})
	}
}

// TestOrderWithinSegments: documents that are put one after another stay in that
// order, and together.
func TestOrderWithinSegments(t *testing.T) {
	ctx := t.Context()
	w, err := OpenWriter(ctx, newMemory(), testSchema, WriterOptions{Inverters: 2, NoMerge: true})
	must(t, err)
	defer w.Close()
	const docs = 5000
	for i := range docs {
		var k Key
		binary.BigEndian.PutUint64(k[8:], uint64(i))
		must(t, w.Put(ctx, &Document{Key: k, Values: []Value{{Field: 0, Text: "x"}}}))
	}
	must(t, w.Refresh(ctx))
	s := w.Snapshot()
	defer s.Close()
	if len(s.Segments()) != 2 || s.Docs() != docs {
		t.Fatalf("%d segments of %d documents", len(s.Segments()), s.Docs())
	}
	for _, g := range s.Segments() {
		runs, last := 0, uint64(docs)
		for doc := range g.MaxDoc() {
			k := g.Key(doc)
			n := binary.BigEndian.Uint64(k[8:])
			if doc > 0 && n < last {
				t.Fatalf("document %d was put before document %d", doc, doc-1)
			}
			if n != last+1 {
				runs++
			}
			last = n
		}
		if runs > docs/batchDocs/2+1 {
			t.Errorf("%d runs of neighbours in %d documents", runs, g.MaxDoc())
		}
	}
}

// TestKeyTable holds the table to a map.
func TestKeyTable(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		var keys []Key
		table := newKeyTable(func(at place) Key { return keys[at] })
		want := map[Key]int{}
		for step := range 3000 {
			k := testKey(r.IntN(1 + r.IntN(500)))
			if seed%4 == 0 {
				k = Key{byte(k[0] % 5), 9: byte(k[1])} // not spread at all
			}
			at, had := table.remove(k)
			if old, has := want[k]; had != has || had && int(at) != old {
				t.Fatalf("seed %d step %d: remove gives %d, %v, want %d, %v", seed, step, at, had, old, has)
			}
			delete(want, k)
			if r.IntN(3) > 0 {
				table.add(k, place(len(keys)))
				want[k] = len(keys)
				keys = append(keys, k)
			}
			if table.live != len(want) || table.has(k) != hasKey(want, k) {
				t.Fatalf("seed %d step %d: %d keys, want %d", seed, step, table.live, len(want))
			}
			if r.IntN(800) == 0 {
				table.reset()
				clear(want)
			}
		}
		n := 0
		table.each(func(k Key) {
			if n++; !hasKey(want, k) {
				t.Fatalf("seed %d: %s is not there", seed, k)
			}
		})
		if n != len(want) {
			t.Fatalf("seed %d: %d keys, want %d", seed, n, len(want))
		}
	}
}

func hasKey(m map[Key]int, k Key) bool { _, ok := m[k]; return ok }

// TestPositionsEnd: nothing is indexed behind the last position, whichever way the
// words come.
func TestPositionsEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("seventeen million words")
	}
	for _, odd := range []bool{false, true} {
		v := newInverter(testSchema)
		half := strings.Repeat("w ", maxDocumentBytes/4)
		values := []Value{{Field: 1, Text: half}, {Field: 1, Text: half}, {Field: 1, Text: half}, {Field: 1, Text: half}, {Field: 1, Text: half}, {Field: 1, Text: half + half}}
		if odd {
			values = append([]Value{{Field: 1, Text: "東京"}}, values...)
		}
		v.put("und", values)
		s := &v.fields[1].stream
		if from, to := s.span(0); to-from > maxPosition {
			t.Errorf("%d tokens", to-from)
		}
		if last := s.positions.at(s.positions.n - 1); last > maxPosition || last < maxPosition-8 {
			t.Errorf("the last stands at %d", last)
		}
	}
}
