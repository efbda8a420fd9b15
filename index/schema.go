package index

import (
	"fmt"
	"slices"
)

// A Kind says what is done with the values of a field.
type Kind uint8

const (
	Text    Kind = 1 + iota // analysed to tokens: postings with positions, norms
	Keyword                 // the whole value is one term: postings, a column of ordinals
	Int                     // a column of 64-bit integers
	Stored                  // only given back
)

// maxFields bounds a schema: a segment has a few sections a field.
const maxFields = 256

// maxK1 bounds the k1 of a field, as the package rank bounds that of a model.
const maxK1 = 1000

// String is the word that manifests use.
func (k Kind) String() string {
	switch k {
	case Text:
		return "text"
	case Keyword:
		return "keyword"
	case Int:
		return "int"
	case Stored:
		return "stored"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// MarshalText writes the word of the kind.
func (k Kind) MarshalText() ([]byte, error) {
	if !k.valid() {
		return nil, fmt.Errorf("index: no such field kind: %d", uint8(k))
	}
	return []byte(k.String()), nil
}

// UnmarshalText reads the word of a kind.
func (k *Kind) UnmarshalText(b []byte) error {
	for _, known := range []Kind{Text, Keyword, Int, Stored} {
		if known.String() == string(b) {
			*k = known
			return nil
		}
	}
	return fmt.Errorf("index: no such field kind: %q", b)
}

func (k Kind) valid() bool { return k >= Text && k <= Stored }

// hasTerms tells whether fields of the kind have postings.
func (k Kind) hasTerms() bool { return k == Text || k == Keyword }

// A Field is a named part of a document.
type Field struct {
	Name   string `json:"name"`
	Kind   Kind   `json:"kind"`
	Stored bool   `json:"stored,omitempty"` // values are given back; implied by kind Stored

	// Constants of the impacts of a Text field: those of the BM25 that will rank
	// it, for bounds that are tight. They may change, for segments to come. Zero:
	// 1.2 and 0.75.
	K1 float32 `json:"k1,omitempty"`
	B  float32 `json:"b,omitempty"`

	// Pairs keeps postings of pairs of the field's most frequent words that stand
	// side by side, for phrases of them. Of Text fields; it may change, for segments
	// to come.
	Pairs bool `json:"pairs,omitempty"`
}

// constants returns K1 and B.
func (f Field) constants() (k1, b float32) {
	if k1, b = f.K1, f.B; k1 == 0 {
		k1 = 1.2
	}
	if b == 0 {
		b = 0.75
	}
	return k1, b
}

// kept tells whether values of the field are stored.
func (f Field) kept() bool { return f.Stored || f.Kind == Stored }

// A Schema is the fields of an index. Their order is their number, in values,
// segments and queries, so a schema may grow at its end and change nowhere else.
type Schema struct {
	Fields []Field `json:"fields"`
	Lang   string  `json:"lang,omitempty"` // analysis of documents that name none; empty: en
}

// Field finds a field by name.
func (s Schema) Field(name string) (int, bool) {
	i := slices.IndexFunc(s.Fields, func(f Field) bool { return f.Name == name })
	return i, i >= 0
}

// kind returns the kind of a field, 0 for a field that the schema does not have.
func (s Schema) kind(field int) Kind {
	if field < 0 || field >= len(s.Fields) {
		return 0
	}
	return s.Fields[field].Kind
}

// check refuses a schema that cannot be written.
func (s Schema) check() error {
	if len(s.Fields) == 0 || len(s.Fields) > maxFields {
		return fmt.Errorf("index: schema of %d fields: want 1 to %d", len(s.Fields), maxFields)
	}
	seen := map[string]bool{}
	for i, f := range s.Fields {
		switch {
		case f.Name == "":
			return fmt.Errorf("index: schema: field %d has no name", i)
		case seen[f.Name]:
			return fmt.Errorf("index: schema: field %q twice", f.Name)
		case !f.Kind.valid():
			return fmt.Errorf("index: schema: field %q: no such kind: %d", f.Name, f.Kind)
		case !(f.K1 >= 0 && f.K1 <= maxK1) || !(f.B >= 0 && f.B <= 1):
			return fmt.Errorf("index: schema: field %q: k1 %v and b %v", f.Name, f.K1, f.B)
		case f.Pairs && f.Kind != Text:
			return fmt.Errorf("index: schema: field %q: pairs of the words of a %v", f.Name, f.Kind)
		}
		seen[f.Name] = true
	}
	return nil
}

// grow returns the schema that a writer asks for over the one the index has: the
// same, or the same with more fields at its end. No fields ask for what is there.
func (s Schema) grow(want Schema) (Schema, error) {
	if len(want.Fields) == 0 {
		return s, nil
	}
	if err := want.check(); err != nil {
		return Schema{}, err
	}
	if len(want.Fields) < len(s.Fields) {
		return Schema{}, fmt.Errorf("index: schema has %d fields, the index %d: a schema only grows", len(want.Fields), len(s.Fields))
	}
	for i, f := range s.Fields {
		asked := want.Fields[i]
		if asked.K1, asked.B, asked.Pairs = f.K1, f.B, f.Pairs; asked != f {
			return Schema{}, fmt.Errorf("index: schema: field %d is %+v, in the index %+v: a schema only grows", i, want.Fields[i], f)
		}
	}
	if want.Lang != s.Lang {
		return Schema{}, fmt.Errorf("index: schema: language %q, in the index %q", want.Lang, s.Lang)
	}
	return want, nil
}
