package index

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/trawlsearch/trawl/index/postings"
)

// Documents that share terms are given numbers near each other by recursive graph
// bisection (L. Dhulipala and others, Compressing graphs and indexes with recursive
// graph bisection, KDD 2016): the documents are halved, those that would lower the
// cost of gaps most change sides until few want to, and each half is halved again.
const (
	// Terms in fewer documents say little and in more than a quarter nothing of
	// whom a document is like.
	reorderLeastDocs = 512
	reorderMostShare = 4

	reorderLeaf       = 32 // documents that are not halved
	reorderIterations = 12
	reorderSwaps      = 0.005 // share of swaps below which a half is left as it is
)

// bisected is an arranger that puts like documents together, by the text field with
// the most tokens. It holds 4 bytes a posting of the terms it goes by and some 40 a
// document, and takes 1.2 µs of one core a posting.
func bisected(ctx context.Context, schema Schema, sources []*Segment) (*arrangement, error) {
	field, most := -1, uint64(0)
	for i := range schema.Fields {
		tokens := uint64(0)
		for _, g := range sources {
			tokens += g.FieldStats(i).Tokens
		}
		if schema.kind(i) == Text && tokens > most {
			field, most = i, tokens
		}
	}
	if field < 0 {
		return nil, nil
	}
	docs := liveDocs(sources)
	starts, terms, n, err := forward(ctx, sources, field, len(docs))
	if err != nil {
		return nil, err
	}
	order, err := bisect(ctx, starts, terms, n)
	if err != nil {
		return nil, err
	}
	sorted := make([]arranged, len(docs))
	for i, doc := range order {
		sorted[i] = docs[doc]
	}
	return newArrangement(sources, sorted), nil
}

// forward is the terms of each live document, numbered from 0 in the order of
// sources: terms[starts[d]:starts[d+1]], n different ones.
func forward(ctx context.Context, sources []*Segment, field, docs int) (starts []uint64, terms []uint32, n int, err error) {
	starts = make([]uint64, docs+2)
	for _, fill := range []bool{false, true} {
		if fill { // starts[d+1] is where the next term of d goes: d+1 begins there at last
			for d := 1; d < len(starts); d++ {
				starts[d] += starts[d-1]
			}
			terms = make([]uint32, starts[docs+1])
		}
		n, err = eachOfSome(ctx, sources, field, docs, func(doc, term uint32) {
			if fill {
				terms[starts[doc+1]] = term
				starts[doc+1]++
			} else {
				starts[doc+2]++
			}
		})
		if err != nil {
			return nil, nil, 0, err
		}
	}
	return starts[:docs+1], terms, n, nil
}

// eachOfSome calls fn with the postings of live documents of the terms that are
// neither rare nor frequent, and returns how many terms these are.
func eachOfSome(ctx context.Context, sources []*Segment, field, docs int, fn func(doc, term uint32)) (int, error) {
	var open termQueue
	base := uint32(0)
	for i, g := range sources {
		if d := g.Terms(field); d != nil {
			s := &termSource{mergeSource: newMergeSource(g, base), field: field, order: i, it: d.Iter(), ordinal: -1}
			if err := open.push(s); err != nil {
				return 0, err
			}
		}
		base += g.Docs()
	}
	least := uint64(min(reorderLeastDocs, max(2, docs/256)))
	n := 0
	var same []*termSource
	for step := 0; len(open) > 0; step++ {
		if step%checkEvery == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		same = open.take(same[:0])
		size := uint64(0)
		for _, s := range same {
			size += uint64(s.it.Info().Docs)
		}
		chosen := size >= least && size <= uint64(docs/reorderMostShare)
		for _, s := range same {
			if chosen {
				if err := s.each(uint32(n), fn); err != nil {
					return 0, err
				}
			}
			if err := open.push(s); err != nil {
				return 0, err
			}
		}
		if chosen {
			n++
		}
	}
	return n, nil
}

// each calls fn with the live documents of the present term.
func (s *termSource) each(term uint32, fn func(doc, term uint32)) error {
	c := &s.cursor
	s.PostingsAt(c, s.field, s.it.Info())
	for doc := c.Next(); doc != postings.None; doc = c.Next() {
		if to, live := s.renumber(doc); live {
			fn(to, term)
		}
	}
	return c.Err()
}

// A bisection orders documents. terms of document d are terms[starts[d]:starts[d+1]],
// as numbers below n.
type bisection struct {
	ctx    context.Context
	starts []uint64
	terms  []uint32
	n      int
	logs   []float32 // log2 of small numbers
	spare  chan struct{}
}

