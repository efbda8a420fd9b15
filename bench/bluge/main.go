// Command bluge drives Bluge. Its index is the offline writer's, since the other
// cannot be told to merge to one segment.
package main

import (
	"context"
	"os"

	"github.com/blugelabs/bluge"
	"github.com/blugelabs/bluge/analysis"

	"github.com/trawlsearch/trawl/bench/drive"
)

const (
	field         = "text"
	batchDocs     = 10_000
	mergeSegments = 10
)

func main() { os.Exit(drive.Main(new(engine))) }

type tokenizer struct{}

func (tokenizer) Tokenize(text []byte) analysis.TokenStream {
	stream := make(analysis.TokenStream, 0, len(text)/5)
	drive.Words(text, func(word []byte, start, end int) {
		stream = append(stream, &analysis.Token{Term: word, Start: start, End: end, PositionIncr: 1})
	})
	return stream
}

type engine struct{ reader *bluge.Reader }

func document(id, text string, stored bool) *bluge.Document {
	f := bluge.NewTextField(field, text).WithAnalyzer(&analysis.Analyzer{Tokenizer: tokenizer{}}).SearchTermPositions()
	if stored {
		f.StoreValue()
	}
	return bluge.NewDocument(id).AddField(f)
}

func (e *engine) Index(parts []drive.Docs, dir string, stored bool, searchable func()) error {
	w, err := bluge.OpenOfflineWriter(bluge.DefaultConfig(dir), batchDocs, mergeSegments)
	if err != nil {
		return err
	}
	for _, p := range parts { // it takes one goroutine
		if err := p(func(id, text string) error { return w.Insert(document(id, text, stored)) }); err != nil {
			return err
		}
	}
	err = w.Close()
	searchable()
	return err
}

func (e *engine) Open(dir string) (err error) {
	e.reader, err = bluge.OpenReader(bluge.DefaultConfig(dir))
	return err
}

func (e *engine) Search(q drive.Query, k int, count bool) (drive.Found, error) {
	var req bluge.SearchRequest
	if k == 0 {
		req = bluge.NewAllMatches(build(q))
	} else if top := bluge.NewTopNSearch(k, build(q)); count {
		req = top.WithStandardAggregations()
	} else {
		req = top
	}
	it, err := e.reader.Search(context.Background(), req)
	if err != nil {
		return drive.Found{}, err
	}
	found := drive.Found{}
	var numbers []uint64
	var hits []drive.Hit
	for m, err := it.Next(); m != nil || err != nil; m, err = it.Next() {
		if err != nil {
			return drive.Found{}, err
		}
		if k == 0 {
			found.Count++
			continue
		}
		numbers, hits = append(numbers, m.Number), append(hits, drive.Hit{Score: m.Score})
	}
	if k > 0 && count {
		found.Count = it.Aggregations().Count()
	}
	found.Hits = func() ([]drive.Hit, error) {
		for i, n := range numbers {
			err := e.reader.VisitStoredFields(n, func(name string, value []byte) bool {
				if name == "_id" {
					hits[i].ID = string(value)
				}
				return true
			})
			if err != nil {
				return nil, err
			}
		}
		return hits, nil
	}
	return found, nil
}

func build(q drive.Query) bluge.Query {
	if q.Kind == "PHRASE" {
		words := make([][]string, len(q.Words))
		for i, w := range q.Words {
			words[i] = []string{w}
		}
		return bluge.NewMultiPhraseQuery(words).SetField(field)
	}
	if q.Kind == "TERM" {
		return bluge.NewTermQuery(q.Words[0]).SetField(field)
	}
	all := bluge.NewBooleanQuery()
	for _, w := range q.Words {
		if t := bluge.NewTermQuery(w).SetField(field); q.Kind == "AND" {
			all.AddMust(t)
		} else {
			all.AddShould(t)
		}
	}
	return all
}

// Adders opens a writer, whose readers see what it was given. The reader of one
// document is closed before the next.
func (e *engine) Adders(dir string) (map[string]func(id, text string) error, error) {
	w, err := bluge.OpenWriter(bluge.DefaultConfig(dir))
	if err != nil {
		return nil, err
	}
	return map[string]func(id, text string) error{
		"nrt": func(id, text string) error {
			if err := w.Insert(document(id, text, false)); err != nil {
				return err
			}
			if e.reader != nil {
				if err := e.reader.Close(); err != nil {
					return err
				}
			}
			e.reader, err = w.Reader()
			return err
		},
	}, nil
}
