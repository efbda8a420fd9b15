package index

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// segmentObjects is how many segments the storage has.
func segmentObjects(st *memory) int {
	st.mu.Lock()
	defer st.mu.Unlock()
	n := 0
	for name := range st.objects {
		if strings.HasPrefix(name, segmentPrefix) {
			n++
		}
	}
	return n
}

// TestLoose: refreshes write nothing and leave few segments, deletes reach what is
// in memory, and a commit writes one segment.
func TestLoose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		st := newMemory()
		w, err := OpenWriter(ctx, st, testSchema, WriterOptions{Grace: -1})
		must(t, err)
		defer w.Close()
		r := rand.New(rand.NewPCG(40, 41))
		want := oracle{}
		for i := range 200 {
			d := randomDocument(r, r.IntN(120))
			must(t, w.Put(ctx, d))
			want[d.Key] = d
			if i%3 == 0 {
				k := testKey(r.IntN(120))
				must(t, w.Delete(ctx, k))
				delete(want, k)
			}
			must(t, w.Refresh(ctx))
			synctest.Wait()
			if s := w.Stats(); s.LooseSegments != s.Segments || s.LooseSegments > maxLoose || s.LooseBytes == 0 || s.BufferedBytes < s.LooseBytes {
				t.Fatalf("after %d refreshes: %+v", i+1, s)
			}
		}
		checkVisible(t, w, want)
		if n := segmentObjects(st); n != 0 {
			t.Fatalf("%d segments are in the storage", n)
		}
		must(t, w.Commit(ctx, 1))
		checkCommitted(t, st, want, 1)
		if s := w.Stats(); s.LooseSegments != 0 || s.LooseBytes != 0 || s.Segments != 1 || segmentObjects(st) != 1 {
			t.Fatalf("after the commit: %+v, %d objects", s, segmentObjects(st))
		}
	})
}

// TestLooseIsBounded: where much is refreshed, memory is given back by writing.
func TestLooseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		st := newMemory()
		w, err := OpenWriter(ctx, st, testSchema, WriterOptions{Grace: -1, MemoryBytes: minMemoryBytes})
		must(t, err)
		defer w.Close()
		most := int64(0)
		for i := range 60 {
			for j := range 20 {
				must(t, w.Put(ctx, &Document{Key: testKey(100*i + j), Values: []Value{{Field: 4, Text: randomText(i, 8<<10)}}}))
			}
			must(t, w.Refresh(ctx))
			synctest.Wait()
			most = max(most, w.Stats().LooseBytes)
		}
		if limit := w.maxLooseBytes(); most == 0 || most > limit+limit/2 {
			t.Errorf("%d bytes are loose, the limit is %d", most, limit)
		}
		if segmentObjects(st) == 0 {
			t.Error("nothing was written")
		}
	})
}

// randomText does not compress.
func randomText(seed, n int) string {
	r := rand.New(rand.NewPCG(uint64(seed), 5))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// TestLooseSurvivesFaults: a commit that cannot write leaves what is in memory seen,
// and the next one writes it.
func TestLooseSurvivesFaults(t *testing.T) {
	for _, f := range []fault{before, after} {
		t.Run(fmt.Sprint("fault", f), func(t *testing.T) {
			ctx := t.Context()
			st := newMemory()
			w := open(t, st)
			r := rand.New(rand.NewPCG(42, 43))
			want := oracle{}
			for range 30 {
				d := randomDocument(r, r.IntN(20))
				must(t, w.Put(ctx, d))
				want[d.Key] = d
				must(t, w.Refresh(ctx))
			}
			st.mu.Lock()
			st.fault = func(name string, _ int) fault {
				if strings.HasPrefix(name, segmentPrefix) {
					return f
				}
				return none
			}
			st.mu.Unlock()
			if err := w.Commit(ctx, 1); !errors.Is(err, errInjected) {
				t.Fatalf("commit: %v", err)
			}
			checkVisible(t, w, want)
			st.mu.Lock()
			st.fault = nil
			st.mu.Unlock()
			must(t, w.Commit(ctx, 1))
			checkVisible(t, w, want)
			checkCommitted(t, st, want, 1)
		})
	}
}

// BenchmarkRefresh puts one document and refreshes, over 100,000 passages that are
// committed: the median and the worst of a hundred.
func BenchmarkRefresh(b *testing.B) {
	docs, _ := passages(b, 72)
	w, err := OpenWriter(b.Context(), Dir(b.TempDir()), passageSchema("en", true), WriterOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	putAll(b, w, docs)
	if err := w.Commit(b.Context(), 1); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	n := 0
	for b.Loop() {
		d := *docs[n%len(docs)]
		d.Key = testKey(1<<30 + n)
		start := time.Now()
		if err := w.Put(b.Context(), &d); err != nil {
			b.Fatal(err)
		}
		if err := w.Refresh(b.Context()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		n++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[n/2].Microseconds())/1e3, "median-ms")
	b.ReportMetric(float64(took[n*99/100].Microseconds())/1e3, "p99-ms")
}
