// Command bleve drives Bleve v2 (scorch).
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/registry"
	"github.com/blevesearch/bleve/v2/search/query"
	bindex "github.com/blevesearch/bleve_index_api"

	"github.com/trawlsearch/trawl/bench/drive"
)

const (
	field      = "text"
	alnum      = "alnum"
	batchDocs  = 1000
	openedName = "bleve" // the index is a folder that Bleve makes itself
)

func main() {
	err := registry.RegisterAnalyzer(alnum, func(map[string]any, *registry.Cache) (analysis.Analyzer, error) {
		return &analysis.DefaultAnalyzer{Tokenizer: tokenizer{}}, nil
	})
	if err != nil {
		fmt.Println("error\t" + err.Error())
		os.Exit(1)
	}
	os.Exit(drive.Main(new(engine)))
}

type tokenizer struct{}

func (tokenizer) Tokenize(text []byte) analysis.TokenStream {
	stream := make(analysis.TokenStream, 0, len(text)/5)
	drive.Words(text, func(word []byte, start, end int) {
		stream = append(stream, &analysis.Token{Term: word, Start: start, End: end, Position: len(stream) + 1})
	})
	return stream
}

type engine struct{ index bleve.Index }

// words is the mapping: one field with positions, BM25, and nothing else kept but
// the id, which Bleve keeps for itself.
func words(stored bool) mapping.IndexMapping {
	f := bleve.NewTextFieldMapping()
	f.Analyzer, f.Store, f.IncludeInAll, f.IncludeTermVectors, f.DocValues = alnum, stored, false, true, false
	doc := bleve.NewDocumentStaticMapping()
	doc.AddFieldMappingsAt(field, f)
	m := bleve.NewIndexMapping()
	m.DefaultMapping, m.ScoringModel, m.DefaultAnalyzer = doc, bindex.BM25Scoring, alnum
	return m
}

type document struct {
	Text string `json:"text"`
}

// Index does not wait for the disk after each batch, as none of the others does,
// but for the last.
func (e *engine) Index(parts []drive.Docs, dir string, stored bool, searchable func()) (err error) {
	index, err := bleve.NewUsing(filepath.Join(dir, openedName), words(stored), scorch.Name, scorch.Name, map[string]any{"unsafe_batch": true})
	if err != nil {
		return err
	}
	defer func() {
		if cerr := index.Close(); err == nil {
			err = cerr
		}
		if err == nil {
			err = sweep(dir)
		}
	}()
	whole := make([]drive.Docs, len(parts))
	for i, p := range parts {
		whole[i] = func(func(id, text string) error) error {
			b := index.NewBatch()
			err := p(func(id, text string) error {
				if err := b.Index(id, document{text}); err != nil || b.Size() < batchDocs {
					return err
				}
				err := index.Batch(b)
				b = index.NewBatch()
				return err
			})
			if err != nil {
				return err
			}
			return index.Batch(b)
		}
	}
	if err := drive.All(whole, nil); err != nil {
		return err
	}
	searchable()
	last, persisted := index.NewBatch(), make(chan error, 1)
	last.SetInternal([]byte("whole"), []byte{1})
	last.SetPersistedCallback(func(err error) { persisted <- err })
	if err := index.Batch(last); err != nil {
		return err
	}
	if err := <-persisted; err != nil {
		return err
	}
	inner, err := index.Advanced()
	if err != nil {
		return err
	}
	return inner.(*scorch.Scorch).ForceMerge(context.Background(), nil)
}

// sweep lets Bleve remove the segments that were merged, which it does some time
// after the index is opened.
func sweep(dir string) error {
	index, err := bleve.Open(filepath.Join(dir, openedName))
	if err != nil {
		return err
	}
	for range 100 {
		segments, err := filepath.Glob(filepath.Join(dir, openedName, "store", "*.zap"))
		if err != nil || len(segments) <= 1 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return index.Close()
}

func (e *engine) Open(dir string) (err error) {
	e.index, err = bleve.OpenUsing(filepath.Join(dir, openedName), map[string]any{"unsafe_batch": true})
	return err
}

func (e *engine) Search(q drive.Query, k int, count bool) (drive.Found, error) {
	req := bleve.NewSearchRequestOptions(build(q), k, 0, false)
	if k == 0 {
		req.Score = "none"
	}
	res, err := e.index.Search(req)
	if err != nil {
		return drive.Found{}, err
	}
	return drive.Found{Count: res.Total, Hits: func() (hits []drive.Hit, err error) {
		for _, h := range res.Hits {
			hits = append(hits, drive.Hit{ID: h.ID, Score: h.Score})
		}
		return hits, nil
	}}, nil
}

func build(q drive.Query) query.Query {
	if q.Kind == "PHRASE" {
		return bleve.NewPhraseQuery(q.Words, field)
	}
	terms := make([]query.Query, len(q.Words))
	for i, w := range q.Words {
		t := bleve.NewTermQuery(w)
		t.SetField(field)
		terms[i] = t
	}
	switch q.Kind {
	case "TERM":
		return terms[0]
	case "AND":
		return bleve.NewConjunctionQuery(terms...)
	}
	return bleve.NewDisjunctionQuery(terms...)
}

func (e *engine) Adders(dir string) (map[string]func(id, text string) error, error) {
	if err := e.Open(dir); err != nil {
		return nil, err
	}
	return map[string]func(id, text string) error{
		"nrt": func(id, text string) error { return e.index.Index(id, document{text}) },
	}, nil
}
