package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestEveryCreateFails lets the n-th Create fail, before or after the object is
// durable, for every n of a short life, then crashes: the index must open at the
// last commit that was acknowledged, or at the one that failed, and nothing else.
// If the writer instead tries again, all must be there.
func TestEveryCreateFails(t *testing.T) {
	for _, f := range []fault{before, after} {
		for n := 1; ; n++ {
			st := newMemory()
			st.fault = func(_ string, i int) fault {
				if i == n {
					return f
				}
				return none
			}
			t.Run(fmt.Sprintf("fault%d/create%d", f, n), func(t *testing.T) { faultyLife(t, st) })
			if st.creates < n {
				break // the life has fewer creates
			}
		}
	}
}

func faultyLife(t *testing.T, st *memory) {
	ctx := t.Context()
	r := rand.New(rand.NewPCG(8, 9))
	w, err := OpenWriter(ctx, st, testSchema, WriterOptions{Grace: -1, NoMerge: true})
	if err != nil {
		if !errors.Is(err, errInjected) {
			t.Fatal(err)
		}
		w, err = OpenWriter(ctx, st, testSchema, WriterOptions{Grace: -1, NoMerge: true})
		must(t, err)
	}
	defer w.Close()
	now := oracle{}
	committed, seq := oracle{}, uint64(0)
	for i := range 4 {
		for range 5 {
			d := randomDocument(r, r.IntN(8))
			must(t, w.Put(ctx, d))
			now[d.Key] = d
		}
		retry(t, st, func() error { return w.Refresh(ctx) }, func(*memory) {})
		if i == 2 {
			retry(t, st, func() error { return w.Optimize(ctx) }, func(*memory) {})
		}
		k := testKey(r.IntN(8))
		must(t, w.Delete(ctx, k))
		delete(now, k)
		retry(t, st, func() error { return w.Commit(ctx, uint64(i+1)) }, func(crashed *memory) {
			s, err := Open(ctx, crashed)
			must(t, err)
			defer s.Close()
			switch s.Seq() {
			case seq:
				committed.check(t, s)
			case uint64(i + 1):
				now.check(t, s)
			default:
				t.Fatalf("seq %d after a crash between %d and %d", s.Seq(), seq, i+1)
			}
		})
		committed, seq = now.clone(), uint64(i+1)
		checkCommitted(t, st, committed, seq)
	}
}

// retry does op, and if it fails looks at what a crash would leave and does it
// again.
func retry(t *testing.T, st *memory, op func() error, crashed func(*memory)) {
	t.Helper()
	err := op()
	if err == nil {
		return
	}
	if !errors.Is(err, errInjected) {
		t.Fatal(err)
	}
	crashed(st.copy())
	must(t, op())
}

// TestUnknownOutcomes: a commit that came to be and was not told so, again and
// again, neither fences its own writer nor loses anything.
func TestUnknownOutcomes(t *testing.T) {
	ctx := t.Context()
	st := newMemory()
	w := open(t, st)
	want := oracle{}
	for i := range 12 {
		d := &Document{Key: testKey(i), Values: []Value{{Field: 0, Text: "words"}}}
		must(t, w.Put(ctx, d))
		want[d.Key] = d
		st.mu.Lock()
		st.fault = func(name string, _ int) fault {
			if strings.HasPrefix(name, manifestPrefix) {
				return after
			}
			return none
		}
		st.mu.Unlock()
		if err := w.Commit(ctx, uint64(i)); !errors.Is(err, errInjected) {
			t.Fatalf("commit: %v", err)
		}
		checkCommitted(t, st, want, uint64(i)) // it is there
	}
	st.mu.Lock()
	st.fault = nil
	st.mu.Unlock()
	must(t, w.Commit(ctx, 12))
	checkCommitted(t, st, want, 12)
}

// TestFallsBack: a damaged newest state gives way to the one before, with the
// reason; a writer goes on from there under a free number.
func TestFallsBack(t *testing.T) {
	for _, prefix := range []string{manifestPrefix, segmentPrefix, livePrefix} {
		for _, gone := range []bool{false, true} {
			t.Run(fmt.Sprintf("%sgone=%v", prefix, gone), func(t *testing.T) { fallsBack(t, prefix, gone) })
		}
	}
}

