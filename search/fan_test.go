package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/index"
)

// locals are the Searchers of a corpus's parts.
func (c *corpus) locals() []Searcher {
	var out []Searcher
	for _, w := range c.parts {
		out = append(out, Local(live{w}, c.oracle.model, Options{}))
	}
	return out
}

// TestFanIsTheOracle wants the same hits and scores however documents are split.
func TestFanIsTheOracle(t *testing.T) {
	seed := rand.Uint64()
	step, queries := 1, 40
	if testing.Short() {
		step, queries = 2, 15
	}
	for parts := 1; parts <= 5; parts += step {
		c := newCorpus(t, seed+uint64(parts), 300, parts)
		s := Fan(c.locals())
		nested := Fan([]Searcher{Fan(c.locals()[:parts/2]), Fan(c.locals()[parts/2:])})
		for range queries {
			text, offset, limit := c.query(3), c.rand.IntN(5), 1+c.rand.IntN(30)
			req := c.request(text, offset, limit)
			c.checkRequest(t, s, req)
			c.checkRequest(t, nested, req)
		}
	}
}

// TestRemoteIsLocal wants every answer unchanged by the wire.
func TestRemoteIsLocal(t *testing.T) {
	seed := rand.Uint64()
	c := newCorpus(t, seed, 200, 1)
	s := c.locals()[0]
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback: %v", err)
	}
	srv := NewServer(func(_ context.Context, name string) (Searcher, error) {
		if name != "c" {
			return nil, fmt.Errorf("no collection %q", name)
		}
		return s, nil
	})
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	client, err := Dial(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	remote := client.Collection("c")
	for i := range 60 {
		req := c.request(c.query(3)+" \xff", 0, 10)
		req.Explain, req.Brief = true, i%3 == 0
		want, err := s.Search(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := remote.Search(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Fetch(t.Context(), req, want.Hits), remote.Fetch(t.Context(), req, got.Hits)); err != nil {
			t.Fatal(err)
		}
		for _, h := range want.Hits {
			if h.ID != h.Key.String() || (h.Fields == nil) != req.Brief || (h.TitleSpans == nil) != (req.Brief || h.Title == "") {
				t.Fatalf("seed %d: %s: brief %v: %+v", seed, req.Query, req.Brief, h)
			}
		}
		want.Took, got.Took = 0, 0
		a, err1 := json.Marshal(got)
		b, err2 := json.Marshal(want)
		if string(a) != string(b) || errors.Join(err1, err2) != nil {
			t.Fatalf("seed %d: %s:\n got %s\nwant %s", seed, req.Query, a, b)
		}
		stats, err := remote.Stats(t.Context(), req)
		own, _ := s.Stats(t.Context(), req)
		if err != nil || stats.Docs != own.Docs || !reflect.DeepEqual(stats.Terms, own.Terms) {
			t.Fatalf("seed %d: %s: stats %+v, %v, want %+v", seed, req.Query, stats, err, own)
		}
	}
	check := func(s Searcher, req Request, want error) {
		t.Helper()
		if _, err := s.Search(t.Context(), &req); !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", req, err, want)
		}
	}
	check(remote, Request{Limit: -1}, ErrDepth)
	check(remote, Request{MinSeq: 9}, ErrBehind)
	check(client.Collection("other"), Request{}, ErrUnknown)

	client.Close()
	srv.GracefulStop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, err := remote.Search(t.Context(), &Request{}); err == nil {
		t.Error("a closed client answers")
	}
}

// A fake is a part that fails, or waits for its context to end.
type fake struct {
	err   error
	hangs bool
	calls int
}

func (f *fake) answer(ctx context.Context) error {
	f.calls++
	if f.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.err
}

func (f *fake) Stats(ctx context.Context, _ *Request) (*Stats, error) {
	return &Stats{}, f.answer(ctx)
}
func (f *fake) Search(ctx context.Context, _ *Request) (*Result, error) {
	return &Result{Total: 5, Shards: Shards{1, 1, 0}, Hits: []Hit{{Key: index.Key{1}, Score: 2}}}, f.answer(ctx)
}
func (f *fake) Fetch(ctx context.Context, _ *Request, hits []Hit) error {
	for i := range hits {
		hits[i].ID = "x"
	}
	return f.answer(ctx)
}

