// Package speed measures how fast the answers of a collection are, as package
// eval measures how good: its own documents, this machine, and queries that
// somebody wrote or that are made of the documents.
//
// What is measured is an Ask: the Searcher of this process (Of), or a server
// through its API. Nothing is written but in Freshness, whose index is its own.
//
// # What the figures are
//
// Each query is asked Rounds times, in an order of each round's own, one at a
// time. The first round is told apart (First): it finds caches cold. Means and
// percentiles are of all other rounds together, not of each query's best, so that
// what disturbs a searcher on this machine is in them. A percentile p of n samples is
// the one with place ⌊p·n⌋ among the sorted. Times are microseconds.
//
// Rates are of whole answers, found and shown, by so many goroutines that ask
// as soon as they are answered. Percentiles there are of buckets 3 % wide.
//
// # Limits
//
// MaxQueries queries, MaxRounds rounds, MaxThreads threads.
package speed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/search"
)

// Bounds of one measurement: samples of 8 bytes twice, goroutines, patience.
const (
	MaxQueries  = 10_000
	MaxRounds   = 1000
	MaxThreads  = 1024
	MaxDuration = time.Hour
)

// slowestQueries is how many of the slowest queries a Report names.
const slowestQueries = 5

// ErrEmpty: the collection has nothing that queries could be made of.
var ErrEmpty = errors.New("speed: the collection has no words to ask for")

// An Ask asks one query and returns limit hits from offset on. Any number of
// goroutines may call it.
type Ask func(ctx context.Context, query string, offset, limit int) (Answer, error)

// An Answer is what one query got, and how long it took.
type Answer struct {
	Find time.Duration // to find and rank; of a server, all of the way there and back
	Show time.Duration // to read titles and snippets; of a server 0

	Total, Docs uint64 // documents that match, documents searched
	Partial     bool   // a part of the collection did not answer
	Dropped     bool   // a word was too common to be looked for

	// Texts are the titles and snippets of the hits, made when they are asked for.
	Texts func() []string
}

// Of asks a Searcher of this process, both trips: what an API does, without its
// HTTP and JSON.
func Of(s search.Searcher) Ask {
	return func(ctx context.Context, q string, offset, limit int) (a Answer, err error) {
		req := &search.Request{Query: q, Offset: offset, Limit: limit}
		start := time.Now()
		res, err := s.Search(ctx, req)
		if err != nil {
			return a, fmt.Errorf("speed: %w", err)
		}
		found := time.Now()
		if err := s.Fetch(ctx, req, res.Hits); err != nil {
			return a, fmt.Errorf("speed: %w", err)
		}
		a = Answer{
			Find: found.Sub(start), Show: time.Since(found), Total: res.Total, Docs: res.Docs,
			Partial: res.Shards.Failed > 0, Dropped: len(res.Dropped) > 0,
		}
		a.Texts = func() (texts []string) {
			for _, h := range res.Hits {
				texts = append(texts, h.Title, spans(h.Snippet))
			}
			return texts
		}
		return a, nil
	}
}

func spans(list []search.Span) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(s.Text)
	}
	return b.String()
}

// A Query is a text and the class that it is reported under.
type Query struct{ Class, Text string }

// Options of a measurement; the zero value works.
type Options struct {
	Limit    int           // hits of an answer; 0: 10
	Rounds   int           // times each query is asked, the first told apart; 0: 6
	Threads  []int         // goroutines of each rate; none: no rates
	Duration time.Duration // of each rate; 0: 2 s
	Seed     uint64        // of the orders

	// Progress is told how far the measurement has come; nil: nobody.
	Progress func(stage string, done, total int)
}

// A Report is what was measured. If the context ended first it is of what was
// measured until then.
type Report struct {
	Classes []Class `json:"classes"` // in the order of the queries, the last of all together
	Rates   []Rate  `json:"rates"`
	Slowest []Slow  `json:"slowest"` // by the mean of their rounds
	Partial int     `json:"partial"` // answers that a part of the collection had no share in
}

// A Class sums up the queries of one kind. Times are microseconds.
type Class struct {
	Name    string  `json:"class"`
	Queries int     `json:"queries"`
	Matches float64 `json:"matches"` // mean documents that match
	Samples int     `json:"samples"` // searches that the rest but First is of
	First   float64 `json:"first_us"`
	Mean    float64 `json:"mean_us"`
	P50     float64 `json:"p50_us"`
	P90     float64 `json:"p90_us"`
	P99     float64 `json:"p99_us"`
	Max     float64 `json:"max_us"`
	Show    float64 `json:"show_us"` // mean
}

// A Slow is a query and the mean of its rounds but the first.
type Slow struct {
	Query   string  `json:"query"`
	Class   string  `json:"class"`
	Matches uint64  `json:"matches"`
	Mean    float64 `json:"mean_us"`
}

// sampled is what one query's answers took, by round.
type sampled struct {
	Query
	total      uint64
	find, show []time.Duration
}

