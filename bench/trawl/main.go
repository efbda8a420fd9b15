// Command trawl drives Trawl, through its public library alone.
//
// TRAWL_BENCH_PROFILE names a file for a CPU profile, TRAWL_BENCH_MEMORY is the
// Writer's memory in MB, and TRAWL_BENCH_PAIRS=off leaves out pairs of frequent words
// (give an index of its own then, by --cache).
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"

	"github.com/trawlsearch/trawl/bench/drive"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/query"
	"github.com/trawlsearch/trawl/rank"
	"github.com/trawlsearch/trawl/search"
)

// The fields of the schema. lang x-alnum: words are runs of letters and digits.
const (
	fieldID = iota
	fieldText
	lang = "x-alnum"
)

func main() {
	var stop func()
	if name := os.Getenv("TRAWL_BENCH_PROFILE"); name != "" {
		f, err := os.Create(name)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "profile:", err)
		}
		stop = pprof.StopCPUProfile
	}
	code := drive.Main(new(engine))
	if stop != nil {
		stop()
	}
	os.Exit(code)
}

type engine struct{ searcher search.Searcher }

func openWriter(dir string, opt index.WriterOptions, stored bool) (*index.Writer, error) {
	schema := index.Schema{Lang: lang, Fields: []index.Field{
		fieldID:   {Name: "id", Kind: index.Stored},
		fieldText: {Name: "text", Kind: index.Text, Stored: stored, Pairs: os.Getenv("TRAWL_BENCH_PAIRS") != "off"},
	}}
	opt.Holder, opt.Grace = "bench", -1
	if mb, err := strconv.Atoi(os.Getenv("TRAWL_BENCH_MEMORY")); err == nil {
		opt.MemoryBytes = int64(mb) << 20
	}
	return index.OpenWriter(context.Background(), index.Dir(dir), schema, opt)
}

func document(id, text string) *index.Document {
	return &index.Document{Key: key(id), Values: []index.Value{{Field: fieldID, Text: id}, {Field: fieldText, Text: text}}}
}

// key spreads ids evenly, as digests do: FNV-1a, then the finaliser of splitmix64
// for each half. 575,642 keys of 128 bits do not meet.
func key(id string) (k index.Key) {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	binary.BigEndian.PutUint64(k[:], mix(h))
	binary.BigEndian.PutUint64(k[8:], mix(h+0x9e3779b97f4a7c15))
	return k
}

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (e *engine) Index(parts []drive.Docs, dir string, stored bool, searchable func()) error {
	ctx := context.Background()
	w, err := openWriter(dir, index.WriterOptions{MemoryBytes: 96 << 20, ResidentBytes: -1}, stored)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := drive.All(parts, func(id, text string) error { return w.Put(ctx, document(id, text)) }); err != nil {
		return err
	}
	if err := w.Commit(ctx, 1); err != nil {
		return err
	}
	searchable()
	if err := w.Optimize(ctx); err != nil {
		return err
	}
	// What the commit before the last needs is kept: the third lets go of the
	// segments that were merged.
	for seq := range uint64(2) {
		if err := w.Commit(ctx, 2+seq); err != nil {
			return err
		}
	}
	return nil
}

// Merge has room for a whole part, so that there are as many segments as parts.
func (e *engine) Merge(parts []drive.Docs, dir string, start func()) error {
	ctx := context.Background()
	w, err := openWriter(dir, index.WriterOptions{NoMerge: true, MemoryBytes: 1 << 30}, false)
	if err != nil {
		return err
	}
	defer w.Close()
	for _, p := range parts {
		if err := p(func(id, text string) error { return w.Put(ctx, document(id, text)) }); err != nil {
			return err
		}
		if err := w.Refresh(ctx); err != nil {
			return err
		}
	}
	if err := w.Commit(ctx, 1); err != nil {
		return err
	}
	runtime.GC() // the rest of the building is not the merge's
	start()
	return w.Optimize(ctx)
}

// acquire is a Source from a function.
type acquire func() *index.Snapshot

func (a acquire) Acquire() (*index.Snapshot, error) { return a(), nil }

func (e *engine) use(a acquire) {
	model := &rank.Model{K1: 1.2, Fields: map[string]rank.FieldModel{"text": {Weight: 1, B: .75}}}
	e.searcher = search.Local(a, model, search.Options{})
}

func (e *engine) Open(dir string) error {
	s, err := index.Open(context.Background(), index.Dir(dir))
	if err != nil {
		return err
	}
	e.use(s.Acquire)
	return nil
}

func (e *engine) Search(q drive.Query, k int, count bool) (drive.Found, error) {
	ctx := context.Background()
	req := &search.Request{Tree: tree(q), Limit: k, NoTotal: !count}
	res, err := e.searcher.Search(ctx, req)
	if err != nil {
		return drive.Found{}, err
	}
	return drive.Found{Count: res.Total, Hits: func() ([]drive.Hit, error) {
		req.Brief = true
		if err := e.searcher.Fetch(ctx, req, res.Hits); err != nil {
			return nil, err
		}
		var hits []drive.Hit
		for _, h := range res.Hits {
			hits = append(hits, drive.Hit{ID: h.ID, Score: h.Score})
		}
		return hits, nil
	}}, nil
}

func tree(q drive.Query) query.Node {
	if q.Kind == "PHRASE" {
		return query.Phrase{Words: q.Words}
	}
	nodes := make([]query.Node, len(q.Words))
	for i, w := range q.Words {
		nodes[i] = query.Term{Text: w}
	}
	switch {
	case len(nodes) == 1:
		return nodes[0]
	case q.Kind == "AND":
		return query.And{Nodes: nodes}
	}
	return query.Or{Nodes: nodes}
}

func (e *engine) Adders(dir string) (map[string]func(id, text string) error, error) {
	ctx := context.Background()
	w, err := openWriter(dir, index.WriterOptions{}, false)
	if err != nil {
		return nil, err
	}
	e.use(w.Snapshot)
	seq := w.Seq()
	return map[string]func(id, text string) error{
		"nrt": func(id, text string) error {
			if err := w.Put(ctx, document(id, text)); err != nil {
				return err
			}
			return w.Refresh(ctx)
		},
		"commit": func(id, text string) error {
			if err := w.Put(ctx, document(id, text)); err != nil {
				return err
			}
			seq++
			return w.Commit(ctx, seq)
		},
	}, nil
}
