// Package rank turns evidence to scores. The model is data: a JSON object that can
// be tuned, compared and rolled back like any other.
//
// The formula is BM25F (S. Robertson, H. Zaragoza, The Probabilistic Relevance
// Framework: BM25 and Beyond, 2009). For one term of a query and one document
//
//	S     = Σ over fields f of w_f · tf_f / (1 - b_f + b_f · len_f / avg_f)
//	score = idf · S / (k1 + S)
//	idf   = ln(1 + (N - df + 0.5) / (df + 0.5))
//
// where tf_f is how often field f holds the term, len_f and avg_f are lengths in
// tokens, N the number of documents and df that of documents that hold the term.
// The score of a document is the sum over terms, and what its priors add
// (PriorModel).
//
// # Fixed point
//
// Scores are integers: each term's score is cut to an int32 in units of a scale
// that the query's inverse document frequencies decide, and integers add up to the
// same sum in every order. So every algorithm, split in parts and number of
// threads gives identical results, and tests ask for equality. The unit is 2^-30
// to 2^-29 of what the best document could have: finer than sums of float32.
//
// Every operation on float32 is rounded on its own (no fused multiply-add), so
// that processors agree too.
package rank

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// A FieldModel says what a field's evidence is worth.
type FieldModel struct {
	Weight float64 `json:"weight"` // of one occurrence in a field of average length; 0: the field adds nothing
	B      float64 `json:"b"`      // how much a longer field counts less: 0 not at all, 1 in proportion
}

// A Model is the parameters of the formula. It is not changed once it is in use,
// and then safe for any number of goroutines.
type Model struct {
	K1     float64               `json:"k1"` // how slowly more evidence stops to count more
	Fields map[string]FieldModel `json:"fields"`

	// Priors are by the names of Int fields.
	Priors map[string]PriorModel `json:"priors,omitempty"`
}

// unknown is the model of a text field that the model does not name.
var unknown = FieldModel{Weight: 1, B: 0.6}

// Default is the model for the fields of web pages, and of documents with a title
// and a body. k1 is tuned on the 809 training claims of SciFact (nDCG@10 .7035 at
// best, .6962 for k1 = .9, b = .4 and equal weights; the optimum is flat), the
// others on them together with the known items of the PostgreSQL manual, crawled
// (concept queries, MRR@10: .654 with title 3, headings 1.5 and b = .6 in the body,
// .683 as here). anchors, description, extra and boilerplate are guesses by what
// their texts are. emphasis has the weight of the body, whatever its length: the text
// stands in it as often more as its author wants.
func Default() *Model {
	return &Model{K1: 1.2, Fields: map[string]FieldModel{
		"title":       {Weight: 4, B: 0.3},
		"headings":    {Weight: 3, B: 0.4},
		"body":        {Weight: 1, B: 0.45},
		"description": {Weight: 0.5, B: 0.4},
		"address":     {Weight: 0.5, B: 0.4},
		"anchors":     {Weight: 1, B: 0.4},
		"extra":       {Weight: 1, B: 0.4},
		"boilerplate": {Weight: 0.1, B: 0.4},
		"emphasis":    {Weight: 1, B: 0},
	}}
}

// Bounds of a model's numbers. They keep sums of evidence within float32.
const (
	maxK1     = 1000
	maxWeight = 1000
	maxFields = 256
)

// Parse reads a model from JSON. Fields that it does not know are errors: a
// mistyped parameter must not be a silent default.
func Parse(data []byte) (*Model, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var m Model
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("rank: read model: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("rank: read model: more than one JSON value")
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	return &m, nil
}

// Check tells what is wrong with a model's numbers.
func (m *Model) Check() error {
	if !(m.K1 > 0 && m.K1 <= maxK1) {
		return fmt.Errorf("rank: model: k1 is %v, not above 0 and at most %d", m.K1, maxK1)
	}
	if len(m.Fields) > maxFields || len(m.Priors) > maxFields {
		return fmt.Errorf("rank: model: %d fields or %d priors, more than %d", len(m.Fields), len(m.Priors), maxFields)
	}
	for name, p := range m.Priors {
		if !(p.Weight >= 0 && p.Weight <= maxWeight) || !(p.Half > 0 && p.Half <= math.MaxInt64) {
			return fmt.Errorf("rank: model: prior %s: weight %v, not 0 to %d, or half %v, not above 0", name, p.Weight, maxWeight, p.Half)
		}
	}
	for name, f := range m.Fields {
		if !(f.Weight >= 0 && f.Weight <= maxWeight) {
			return fmt.Errorf("rank: model: weight of %s is %v, not 0 to %d", name, f.Weight, maxWeight)
		}
		if !(f.B >= 0 && f.B <= 1) {
			return fmt.Errorf("rank: model: b of %s is %v, not 0 to 1", name, f.B)
		}
	}
	return nil
}

// Field is the model of a field; one that the model does not name has weight 1.
func (m *Model) Field(name string) FieldModel {
	if f, ok := m.Fields[name]; ok {
		return f
	}
	return unknown
}

// IDF is the inverse document frequency of a term that df of docs documents hold.
func IDF(docs, df uint64) float64 {
	docs = max(docs, df) // deleted documents may be counted in one and not the other
	return math.Log1p((float64(docs-df) + 0.5) / (float64(df) + 0.5))
}
