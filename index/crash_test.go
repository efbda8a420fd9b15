package index

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/trawlsearch/trawl/internal/durable"
	"github.com/trawlsearch/trawl/internal/durable/crashtest"
)

// A commitment is what a commit promised, and the changes of the file system that
// lay before and behind it.
type commitment struct {
	from, to int
	want     oracle
	seq      uint64
}

// A life is an index in a directory whose changes are recorded, through claims,
// flushes, deletes, a merge and commits. Its first commitment is the claim.
type life struct {
	t       *testing.T
	st      Storage
	log     *crashtest.Log
	r       *rand.Rand
	commits []commitment
	failed  func(now *commitment) // an operation has failed, within now if not nil
}

// quickDir is a directory where a sync costs nothing, if there is one.
func quickDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "trawl-index-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func newLife(t *testing.T, seed uint64) *life {
	root := quickDir(t)
	l := &life{t: t, log: crashtest.New(root), r: rand.New(rand.NewPCG(seed, 20))}
	l.st = newDir(root, l.log.FS())
	l.failed = func(*commitment) { t.Fatal("nothing was to fail") }
	return l
}

// again does op until it succeeds, and has the failures looked at.
func (l *life) again(now *commitment, op func() error) {
	l.t.Helper()
	for range 20 {
		err := op()
		if err == nil {
			return
		}
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EIO) {
			l.t.Fatal(err)
		}
		l.failed(now)
	}
	l.t.Fatal("it never succeeds")
}

func (l *life) run() {
	t, ctx := l.t, l.t.Context()
	var w *Writer
	now := oracle{}
	claim := commitment{want: oracle{}}
	l.again(&claim, func() (err error) {
		w, err = OpenWriter(ctx, l.st, testSchema, WriterOptions{Grace: -1, NoMerge: true, ScratchDir: t.TempDir()})
		return err
	})
	defer w.Close()
	claim.to = l.log.Len()
	l.commits = append(l.commits, claim)
	for seq := range uint64(4) {
		for range 2 {
			for range 4 {
				d := randomDocument(l.r, l.r.IntN(12))
				must(t, w.Put(ctx, d))
				now[d.Key] = d
			}
			k := testKey(l.r.IntN(12))
			must(t, w.Delete(ctx, k))
			delete(now, k)
			l.again(nil, func() error { return w.Refresh(ctx) })
		}
		if seq == 2 {
			l.again(nil, func() error { return w.Optimize(ctx) })
		}
		c := commitment{from: l.log.Len(), want: now.clone(), seq: seq + 1}
		l.again(&c, func() error { return w.Commit(ctx, c.seq) })
		c.to = l.log.Len()
		l.commits = append(l.commits, c)
	}
}

// allowed is the commits that may be found behind n changes: the last that was
// acknowledged, and the one under way. Nothing at all may be found where nothing was
// acknowledged.
func (l *life) allowed(n int) (out []commitment, nothing bool) {
	nothing = true
	for _, c := range l.commits {
		switch {
		case c.to <= n:
			out, nothing = []commitment{c}, false
		case c.from < n:
			out = append(out, c)
		}
	}
	return out, nothing
}

// objects is a state as a Storage, and the names of temporary files in it.
func objects(t *testing.T, state crashtest.State) (st *memory, temps int) {
	t.Helper()
	st = newMemory()
	for name, data := range state {
		switch {
		case durable.IsTemp(name):
			temps++
		case strings.HasPrefix(name, segmentPrefix) || strings.HasPrefix(name, livePrefix) || strings.HasPrefix(name, manifestPrefix):
			st.objects[name] = data
		default:
			t.Fatalf("a file %s", name)
		}
	}
	return st, temps
}

// survives opens what a crash left, which must be one of allowed, exactly, and lets a
// writer go on from there, who must leave nothing but what it needs.
func survives(t *testing.T, what string, state crashtest.State, allowed []commitment, nothing bool) {
	t.Helper()
	ctx := t.Context()
	st, _ := objects(t, state)
	found := commitment{want: oracle{}}
	s, err := Open(ctx, st)
	switch {
	case err == nil:
		at := slices.IndexFunc(allowed, func(c commitment) bool { return c.seq == s.Seq() })
		if at < 0 || s.Damage() != nil {
			t.Fatalf("%s: found seq %d, damage %v", what, s.Seq(), s.Damage())
		}
		found = allowed[at]
		found.want.check(t, s)
		must(t, s.Verify(ctx))
		s.Close()
	case !nothing || !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrCorrupt):
		t.Fatalf("%s: %v", what, err)
	}
	w, err := OpenWriter(ctx, st, testSchema, WriterOptions{Grace: -1, NoMerge: true})
	if err != nil || w.Seq() != found.seq {
		t.Fatalf("%s: the writer goes on from %d, not %d: %v", what, w.Seq(), found.seq, err)
	}
	defer w.Close()
	d := &Document{Key: testKey(99), Values: []Value{{Field: 0, Text: "after the crash"}}}
	must(t, w.Put(ctx, d))
	must(t, w.Commit(ctx, found.seq+1))
	want := found.want.clone()
	want[d.Key] = d
	checkCommitted(t, st, want, found.seq+1)
	left, needed := st.objects, w.needed()
	for name := range left {
		if !needed[name] {
			t.Fatalf("%s: %s is left, and nobody needs it", what, name)
		}
	}
}

