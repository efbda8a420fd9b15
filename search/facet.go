package search

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/index/docvalues"
)

// Bounds of the facets of a request.
const (
	MaxFacets      = 16
	MaxFacetValues = 1 << 16 // of one facet: what a part of a Fan gives at most, 4 MB
	facetValues    = 10      // where the request does not say
)

// A FacetRequest asks how many of all documents that match have each value of a
// Keyword or Int field, the most frequent ones.
type FacetRequest struct {
	Field string `json:"field"`
	Limit int    `json:"limit,omitempty"` // values; 0: 10
}

// A Facet is the values of a field, the most frequent first and of those as
// frequent the least first. Counts are exact. Of a document with several values of
// a Keyword field, the first counts.
type Facet struct {
	Field  string       `json:"field"`
	Values []FacetValue `json:"values"`
	Cut    bool         `json:"cut,omitempty"` // a part has more than MaxFacetValues values: counts may be too low
}

// A FacetValue is a value, and how many documents have it.
type FacetValue struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

func (f FacetRequest) limit() int {
	if f.Limit == 0 {
		return facetValues
	}
	return f.Limit
}

func checkFacets(list []FacetRequest) error {
	if len(list) > MaxFacets {
		return fmt.Errorf("%w: there are %d", ErrFacets, len(list))
	}
	for _, f := range list {
		if f.Limit < 0 || f.Limit > MaxFacetValues {
			return fmt.Errorf("%w: %d values of %s", ErrFacets, f.Limit, f.Field)
		}
	}
	return nil
}

// facet makes a facet of counts by value.
func facet(field string, counts map[string]uint64, limit int) Facet {
	out := Facet{Field: field, Values: make([]FacetValue, 0, len(counts))}
	for value, n := range counts {
		out.Values = append(out.Values, FacetValue{value, n})
	}
	slices.SortFunc(out.Values, func(a, b FacetValue) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	out.Cut = limit == MaxFacetValues && len(out.Values) > limit
	out.Values = slices.Clip(out.Values[:min(len(out.Values), limit)])
	return out
}

// gatherFacets adds up the facets of parts.
func gatherFacets(want []FacetRequest, parts []*Result) []Facet {
	var out []Facet
	for i, f := range want {
		counts, cut := map[string]uint64{}, false
		for _, p := range parts {
			if i >= len(p.Facets) {
				continue
			}
			cut = cut || p.Facets[i].Cut
			for _, v := range p.Facets[i].Values {
				counts[v.Value] += v.Count
			}
		}
		sum := facet(f.Field, counts, f.limit())
		sum.Cut = sum.Cut || cut
		out = append(out, sum)
	}
	return out
}

// A tally counts the values of one field.
type tally struct {
	want   FacetRequest
	field  int
	kind   index.Kind
	values map[string]uint64

	seg     *index.Segment    // of which the following are:
	column  *docvalues.Column // nil: no document has a value
	has     []byte            // of an Int field: documents that have one; nil: all
	counts  []uint32          // of a Keyword field, by ordinal
	numbers map[int64]uint64  // of an Int field

	docs []uint32 // scratch
	ints []int64
}

func newTally(schema index.Schema, want FacetRequest) (*tally, error) {
	i, ok := schema.Field(want.Field)
	if !ok || schema.Fields[i].Kind != index.Int && schema.Fields[i].Kind != index.Keyword {
		return nil, fmt.Errorf("%w: %q has no values to count", ErrField, want.Field)
	}
	return &tally{want: want, field: i, kind: schema.Fields[i].Kind, values: map[string]uint64{}, numbers: map[int64]uint64{}}, nil
}

// begin begins a segment.
func (t *tally) begin(seg *index.Segment) {
	t.seg, t.column = seg, seg.Column(t.field)
	switch {
	case t.column == nil:
	case t.kind == index.Int:
		t.has = seg.HasBits(t.field)
	default:
		t.counts = resize(t.counts, seg.Terms(t.field).Len())
		clear(t.counts)
	}
}

// count counts the documents of a window.
func (t *tally) count(found *set, base uint32) error {
	switch {
	case t.column == nil:
		return nil
	case t.kind == index.Keyword:
		return t.column.Count(t.counts, found[:], base)
	}
	present := *found
	present.andBits(t.has, base)
	t.docs, t.ints = t.column.Select(t.docs[:0], t.ints[:0], present[:], base, math.MinInt64, math.MaxInt64)
	for _, v := range t.ints {
		t.numbers[v]++
	}
	return nil
}

// end ends a segment: its ordinals become values.
func (t *tally) end() {
	if t.column == nil || t.kind == index.Int {
		return
	}
	dict := t.seg.Terms(t.field)
	for ordinal, n := range t.counts {
		if n == 0 {
			continue
		}
		if value, ok := dict.At(ordinal); ok {
			t.values[string(value)] += uint64(n)
		}
	}
}

// facet is what was counted.
func (t *tally) facet() Facet {
	for v, n := range t.numbers {
		t.values[strconv.FormatInt(v, 10)] = n
	}
	return facet(t.want.Field, t.values, t.want.limit())
}