func (o Options) filled() Options {
	if o.Limit == 0 {
		o.Limit = 10
	}
	if o.Rounds == 0 {
		o.Rounds = 6
	}
	if o.Duration == 0 {
		o.Duration = 2 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	return o
}

func (o Options) check(queries int) error {
	switch {
	case queries == 0:
		return ErrEmpty
	case queries > MaxQueries:
		return fmt.Errorf("speed: %d queries: at most %d", queries, MaxQueries)
	case o.Rounds < 1 || o.Rounds > MaxRounds:
		return fmt.Errorf("speed: %d rounds: want 1 to %d", o.Rounds, MaxRounds)
	case o.Duration < 0 || o.Duration > MaxDuration:
		return fmt.Errorf("speed: %v for a rate: want 0 to %v", o.Duration, MaxDuration)
	}
	for _, n := range o.Threads {
		if n < 1 || n > MaxThreads {
			return fmt.Errorf("speed: %d threads: want 1 to %d", n, MaxThreads)
		}
	}
	return nil
}

// Run asks the queries. With an error of the context, or of a query, comes the
// report of what was measured before.
func Run(ctx context.Context, ask Ask, queries []Query, opt Options) (*Report, error) {
	opt = opt.filled()
	if err := opt.check(len(queries)); err != nil {
		return nil, err
	}
	rep := &Report{Classes: []Class{}, Rates: []Rate{}, Slowest: []Slow{}}
	samples := make([]sampled, len(queries))
	for i, q := range queries {
		samples[i].Query = q
	}
	err := rep.rounds(ctx, ask, samples, opt)
	rep.sum(samples)
	for i := 0; i < len(opt.Threads) && err == nil; i++ {
		var r Rate
		opt.Progress(fmt.Sprintf("%d at a time", opt.Threads[i]), i, len(opt.Threads))
		if r, err = rate(ctx, ask, queries, opt, opt.Threads[i]); r.Answers > 0 {
			rep.Rates = append(rep.Rates, r)
		}
	}
	return rep, err
}

// rounds asks all queries, one at a time.
func (rep *Report) rounds(ctx context.Context, ask Ask, samples []sampled, opt Options) error {
	order := make([]int, len(samples))
	for i := range order {
		order[i] = i
	}
	random := rand.New(rand.NewPCG(opt.Seed, 1))
	for round := range opt.Rounds {
		opt.Progress("one at a time", round, opt.Rounds)
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			s := &samples[i]
			a, err := ask(ctx, s.Text, 0, opt.Limit)
			if err != nil {
				return failed(ctx, s.Text, err)
			}
			if a.Partial {
				rep.Partial++
			}
			s.total = a.Total
			s.find, s.show = append(s.find, a.Find), append(s.show, a.Show)
		}
	}
	return nil
}

// failed is the context's error where that is why a query failed.
func failed(ctx context.Context, query string, err error) error {
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	return fmt.Errorf("speed: ask %q: %w", query, err)
}

// sum makes the classes and the slowest of what was asked.
func (rep *Report) sum(samples []sampled) {
	asked := slices.DeleteFunc(slices.Clone(samples), func(s sampled) bool { return len(s.find) == 0 })
	var names []string
	for _, s := range asked {
		if !slices.Contains(names, s.Class) {
			names = append(names, s.Class)
		}
	}
	for _, name := range names {
		rep.Classes = append(rep.Classes, class(name, slices.DeleteFunc(slices.Clone(asked), func(s sampled) bool { return s.Class != name })))
	}
	if len(names) > 1 {
		rep.Classes = append(rep.Classes, class("all", asked))
	}
	slices.SortStableFunc(asked, func(a, b sampled) int { return int(b.mean() - a.mean()) })
	for _, s := range asked[:min(slowestQueries, len(asked))] {
		rep.Slowest = append(rep.Slowest, Slow{s.Text, s.Class, s.total, micros(s.mean())})
	}
}

// warm is the times of all rounds but the first, or of the first if there is no
// other.
func warm(times []time.Duration) []time.Duration {
	return times[min(1, len(times)-1):]
}

func (s *sampled) mean() time.Duration { return mean(warm(s.find)) }

func class(name string, of []sampled) Class {
	c := Class{Name: name, Queries: len(of)}
	var first, find, show []time.Duration
	for _, s := range of {
		c.Matches += float64(s.total) / float64(len(of))
		first = append(first, s.find[0])
		find = append(find, warm(s.find)...)
		show = append(show, warm(s.show)...)
	}
	slices.Sort(find)
	at := func(p float64) float64 { return micros(find[min(len(find)-1, int(p*float64(len(find))))]) }
	c.Samples, c.First, c.Mean, c.Show = len(find), micros(mean(first)), micros(mean(find)), micros(mean(show))
	c.P50, c.P90, c.P99, c.Max = at(.5), at(.9), at(.99), at(1)
	return c
}

func mean(times []time.Duration) time.Duration {
	sum := time.Duration(0)
	for _, t := range times {
		sum += t
	}
	return sum / time.Duration(len(times))
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