// TestCrashPoints cuts the power behind every change that a life makes: with all lost
// that was not synced, with nothing lost, and with parts lost in any way.
func TestCrashPoints(t *testing.T) {
	seed := rand.Uint64()
	l := newLife(t, seed)
	l.run()
	rounds := 4
	if testing.Short() {
		rounds = 2
	}
	for n := range l.log.Len() + 1 {
		allowed, nothing := l.allowed(n)
		for round := range 2 + rounds {
			loss := crashtest.Loss(min(round, int(crashtest.Some)))
			what := fmt.Sprintf("seed %d, %d changes of %d, loss %d, round %d", seed, n, l.log.Len(), loss, round)
			r := rand.New(rand.NewPCG(seed, uint64(n*100+round)))
			state := l.log.Crash(n, loss, r)
			survives(t, what, state, allowed, nothing)
			if round == 2 && n%10 == 0 { // in a real directory too
				survivesInDir(t, what, state, allowed)
			}
		}
	}
}

// survivesInDir opens a state as files; what never became an object does not disturb.
func survivesInDir(t *testing.T, what string, state crashtest.State, allowed []commitment) {
	t.Helper()
	root := quickDir(t)
	must(t, state.Write(root))
	w, err := OpenWriter(t.Context(), Dir(root), testSchema, WriterOptions{Grace: -1, NoMerge: true})
	if err != nil {
		t.Fatalf("%s: in a directory: %v", what, err)
	}
	defer w.Close()
	for _, c := range allowed {
		if c.seq == w.Seq() {
			checkVisible(t, w, c.want)
		}
	}
}

// TestLostSyncs is for disks that lie: a sync returned and did nothing. What is opened
// then is a commit, exactly, or it is said to be corrupt.
func TestLostSyncs(t *testing.T) {
	seed := rand.Uint64()
	l := newLife(t, seed)
	l.run()
	corrupt, whole := 0, 0
	for lost := range l.log.Len() {
		if kind := l.log.Op(lost).Kind; kind != durable.OpSync && kind != durable.OpSyncDir {
			continue
		}
		for round := range 6 {
			r := rand.New(rand.NewPCG(seed, uint64(lost*100+round)))
			n := min(lost+1+r.IntN(20), l.log.Len())
			st, _ := objects(t, l.log.Crash(n, crashtest.Some, r, lost))
			s, err := Open(t.Context(), st)
			if err == nil {
				if err = s.Verify(t.Context()); err == nil {
					at := slices.IndexFunc(l.commits, func(c commitment) bool { return c.seq == s.Seq() })
					l.commits[at].want.check(t, s)
					whole++
				}
				readAll(s)
				s.Close()
			}
			if err != nil {
				if !errors.Is(err, ErrCorrupt) && !errors.Is(err, fs.ErrNotExist) {
					t.Fatalf("seed %d, sync %d lost, %d changes: %v", seed, lost, n, err)
				}
				corrupt++
			}
		}
	}
	if corrupt == 0 || whole == 0 {
		t.Errorf("seed %d: %d states were corrupt, %d whole", seed, corrupt, whole)
	}
}

// every has tests look at every place instead of a sample:
//
//	go test ./index -run 'EveryChange|EveryBit' -every
var every = flag.Bool("every", false, "look at every place where tests look at a sample")

// TestEveryChangeFails lets every change of the file system fail, alone or with those
// behind it, for want of space or of a disk. Behind each failure a crash must leave the
// last commit or the one under way; the writer tries again, and nothing is lost.
func TestEveryChangeFails(t *testing.T) {
	step := 10 // of 200 changes; all of them take 20 s
	if *every {
		step = 1
	}
	for _, fault := range []struct {
		err  error
		many int
	}{{syscall.ENOSPC, 1}, {syscall.EIO, 1}, {syscall.ENOSPC, 6}} {
		for n, seen := rand.IntN(step), step; n < seen; n += step {
			l := newLife(t, 21)
			l.log.Fault = func(i int, _ durable.Op) error {
				if i >= n && i < n+fault.many {
					return fault.err
				}
				return nil
			}
			what := fmt.Sprintf("%v for %d changes from %d", fault.err, fault.many, n)
			l.failed = func(now *commitment) {
				for loss := range crashtest.Some + 1 {
					allowed, nothing := slices.Clone(l.commits), false
					if len(allowed) == 0 {
						nothing = true
					} else {
						allowed = allowed[len(allowed)-1:]
					}
					if now != nil {
						allowed = append(allowed, *now)
					}
					survives(t, what, l.log.Crash(l.log.Len(), loss, l.r), allowed, nothing)
				}
			}
			l.run()
			last := l.commits[len(l.commits)-1]
			checkCommitted(t, l.st, last.want, last.seq)
			survives(t, what, l.log.Crash(l.log.Len(), crashtest.All, nil), []commitment{last}, false)
			seen = l.log.Seen()
			os.RemoveAll(l.st.(dir).root)
		}
	}
}
