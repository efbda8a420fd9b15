package main

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"
)

// A row is what an n-gram says of each language: log P(last symbol | others).
type row struct {
	key  key
	logp []float32
	seen []share // of the languages that have it
}

type share struct {
	lang int
	freq float64
}

// A group is the languages of one script.
type group struct {
	script byte
	lex    *lexicon
	models []*model
	rows   []row // by order
	index  map[key]int
	weight [][]float64 // how much it matters to tell i from j
}

// Candidates are n-grams that some language has often enough: rarer ones can
// not earn their bytes.
const (
	minCount = 4
	minFreq  = 1e-6
)

func (g *group) candidates() {
	union := map[key]bool{}
	for _, m := range g.models {
		for k, n := range m.count {
			if k.order() <= 2 || n >= minCount && m.freq(k) >= minFreq {
				union[k] = true
			}
		}
	}
	delete(union, g.lex.ids[edge])
	keys := make([]key, 0, len(union))
	for k := range union {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		if c := cmp.Compare(a.order(), b.order()); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	g.rows = make([]row, len(keys))
	g.index = make(map[key]int, len(keys))
	for i, k := range keys {
		g.index[k] = i
	}
	parallel(len(keys), 1024, func(i int) {
		r := row{key: keys[i], logp: make([]float32, len(g.models))}
		for l, m := range g.models {
			r.logp[l] = m.logProb(r.key)
			if m.count[r.key] > 0 {
				r.seen = append(r.seen, share{l, m.freq(r.key)})
			}
		}
		g.rows[i] = r
	})
}

// parallel does 0 to n-1 on all processors, step at a time.
func parallel(n, step int, do func(i int)) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := 0
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				mu.Lock()
				from := next
				next += step
				mu.Unlock()
				if from >= n {
					return
				}
				for i := from; i < min(from+step, n); i++ {
					do(i)
				}
			}
		})
	}
	wg.Wait()
}

// isEvent tells the n-grams that predict a symbol of a text by all that is
// known: every symbol of a word has just one.
func (g *group) isEvent(k key) bool {
	n := k.order()
	return n == order || n > 1 && k>>(symbolBits*(n-1)) == g.lex.ids[edge]
}

// confusion weighs pairs of languages by how close they are: one over the
// divergence of j's model from i's, in nats by symbol.
func (g *group) confusion(power float64) {
	n := len(g.models)
	kl := make([][]float64, n)
	for i := range kl {
		kl[i] = make([]float64, n)
	}
	for _, r := range g.rows {
		if !g.isEvent(r.key) {
			continue
		}
		for _, s := range r.seen {
			for j := range n {
				kl[s.lang][j] += s.freq * float64(r.logp[s.lang]-r.logp[j])
			}
		}
	}
	g.weight = kl
	for i := range n {
		for j := range n {
			if i == j {
				g.weight[i][j] = 0
				continue
			}
			g.weight[i][j] = math.Pow(max(kl[i][j], 0.02), -power)
		}
	}
}

// choose returns the n-grams that are worth a row, at most limit: those whose
// row differs most from the row of the longest suffix that has one, which would
// be taken in its stead.
func (g *group) choose(limit int) []int {
	low, high := 0.0, 0.05
	var best []int
	for range 14 {
		mid := (low + high) / 2
		if low > 0 {
			mid = math.Sqrt(low * high)
		}
		if got := g.worth(mid); len(got) <= limit {
			best, high = got, mid
		} else {
			low = mid
		}
		if low == 0 && high < 1e-9 {
			break
		}
	}
	return best
}

func (g *group) worth(threshold float64) []int {
	parent := make([]int32, len(g.rows)) // the longest suffix with a row, which may be itself
	var out []int
	from := 0
	for from < len(g.rows) { // by order, since a suffix must be decided first
		to, n := from, g.rows[from].key.order()
		for to < len(g.rows) && g.rows[to].key.order() == n {
			to++
		}
		parallel(to-from, 1024, func(i int) {
			i += from
			r := &g.rows[i]
			p := int32(-1)
			if n > 1 {
				if s, ok := g.index[r.key.suffix()]; ok {
					p = parent[s]
				}
			}
			parent[i] = p
			if p < 0 || g.gain(r, &g.rows[p]) > threshold {
				parent[i] = int32(i)
			}
		})
		for i := from; i < to; i++ {
			if parent[i] == int32(i) {
				out = append(out, i)
			}
		}
		from = to
	}
	return out
}

// gain is what a row adds to its parent's: over texts of all languages, how far
// the margin to each other language is off without it.
func (g *group) gain(r, parent *row) float64 {
	sum := 0.0
	var d [maxLangs]float64
	for l := range g.models {
		d[l] = float64(r.logp[l] - parent.logp[l])
	}
	for _, s := range r.seen {
		w := g.weight[s.lang]
		part := 0.0
		for m := range g.models {
			delta := math.Abs(d[s.lang] - d[m])
			if delta > 1 { // Huber: squares of small errors, the size of large ones
				delta = min(delta, 6) - 0.5
			} else {
				delta *= delta / 2
			}
			part += w[m] * delta
		}
		sum += s.freq * part
	}
	return sum
}
