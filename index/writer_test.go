package index

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func open(t *testing.T, st Storage) *Writer {
	t.Helper()
	w, err := OpenWriter(t.Context(), st, testSchema, WriterOptions{Holder: "test", ScratchDir: t.TempDir(), Grace: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkCommitted compares what Open gives with what was committed.
func checkCommitted(t *testing.T, st Storage, want oracle, seq uint64) {
	t.Helper()
	s, err := Open(t.Context(), st)
	must(t, err)
	defer s.Close()
	if s.Seq() != seq {
		t.Fatalf("seq %d, want %d", s.Seq(), seq)
	}
	want.check(t, s)
	must(t, s.Verify(t.Context()))
}

func checkVisible(t *testing.T, w *Writer, want oracle) {
	t.Helper()
	s := w.Snapshot()
	defer s.Close()
	want.check(t, s)
}

// TestRandomOperations does what writers do, in random order, on an index that
// must stay equal to a map.
func TestRandomOperations(t *testing.T) {
	seeds, steps := uint64(12), 250
	if testing.Short() {
		seeds, steps = 4, 150
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			var st Storage = newMemory()
			if seed%3 == 0 {
				st = Dir(t.TempDir())
			}
			randomOperations(t, st, rand.New(rand.NewPCG(seed, 1)), steps)
		})
	}
}

func randomOperations(t *testing.T, st Storage, r *rand.Rand, steps int) {
	ctx := t.Context()
	w := open(t, st)
	now, committed, seq := oracle{}, oracle{}, uint64(0)
	for range steps {
		switch op := r.IntN(100); {
		case op < 60:
			d := randomDocument(r, r.IntN(150))
			must(t, w.Put(ctx, d))
			now[d.Key] = d
		case op < 75:
			k := testKey(r.IntN(150))
			must(t, w.Delete(ctx, k))
			delete(now, k)
		case op < 87:
			must(t, w.Refresh(ctx))
			if r.IntN(4) == 0 {
				checkVisible(t, w, now)
			}
		case op < 95:
			seq += uint64(r.IntN(3))
			must(t, w.Commit(ctx, seq))
			committed = now.clone()
			if r.IntN(4) == 0 {
				checkCommitted(t, st, committed, seq)
			}
		case op < 97:
			must(t, w.Optimize(ctx))
			s := w.Snapshot()
			if n := len(s.Segments()); n > 1 {
				t.Fatalf("%d segments after Optimize", n)
			}
			now.check(t, s)
			s.Close()
		default: // a crash, or an end: what was not committed is gone
			if r.IntN(2) == 0 {
				must(t, w.Close())
			}
			w = open(t, st)
			now = committed.clone()
			if w.Seq() != seq {
				t.Fatalf("seq %d, want %d", w.Seq(), seq)
			}
			checkVisible(t, w, now)
		}
	}
	must(t, w.Commit(ctx, seq+1))
	checkVisible(t, w, now)
	checkCommitted(t, st, now, seq+1)
}

func TestSecondWriterFencesTheFirst(t *testing.T) {
	ctx := t.Context()
	st := newMemory()
	r := rand.New(rand.NewPCG(1, 2))
	first := open(t, st)
	a, b, c := randomDocument(r, 1), randomDocument(r, 2), randomDocument(r, 3)
	must(t, first.Put(ctx, a))
	must(t, first.Commit(ctx, 1))

	second := open(t, st)
	must(t, first.Put(ctx, b))
	must(t, first.Refresh(ctx)) // it does not know yet
	for range 2 {
		if err := first.Commit(ctx, 2); !errors.Is(err, ErrFenced) {
			t.Fatalf("commit of the fenced: %v", err)
		}
	}
	if err := first.Put(ctx, b); !errors.Is(err, ErrFenced) {
		t.Fatalf("put of the fenced: %v", err)
	}
	must(t, second.Put(ctx, c))
	must(t, second.Commit(ctx, 5))
	checkCommitted(t, st, oracle{a.Key: a, c.Key: c}, 5)
}

// TestFencedThoughItsNumberIsFree: the writer after it has committed so often that
// the manifest which fences the first is collected.
func TestFencedThoughItsNumberIsFree(t *testing.T) {
	ctx := t.Context()
	st := newMemory()
	r := rand.New(rand.NewPCG(1, 2))
	first := open(t, st)
	must(t, first.Put(ctx, randomDocument(r, 1)))
	second := open(t, st)
	want := oracle{}
	for i := range 5 {
		d := randomDocument(r, 10+i)
		must(t, second.Put(ctx, d))
		must(t, second.Commit(ctx, uint64(i)))
		want[d.Key] = d
	}
	if _, err := st.Open(ctx, manifestName(first.number+1)); err == nil {
		t.Fatal("the test wants that number free")
	}
	if err := first.Commit(ctx, 1); !errors.Is(err, ErrFenced) {
		t.Fatalf("commit of the fenced: %v", err)
	}
	checkCommitted(t, st, want, 4)
}

func TestCommitRefusesAnOlderSeq(t *testing.T) {
	w := open(t, newMemory())
	must(t, w.Commit(t.Context(), 7))
	if err := w.Commit(t.Context(), 6); err == nil {
		t.Fatal("seq fell from 7 to 6")
	}
}

func TestClosedWriter(t *testing.T) {
	w := open(t, newMemory())
	must(t, w.Put(t.Context(), &Document{Key: testKey(1)}))
	must(t, w.Refresh(t.Context()))
	s := w.Snapshot()
	must(t, w.Close())
	must(t, w.Close())
	if err := w.Put(t.Context(), &Document{}); !errors.Is(err, ErrClosed) {
		t.Fatalf("put: %v", err)
	}
	if w.Snapshot() != nil {
		t.Fatal("a closed writer has a snapshot")
	}
	if s.Docs() != 1 || !s.Segments()[0].Live(0) {
		t.Fatal("the snapshot has gone with its writer")
	}
	s.Close()
}

func TestSchemaGrows(t *testing.T) {
	ctx := t.Context()
	st := newMemory()
	w := open(t, st)
	old := &Document{Key: testKey(1), Values: []Value{{Field: 0, Text: "old words"}}}
	must(t, w.Put(ctx, old))
	must(t, w.Commit(ctx, 1))
	must(t, w.Close())

	grown := testSchema
	grown.Fields = append(grown.Fields[:len(grown.Fields):len(grown.Fields)], Field{Name: "more", Kind: Text}, Field{Name: "tag", Kind: Keyword})
	w, err := OpenWriter(ctx, st, grown, WriterOptions{})
	must(t, err)
	fresh := &Document{Key: testKey(2), Values: []Value{{Field: 5, Text: "new words"}, {Field: 6, Text: "t"}}}
	must(t, w.Put(ctx, fresh))
	must(t, w.Refresh(ctx))
	must(t, w.Optimize(ctx))
	must(t, w.Commit(ctx, 2))
	must(t, w.Close())
	checkCommitted(t, st, oracle{old.Key: old, fresh.Key: fresh}, 2)

	for name, bad := range map[string]Schema{
		"shrunk":         testSchema,
		"reordered":      {Lang: "en", Fields: append([]Field{{Name: "x", Kind: Text}}, grown.Fields...)},
		"other language": {Lang: "de", Fields: grown.Fields},
	} {
		if w, err := OpenWriter(ctx, st, bad, WriterOptions{}); err == nil {
			w.Close()
			t.Errorf("%s schema was taken", name)
		}
	}
	w, err = OpenWriter(ctx, st, Schema{}, WriterOptions{}) // what is there
	must(t, err)
	must(t, w.Close())
}

func TestReloadShares(t *testing.T) {
	ctx := t.Context()
	st := newMemory()
	w, err := OpenWriter(ctx, st, testSchema, WriterOptions{NoMerge: true})
	must(t, err)
	defer w.Close()
	must(t, w.Put(ctx, &Document{Key: testKey(1)}))
	must(t, w.Put(ctx, &Document{Key: testKey(2)}))
	must(t, w.Commit(ctx, 1))
	s, err := Open(ctx, st)
	must(t, err)
	if same, changed, err := s.Reload(ctx); same != s || changed || err != nil {
		t.Fatalf("reload of the newest: %v, %v", changed, err)
	}
	must(t, w.Put(ctx, &Document{Key: testKey(2)}))
	must(t, w.Commit(ctx, 2))
	fresh, changed, err := s.Reload(ctx)
	must(t, err)
	if !changed || fresh.Seq() != 2 || len(fresh.Segments()) != 2 {
		t.Fatalf("reload: %v, seq %d, %d segments", changed, fresh.Seq(), len(fresh.Segments()))
	}
	if fresh.Segments()[0].body != s.Segments()[0].body {
		t.Error("the unchanged segment is open twice")
	}
	if s.Docs() != 2 || !s.Segments()[0].Live(1) || fresh.Docs() != 2 || fresh.Segments()[0].Docs() != 1 {
		t.Error("a delete shows in the wrong snapshot")
	}
	s.Close()
	if n := fresh.Segments()[0].refs.Load(); n < 1 {
		t.Errorf("%d references while a snapshot is open", n)
	}
	fresh.Close()
}

// TestManyCommits: segments, objects and manifests stay bounded under commits
// with few documents each.
func TestManyCommits(t *testing.T) {
	ctx := t.Context()
	st := newMemory()
	w := open(t, st)
	want := oracle{}
	r := rand.New(rand.NewPCG(3, 4))
	most, commits := 0, 400
	if testing.Short() {
		commits = 120
	}
	for i := range commits {
		for range 3 {
			d := randomDocument(r, r.IntN(300))
			must(t, w.Put(ctx, d))
			want[d.Key] = d
		}
		must(t, w.Commit(ctx, uint64(i)))
		most = max(most, w.segmentCount())
	}
	if most > stallSegments+1 {
		t.Errorf("%d segments at once", most)
	}
	checkVisible(t, w, want)
	// Wait for merging to be done: the turn is free and nothing is left to do.
	for {
		did, err := w.mergeNext(ctx)
		must(t, err)
		if !did {
			break
		}
	}
	if n := w.segmentCount(); n > tierSegments {
		t.Errorf("%d segments at rest", n)
	}
	must(t, w.Commit(ctx, 1000))
	must(t, w.Put(ctx, &Document{Key: testKey(0)}))
	want[testKey(0)] = &Document{Key: testKey(0)}
	must(t, w.Commit(ctx, 1001)) // keeps two manifests
	names, err := st.List(ctx, "")
	must(t, err)
	if len(names) > 2+2*2*(tierSegments+1) {
		t.Errorf("%d objects are left: %v", len(names), names)
	}
	checkCommitted(t, st, want, 1001)
}

// TestGrace: what nobody needs any more is deleted after the grace, not before.
func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		st := newMemory()
		w, err := OpenWriter(ctx, st, testSchema, WriterOptions{Grace: time.Minute})
		must(t, err)
		defer w.Close()
		present := func(n uint64) bool {
			st.mu.Lock()
			defer st.mu.Unlock()
			return st.objects[manifestName(n)] != nil
		}
		for i := range 20 {
			must(t, w.Put(ctx, &Document{Key: testKey(i)}))
			must(t, w.Commit(ctx, uint64(i))) // manifest i+2, at second 10·i
			time.Sleep(10 * time.Second)
			if i >= 7 && !present(uint64(i-3)) {
				t.Fatalf("manifest %d is gone 50 s after it was made", i-3)
			}
		}
		for n := range uint64(10) { // needless for more than 60+15 s
			if present(n + 1) {
				t.Errorf("manifest %d is still there", n+1)
			}
		}
		if len(w.trash.since) > 12 {
			t.Errorf("%d needless objects are remembered", len(w.trash.since))
		}
	})
}

