package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/trawlsearch/trawl/index/docvalues"
	"github.com/trawlsearch/trawl/index/internal/segfile"
	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/index/stored"
	"github.com/trawlsearch/trawl/index/termdict"
)

// # Segment object, version 3.0
//
// A segfile of kind Segment. Its sections, by name and field:
//
//	keys           the keys of the documents (docvalues.Keys)
//	norms  field   Text: one byte a document (NormLength)
//	pos    field   Text: positions (postings)
//	post   field   Text, Keyword: postings
//	dict   field   Text, Keyword: terms, and where their postings lie (termdict)
//	col    field   Keyword: the ordinal of the first value's term, -1 for none;
//	               Int: the first value, 0 for none (docvalues.Column)
//	has    field   Int: a bitmap as in a live object, of the documents that have
//	               a value; absent if all have one
//	pairpost field Text, if it is asked for: postings of pairs of frequent words
//	pairs  field   such pairs, and where their postings lie (termdict)
//	stored         values of the fields that keep them (stored)
//	info           JSON: documents, schema, statistics (segmentInfo)
//
// A section of a field that no document has is absent. A stored integer is 8
// bytes, little-endian; all else is stored as it was put.
const (
	sectionKeys   = "keys"
	sectionNorms  = "norms"
	sectionPos    = "pos"
	sectionPost   = "post"
	sectionDict   = "dict"
	sectionCol    = "col"
	sectionHas    = "has"
	sectionStored = "stored"
	sectionInfo   = "info"

	// maxInfoBytes bounds the info of a segment: a schema, its statistics, and the
	// frequent words of its fields, whose bytes JSON may write as six.
	maxInfoBytes = 1<<20 + maxFields*maxFrequent*maxFrequentBytes*6
)

// segmentInfo is what a segment says of itself.
type segmentInfo struct {
	Docs   uint32       `json:"docs"`
	Source string       `json:"source"` // flush or merge
	Schema Schema       `json:"schema"`
	Fields []FieldStats `json:"fields"` // by field

	// Impacts are the constants of the impacts of Text fields, by field.
	Impacts []postings.Impacts `json:"impacts"`

	// Frequent are the words whose pairs are kept, by field and in their order.
	Frequent [][]string `json:"frequent,omitempty"`
}

// scratch is where and when sections that must wait leave memory.
type scratch struct {
	dir        string // of temporary files; empty: the system's
	spoolBytes int    // that a section may hold in memory
}

// A segmentWriter writes a segment to a stream, section by section. It is used
// by flush and merge alike, in one goroutine. Errors of the stream may come late:
// close returns them too.
type segmentWriter struct {
	file *segfile.Writer
	info segmentInfo
	tmp  scratch
}

func newSegmentWriter(w io.Writer, id UUID, source string, docs uint32, schema Schema, tmp scratch) *segmentWriter {
	return &segmentWriter{
		file: segfile.NewWriter(w, segfile.Header{Kind: segfile.Segment, UUID: id, Created: id.time().UnixNano()}),
		info: segmentInfo{
			Docs: docs, Source: source, Schema: schema,
			Fields: make([]FieldStats, len(schema.Fields)), Impacts: make([]postings.Impacts, len(schema.Fields)),
		},
		tmp: tmp,
	}
}

// section begins a section.
func (w *segmentWriter) section(name string, field int) io.Writer {
	w.file.Section(name, uint16(field))
	return w.file
}

func (w *segmentWriter) keys() *docvalues.KeyBuilder {
	return docvalues.NewKeyBuilder(w.section(sectionKeys, 0))
}

func (w *segmentWriter) orderedKeys() *docvalues.KeyWriter {
	return docvalues.NewKeyWriter(w.section(sectionKeys, 0))
}

func (w *segmentWriter) column(field int) *docvalues.Builder {
	return docvalues.NewBuilder(w.section(sectionCol, field))
}

// has writes which documents have an integer, if not all do.
func (w *segmentWriter) has(field int, b liveBits) error {
	n := b.count()
	w.info.Fields[field].Docs, w.info.Fields[field].Tokens = uint64(n), uint64(n)
	if n == w.info.Docs {
		return nil
	}
	_, err := w.section(sectionHas, field).Write(b)
	return err
}