func TestFanWithFailures(t *testing.T) {
	check := func(name string, parts []Searcher, want Shards, wantErr bool) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			res, err := Fan(parts).Search(ctx, &Request{Limit: 10})
			if (err != nil) != wantErr {
				t.Errorf("%s: error %v", name, err)
			}
			if ctx.Err() != nil {
				t.Errorf("%s: the answer comes too late for who asked", name)
			}
			if err == nil && (res.Shards != want || len(res.Problems) != want.Failed || len(res.Hits) != want.OK) {
				t.Errorf("%s: %+v, want %+v", name, res, want)
			}
		})
	}
	broken := errors.New("broken")
	check("no parts", nil, Shards{}, false)
	check("all well", []Searcher{&fake{}, &fake{}}, Shards{2, 2, 0}, false)
	check("one fails", []Searcher{&fake{}, &fake{err: broken}}, Shards{2, 1, 1}, false)
	check("one is late", []Searcher{&fake{hangs: true}, &fake{}}, Shards{2, 1, 1}, false)
	check("all fail", []Searcher{&fake{err: broken}, &fake{hangs: true}}, Shards{}, true)
}

func TestFanFetch(t *testing.T) {
	c := newCorpus(t, rand.Uint64(), 60, 3)
	s := Fan(c.locals())
	req := &Request{Query: "*", Limit: 60}
	res, err := s.Search(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for i := range res.Hits {
		if i%2 == 0 {
			res.Hits[i].Part = c.rand.IntN(9) // set up anew since
		}
	}
	if err := s.Fetch(t.Context(), req, res.Hits); err != nil {
		t.Fatal(err)
	}
	for _, h := range res.Hits {
		if h.ID != h.Key.String() || h.Fields["site"] == "" {
			t.Errorf("hit %s was filled in as %+v", h.Key, h)
		}
	}
	gone := []Hit{{Key: index.Key{1, 2, 3}}}
	if err := s.Fetch(t.Context(), req, gone); err != nil || gone[0].ID != "" {
		t.Errorf("a document that is gone: %+v, %v", gone, err)
	}
}

func TestAny(t *testing.T) {
	broken := errors.New("broken")
	good, bad := &fake{}, &fake{err: broken}
	s := Any([]Searcher{good, bad, bad})
	for range 6 {
		if _, err := s.Search(t.Context(), &Request{}); err != nil {
			t.Fatal(err)
		}
	}
	if good.calls != 6 || bad.calls == 0 {
		t.Errorf("%d and %d calls", good.calls, bad.calls)
	}
	if _, err := Any([]Searcher{bad}).Search(t.Context(), &Request{}); !errors.Is(err, broken) {
		t.Errorf("the only replica fails with %v", err)
	}
	if _, err := Any(nil).Stats(t.Context(), &Request{}); err == nil {
		t.Error("no replicas answer")
	}
	deep := &fake{err: ErrDepth}
	if _, err := Any([]Searcher{deep, deep}).Search(t.Context(), &Request{}); !errors.Is(err, ErrDepth) || deep.calls != 1 {
		t.Errorf("what is asked wrongly is asked %d times: %v", deep.calls, err)
	}
}

// TestStatsAdd wants the same sum in every order and grouping.
func TestStatsAdd(t *testing.T) {
	c := newCorpus(t, rand.Uint64(), 200, 4)
	for range 20 {
		req := &Request{Query: c.query(3) + " w1* title:w* w?a w12a~2"}
		var all []*Stats
		for _, s := range c.locals() {
			stats, err := s.Stats(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, stats)
		}
		forward, backward := new(Stats), new(Stats)
		for _, s := range all {
			forward.Add(s)
		}
		slices.Reverse(all)
		for _, s := range all {
			backward.Add(s)
		}
		if !reflect.DeepEqual(forward, backward) {
			t.Fatalf("seed %d: %s: %+v and %+v", c.seed, req.Query, forward, backward)
		}
	}
}

// TestCallersOwn: what is the caller's fault is told once, without the way it came.
func TestCallersOwn(t *testing.T) {
	fault := fmt.Errorf("%w: %q has no values to count", ErrField, "x")
	far := fromStatus("10.0.0.1:1", toStatus(fault))
	bad := func() Searcher { return &fake{err: far} }
	_, err := Fan([]Searcher{Any([]Searcher{bad(), bad()}), bad()}).Search(t.Context(), &Request{})
	if !errors.Is(err, ErrField) || err.Error() != fault.Error() {
		t.Errorf("%v, want %v", err, fault)
	}
	if _, err := Fan([]Searcher{bad()}).Stats(t.Context(), &Request{}); err == nil || err.Error() != fault.Error() {
		t.Errorf("Stats: %v, want %v", err, fault)
	}
}