func TestConcurrentReaders(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	st := Dir(t.TempDir())
	w := open(t, st)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				s := w.Snapshot()
				live := uint64(0)
				for _, g := range s.Segments() {
					for doc := range g.MaxDoc() {
						if g.Live(doc) {
							live++
							if found, ok := g.Find(g.Key(doc)); !ok || found != doc {
								t.Error("a live document is not found by its key")
							}
						}
					}
					readField(t, g, 1, inverted{map[int]map[string]map[Key]posting{}, nil})
					if _, err := g.Stored(0, nil); err != nil {
						t.Error(err)
					}
				}
				if live != s.Docs() {
					t.Errorf("%d live documents, want %d", live, s.Docs())
				}
				s.Close()
			}
		})
	}
	wg.Go(func() { // another process's reader
		s, err := Open(ctx, st)
		for err == nil {
			fresh, changed, rerr := s.Reload(ctx)
			if changed {
				s.Close()
				s = fresh
			}
			err = rerr
		}
		if ctx.Err() == nil {
			t.Error(err)
		}
		if s != nil {
			s.Close()
		}
	})
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 120 {
		must(t, w.Put(ctx, randomDocument(r, r.IntN(60))))
		if i%3 == 0 {
			must(t, w.Refresh(ctx))
		}
		if i%10 == 0 {
			must(t, w.Commit(ctx, uint64(i)))
		}
	}
	cancel()
	wg.Wait()
}
