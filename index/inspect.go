package index

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/trawlsearch/trawl/index/docvalues"
	"github.com/trawlsearch/trawl/index/internal/corrupt"
	"github.com/trawlsearch/trawl/index/internal/segfile"
	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/index/stored"
	"github.com/trawlsearch/trawl/index/termdict"
)

// Inspect writes the annotated bytes of an object of the index: a segment, a live
// object or a manifest, which name tells. It shows all there is, a few times the
// size of the object. What is damaged is shown as far as it can be, and said in
// the error.
func Inspect(w io.Writer, name string, data []byte) error {
	var err error
	switch {
	case strings.HasPrefix(name, manifestPrefix):
		err = inspectManifest(w, data)
	case strings.HasPrefix(name, livePrefix):
		err = segfile.Inspect(w, data, inspectLive)
	case strings.HasPrefix(name, segmentPrefix):
		in := segmentInspector{segment: new(body)}
		// Sections that do not open are shown as bytes.
		if in.segment.file, err = segfile.Open(data, segfile.Segment, segfile.Options{Name: name}); err == nil {
			if in.segment.info, err = readInfo(in.segment.file); err == nil {
				in.segment.openSections(newShared())
			}
		}
		err = segfile.Inspect(w, data, in.section)
	default:
		return fmt.Errorf("index: inspect %q: names begin with %s, %s or %s", name, manifestPrefix, segmentPrefix, livePrefix)
	}
	if err != nil {
		return fmt.Errorf("index: inspect %s: %w", name, err)
	}
	return nil
}

// inspectManifest shows a manifest, which is text, line by line with its places.
func inspectManifest(w io.Writer, data []byte) error {
	_, damage := decodeManifest(data)
	at := 0
	for line := range bytes.Lines(data) {
		if _, err := fmt.Fprintf(w, "%08x  %q\n", at, line); err != nil {
			return err
		}
		at += len(line)
	}
	state := "right"
	if damage != nil {
		state = damage.Error()
	}
	if _, err := fmt.Fprintf(w, "# CRC and content: %s\n", state); err != nil {
		return err
	}
	return damage
}

func inspectLive(w io.Writer, s segfile.Section, data []byte) (bool, error) {
	if s.Name != liveSection {
		return false, nil
	}
	d := corrupt.NewDump(w, data, int(s.Off))
	r := corrupt.NewReader(data)
	docs := r.U32()
	d.Bytes(4, "documents: %d", docs)
	d.Bytes(4, "live: %d", r.U32())
	inspectBits(d, "live", docs)
	return true, d.Err()
}

// inspectBits shows a bitmap in words of 64 documents.
func inspectBits(d *corrupt.Dump, what string, docs uint32) {
	for doc := uint32(0); doc < docs && d.Len() > 0; doc += 64 {
		d.Bytes(8, "%s: documents %d to %d", what, doc, min(doc+63, docs-1))
	}
}

// segmentInspector shows sections of a segment, some of which need others.
type segmentInspector struct{ segment *body }

func (in segmentInspector) section(w io.Writer, s segfile.Section, data []byte) (bool, error) {
	switch s.Name {
	case sectionKeys, sectionCol:
		return true, docvalues.Dump(w, data)
	case sectionDict, sectionPairs:
		return true, termdict.Dump(w, data)
	case sectionNorms:
		return true, inspectNorms(w, s, data)
	case sectionHas:
		d := corrupt.NewDump(w, data, int(s.Off))
		inspectBits(d, "has a value", in.segment.info.Docs)
		return true, d.Err()
	case sectionPost:
		return in.postings(w, int(s.Field))
	case sectionPairPost:
		return in.pairs(w, int(s.Field))
	case sectionPos:
		_, err := fmt.Fprintf(w, "# shown with %s.%d\n", sectionPost, s.Field)
		return true, err
	case sectionStored:
		return true, in.stored(w, data)
	case sectionInfo:
		_, err := fmt.Fprintf(w, "%08x  %s\n# CRC-32C of the section %08x\n", s.Off, data, crc32.Checksum(data, castagnoli))
		return true, err
	}
	return false, nil
}

func inspectNorms(w io.Writer, s segfile.Section, data []byte) error {
	d := corrupt.NewDump(w, data, int(s.Off))
	for doc, norm := range data {
		d.Bytes(1, "document %d: length %d", doc, NormLength(norm))
	}
	return d.Err()
}

// postings shows the lists of a field, term by term.
func (in segmentInspector) postings(w io.Writer, field int) (bool, error) {
	if field >= len(in.segment.fields) || in.segment.fields[field].dict == nil {
		return false, nil
	}
	f := &in.segment.fields[field]
	return true, inspectLists(w, f.dict, f.lists)
}

// pairs shows the lists of a field's pairs.
func (in segmentInspector) pairs(w io.Writer, field int) (bool, error) {
	if field >= len(in.segment.fields) || in.segment.fields[field].pairs.dict == nil {
		return false, nil
	}
	f := &in.segment.fields[field].pairs
	return true, inspectLists(w, f.dict, f.lists)
}

func inspectLists(w io.Writer, dict *termdict.Dict, lists postings.Source) error {
	lists.PostGate, lists.PosGate = nil, nil // what is damaged is shown too
	it := dict.Iter()
	for it.Next() {
		if _, err := fmt.Fprintf(w, "# term %q\n", it.Term()); err != nil {
			return err
		}
		if err := postings.Dump(w, &lists, postings.List(it.Info())); err != nil {
			return err
		}
	}
	return it.Err()
}

// stored shows the section, and the stored values of each document.
func (in segmentInspector) stored(w io.Writer, data []byte) error {
	damage := stored.Dump(w, data)
	g := &Segment{body: in.segment}
	if g.store == nil {
		return damage
	}
	for doc := range uint32(g.store.Len()) {
		values, err := g.Stored(doc, nil)
		if err != nil {
			return cmp.Or(damage, err)
		}
		if _, err := fmt.Fprintf(w, "# document %d: %+v\n", doc, values); err != nil {
			return err
		}
	}
	return damage
}