func (w *segmentWriter) stored() *stored.Writer {
	return stored.NewWriter(w.section(sectionStored, 0))
}

// close ends the segment.
func (w *segmentWriter) close() error {
	info, err := json.Marshal(w.info)
	if err != nil {
		return fmt.Errorf("index: encode segment info: %w", err)
	}
	w.section(sectionInfo, 0).Write(info)
	return w.file.Close()
}

// A termWriter writes the terms of one field with their postings: of a Text
// field positions go to the object at once, since they are the most, and the rest
// waits in spools.
type termWriter struct {
	w       *segmentWriter
	field   int
	lists   *postings.Writer
	dict    *termdict.Builder
	post    *spool
	dictOut *spool
	terms   uint32
	stats   FieldStats
	impacts postings.Impacts
}

// terms begins the terms of a field. Of a Text field, length is what its documents
// have in the mean, in tokens.
func (w *segmentWriter) terms(field int, length float64) *termWriter {
	t := &termWriter{w: w, field: field}
	t.post = newSpool(w.tmp.dir, w.tmp.spoolBytes)
	t.dictOut = newSpool(w.tmp.dir, w.tmp.spoolBytes)
	t.dict = termdict.NewBuilder(t.dictOut)
	spec := w.info.Schema.Fields[field]
	if spec.Kind != Text {
		t.lists = postings.NewWriter(t.post, nil, nil, w.info.Docs)
		return t
	}
	t.impacts.K1, t.impacts.B = spec.constants()
	t.impacts.Avg = float32(length)
	t.impacts.MinNorm = math.MaxUint8
	t.lists = postings.NewWriter(t.post, w.section(sectionPos, field), t.impacts.Table(NormLength), w.info.Docs)
	return t
}

// add adds a document to the current term.
func (t *termWriter) add(doc, freq uint32, norm byte, positions []uint32) {
	t.impacts.MinNorm, t.impacts.MaxNorm = min(t.impacts.MinNorm, norm), max(t.impacts.MaxNorm, norm)
	t.lists.Add(doc, freq, norm, positions)
}

// addBlock adds any number of documents to the current term, as
// postings.Writer.AddBlock takes them.
func (t *termWriter) addBlock(docs, freqs []uint32, norms []byte, deltas []uint32) {
	least, most := t.impacts.MinNorm, t.impacts.MaxNorm
	for _, norm := range norms {
		least, most = min(least, norm), max(most, norm)
	}
	t.impacts.MinNorm, t.impacts.MaxNorm = least, most
	t.lists.AddBlock(docs, freqs, norms, deltas)
}

// end ends the current term and returns its ordinal; false if it has no
// documents and was left out. Terms come in their order.
func (t *termWriter) end(term []byte) (ordinal uint32, ok bool, err error) {
	list, err := t.lists.Finish()
	if err != nil || list.Docs == 0 {
		return 0, false, err
	}
	err = t.dict.Add(term, termdict.Info(list))
	if errors.Is(err, termdict.ErrOrder) { // a merge of a dictionary that is none
		err = fmt.Errorf("%w: %v", ErrCorrupt, err)
	}
	if err != nil {
		return 0, false, err
	}
	t.stats.Tokens += list.Freq
	t.terms++
	return t.terms - 1, true, nil
}

// close writes what waited. docs is how many documents have the field.
func (t *termWriter) close(docs uint64) error {
	defer t.free()
	t.stats.Docs = docs
	t.w.info.Fields[t.field] = t.stats
	if t.w.info.Schema.Fields[t.field].Kind == Text {
		t.impacts.MinNorm = min(t.impacts.MinNorm, t.impacts.MaxNorm) // 0 without postings
		t.w.info.Impacts[t.field] = t.impacts
	}
	if err := t.dict.Finish(); err != nil {
		return err
	}
	if err := t.post.copyTo(t.w.section(sectionPost, t.field)); err != nil {
		return err
	}
	return t.dictOut.copyTo(t.w.section(sectionDict, t.field))
}

// free gives the spools back; it may be called twice.
func (t *termWriter) free() {
	t.post.close()
	t.dictOut.close()
}