// bisect returns the documents in their new order.
func bisect(ctx context.Context, starts []uint64, terms []uint32, n int) ([]uint32, error) {
	b := &bisection{ctx: ctx, starts: starts, terms: terms, n: n, logs: make([]float32, 1<<14)}
	for i := range b.logs {
		b.logs[i] = float32(math.Log2(float64(i)))
	}
	b.spare = make(chan struct{}, max(0, runtime.GOMAXPROCS(0)-1))
	docs := make([]uint32, len(starts)-1)
	for i := range docs {
		docs[i] = uint32(i)
	}
	b.split(docs, nil)
	return docs, ctx.Err()
}

// sides is the memory of one goroutine.
type sides struct {
	degree [2][]int32   // by term: documents of each side that hold it
	gain   [2][]float32 // by term: what a document gains by leaving the side
	seen   []uint32     // terms that have a degree
}

func (b *bisection) sides() *sides {
	s := new(sides)
	for i := range s.degree {
		s.degree[i], s.gain[i] = make([]int32, b.n), make([]float32, b.n)
	}
	return s
}

// split orders some documents in place, with the memory of the caller or its own.
func (b *bisection) split(docs []uint32, s *sides) {
	if s == nil {
		s = b.sides()
	}
	for len(docs) > reorderLeaf && b.ctx.Err() == nil {
		half := len(docs) / 2
		b.balance(docs[:half], docs[half:], s)
		var other sync.WaitGroup
		select {
		case b.spare <- struct{}{}:
			other.Go(func() {
				b.split(docs[half:], nil)
				<-b.spare
			})
			b.split(docs[:half], s)
			other.Wait()
			return
		default:
		}
		b.split(docs[:half], s)
		docs = docs[half:]
	}
	if b.ctx.Err() == nil {
		slices.Sort(docs)
	}
}

// balance moves documents between two sides until few want to move.
func (b *bisection) balance(left, right []uint32, s *sides) {
	slices.Sort(left)
	slices.Sort(right)
	for range reorderIterations {
		if b.ctx.Err() != nil {
			break
		}
		b.count(left, right, s)
		sort := func(docs []uint32, gain []float32) []ranked {
			out := make([]ranked, len(docs))
			for i, d := range docs {
				sum := float32(0)
				for _, t := range b.terms[b.starts[d]:b.starts[d+1]] {
					sum += gain[t]
				}
				out[i] = ranked{sum, d}
			}
			slices.SortFunc(out, func(x, y ranked) int {
				switch {
				case x.gain > y.gain:
					return -1
				case x.gain < y.gain:
					return 1
				}
				return int(x.doc) - int(y.doc)
			})
			return out
		}
		l, r := sort(left, s.gain[0]), sort(right, s.gain[1])
		b.forget(s)
		swaps := 0
		for swaps < min(len(l), len(r)) && l[swaps].gain+r[swaps].gain > 0 {
			l[swaps], r[swaps] = r[swaps], l[swaps]
			swaps++
		}
		for i := range l {
			left[i] = l[i].doc
		}
		for i := range r {
			right[i] = r[i].doc
		}
		if float64(swaps) <= reorderSwaps*float64(len(left)) {
			break
		}
	}
}

// ranked is a document with what it gains by changing sides.
type ranked struct {
	gain float32
	doc  uint32
}

// count sets the degrees of the terms of two sides, and the gains of leaving them.
func (b *bisection) count(left, right []uint32, s *sides) {
	for side, docs := range [][]uint32{left, right} {
		degree := s.degree[side]
		for _, d := range docs {
			for _, t := range b.terms[b.starts[d]:b.starts[d+1]] {
				if s.degree[0][t]+s.degree[1][t] == 0 {
					s.seen = append(s.seen, t)
				}
				degree[t]++
			}
		}
	}
	logL, logR := b.log(int32(len(left))), b.log(int32(len(right)))
	for _, t := range s.seen {
		l, r := s.degree[0][t], s.degree[1][t]
		now := b.cost(l, logL) + b.cost(r, logR)
		if l > 0 {
			s.gain[0][t] = now - b.cost(l-1, logL) - b.cost(r+1, logR)
		}
		if r > 0 {
			s.gain[1][t] = now - b.cost(l+1, logL) - b.cost(r-1, logR)
		}
	}
}

// cost is about the bits of the gaps of a list of degree among 2^log documents.
func (b *bisection) cost(degree int32, log float32) float32 {
	return float32(degree) * (log - b.log(degree+1))
}

func (b *bisection) log(n int32) float32 {
	if int(n) < len(b.logs) {
		return b.logs[n]
	}
	return float32(math.Log2(float64(n)))
}

// forget takes the degrees back.
func (b *bisection) forget(s *sides) {
	for _, t := range s.seen {
		s.degree[0][t], s.degree[1][t] = 0, 0
	}
	s.seen = s.seen[:0]
}