func fallsBack(t *testing.T, prefix string, gone bool) {
	ctx := t.Context()
	st := newMemory()
	w, err := OpenWriter(ctx, st, testSchema, WriterOptions{NoMerge: true})
	must(t, err)
	first := oracle{}
	for i := range 3 {
		d := &Document{Key: testKey(i), Values: []Value{{Field: 0, Text: "some words"}}}
		must(t, w.Put(ctx, d))
		first[d.Key] = d
	}
	must(t, w.Commit(ctx, 1))
	before := st.copy()
	must(t, w.Put(ctx, &Document{Key: testKey(1)}))
	must(t, w.Commit(ctx, 2))
	must(t, w.Close())
	for name, data := range st.objects {
		if _, old := before.objects[name]; old || !strings.HasPrefix(name, prefix) {
			continue
		}
		if gone {
			delete(st.objects, name)
		} else {
			bad := append([]byte(nil), data...)
			bad[len(bad)-20] ^= 4
			st.objects[name] = bad
		}
	}
	s, err := Open(ctx, st)
	must(t, err)
	first.check(t, s)
	if damage := s.Damage(); (damage == nil) != (gone && prefix == manifestPrefix) {
		t.Errorf("damage: %v", damage)
	} else if damage != nil && !gone && !strings.Contains(damage.Error(), prefix) {
		t.Errorf("damage does not name its object: %v", damage)
	}
	s.Close()

	w = open(t, st)
	if w.Seq() != 1 {
		t.Fatalf("the writer goes on from %d, want 1", w.Seq())
	}
	d := &Document{Key: testKey(9)}
	must(t, w.Put(ctx, d))
	must(t, w.Commit(ctx, 3))
	first[d.Key] = d
	checkCommitted(t, st, first, 3)
}

// TestOpenNothing tells an index that is not there from one that is lost.
func TestOpenNothing(t *testing.T) {
	st := newMemory()
	if _, err := Open(t.Context(), st); err == nil || errors.Is(err, ErrCorrupt) || !damaged(err) {
		t.Fatalf("open of nothing: %v", err)
	}
	w := open(t, st)
	must(t, w.Close())
	for name := range st.objects {
		st.objects[name] = []byte("rubbish")
	}
	if _, err := Open(t.Context(), st); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("open of rubbish: %v", err)
	}
	if _, err := OpenWriter(t.Context(), st, testSchema, WriterOptions{}); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("a writer began anew over a lost index: %v", err)
	}
}

func TestCanceled(t *testing.T) {
	w := open(t, newMemory())
	ctx, cancel := context.WithCancel(t.Context())
	must(t, w.Put(ctx, &Document{Key: testKey(1)}))
	cancel()
	if err := w.Commit(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("commit: %v", err)
	}
	must(t, w.Commit(t.Context(), 1)) // nothing is lost
	checkVisible(t, w, oracle{testKey(1): &Document{Key: testKey(1)}})
}

// merging is a Storage that can write no merged segments.
type merging struct {
	*memory
	fails atomic.Bool
	tries atomic.Int64
}

func (m *merging) Create(ctx context.Context, name string, write func(io.Writer) error) error {
	return m.memory.Create(ctx, name, func(out io.Writer) error {
		var b bytes.Buffer
		if err := write(io.MultiWriter(out, &b)); err != nil {
			return err
		}
		if strings.HasPrefix(name, segmentPrefix) && bytes.Contains(b.Bytes(), []byte(`"source":"merge"`)) {
			m.tries.Add(1)
			if m.fails.Load() {
				return errInjected
			}
		}
		return nil
	})
}

// TestMergesFail: merges that fail are tried again less and less often, Stats says
// so, flushes fail when there are too many segments, and all is well when merges
// succeed again.
func TestMergesFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		st := &merging{memory: newMemory()}
		st.fails.Store(true)
		w, err := OpenWriter(ctx, st, testSchema, WriterOptions{Grace: -1})
		must(t, err)
		defer w.Close()
		want := oracle{}
		put := func(i int) error {
			d := &Document{Key: testKey(i), Values: []Value{{Field: 0, Text: "some words"}}}
			must(t, w.Put(ctx, d))
			want[d.Key] = d
			time.Sleep(time.Second)
			return w.Commit(ctx, 0)
		}
		docs := 0
		for err = nil; err == nil; docs++ {
			if docs > maxSegments+1 {
				t.Fatal("segments without end")
			}
			err = put(docs)
		}
		synctest.Wait()
		s := w.Stats()
		if !errors.Is(err, errInjected) || !errors.Is(s.MergeErr, errInjected) || s.Segments != maxSegments || s.BufferedDocs != 1 || s.BufferedBytes == 0 {
			t.Errorf("commit: %v, stats %+v", err, s)
		}
		// 400 s are tries after 1, 3, 7, 15, 31, 63 s and then each minute.
		if n := st.tries.Load(); n < 8 || n > 14 || uint64(n) != s.Failures {
			t.Errorf("%d tries to merge in %d s, stats %+v", n, docs, s)
		}
		st.fails.Store(false)
		time.Sleep(maxMergeDelay)
		synctest.Wait()
		must(t, w.Commit(ctx, 1))
		synctest.Wait()
		if s := w.Stats(); s.MergeErr != nil || s.Segments > tierSegments+1 || s.Merges == 0 || s.BufferedDocs != 0 {
			t.Errorf("stats %+v", s)
		}
		checkCommitted(t, st.memory, want, 1)
	})
}
