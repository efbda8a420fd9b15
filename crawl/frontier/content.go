package frontier

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
)

// Which documents have a text, exactly or about. The node has two indexes over
// all its slots, kept in the batch that settles a page, and derived: what a slot
// brings to another node is entered there again.
//
//	C, B  +---+------+------+--------+
//	      | 2 | site | host | key 16 |   the address that has it
//	      | 1 | 8    | 8    | 16     |
//	      +---+------+------+--------+
//	K     +---+-------+-----------+--------+
//	      | 2 | count | count × 8 | sketch |   the bands and the sketch of a document
//	      | 1 | uv    | u64       | str    |
//	      +---+-------+-----------+--------+
//
// A C key leads to the first document of its text that is still there. A band
// leads to at most bandRoom documents, the newest of each of its places: of a
// thousand documents that share a band a few are enough to tell the next.
const (
	MaxBands       = 32
	MaxSketchBytes = 1024
	bandRoom       = 8
	maxCandidates  = 32
)

// ref names an address in an index.
type ref struct {
	site, host uint64
	key        weburl.Key
}

func (h hostID) ref(k weburl.Key) ref { return ref{h.site, h.host, k} }

func (r ref) id() hostID { return hostID{slot: slotOf(r.site), site: r.site, host: r.host} }

func (r ref) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, recordVersion), r.site)
	return append(binary.BigEndian.AppendUint64(dst, r.host), r.key[:]...)
}

func decodeRef(b []byte) (ref, error) {
	d := decoder{b: b}
	ver := d.byte()
	r := ref{site: d.uint64(), host: d.uint64()}
	copy(r.key[:], d.bytes(16))
	return r, d.end("reference", ver)
}

// docSketch is what is kept of a document to find others like it.
type docSketch struct {
	bands  []uint64
	sketch []byte
}

func (s *docSketch) append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, recordVersion), uint64(len(s.bands)))
	for _, b := range s.bands {
		dst = binary.BigEndian.AppendUint64(dst, b)
	}
	return append(binary.AppendUvarint(dst, uint64(len(s.sketch))), s.sketch...)
}

func decodeSketch(b []byte) (*docSketch, error) {
	d := decoder{b: b}
	ver := d.byte()
	s := &docSketch{}
	n := d.uvarint()
	if n > MaxBands {
		d.bad, n = true, 0
	}
	for range n {
		s.bands = append(s.bands, d.uint64())
	}
	s.sketch = d.bytes(d.uvarint())
	if len(s.sketch) > MaxSketchBytes {
		d.bad = true
	}
	return s, d.end("sketch", ver)
}

func contentHash64(h [16]byte) uint64 { return binary.BigEndian.Uint64(h[:]) }

// content keeps both indexes in step with an address that is settled: was before,
// is now.
func (w *write) content(id hostID, key weburl.Key, was, is *urlRecord, o *Outcome) error {
	if was.doc && (!is.doc || is.hash != was.hash) {
		if err := w.leaveContent(was.hash, id.ref(key)); err != nil {
			return err
		}
	}
	if is.doc {
		w.entering = append(w.entering, entering{is.hash, id.ref(key)})
	}
	is.sketch = was.sketch
	switch {
	case o.State == Done && len(o.Bands) > 0:
		return w.enterBands(id, key, is, &docSketch{bands: o.Bands, sketch: o.Sketch})
	case was.sketch && (!is.doc || o.State == Done):
		return w.enterBands(id, key, is, nil)
	}
	return nil
}

// entering is a document that is to stand in C for its text if nobody does, once
// those that this batch takes out are out.
type entering struct {
	hash [16]byte
	ref  ref
}

// enter ends the settling of a batch.
func (w *write) enter() error {
	for _, e := range w.entering {
		if err := w.enterContent(e.hash, e.ref); err != nil {
			return err
		}
	}
	return nil
}

// holder is who stands in C for a text, as this batch has it.
func (w *write) holder(h uint64) (ref, error) {
	if r, ok := w.contents[h]; ok {
		return r, nil
	}
	v, err := w.f.get(contentKey(h))
	if v == nil || err != nil {
		return ref{}, err
	}
	return decodeRef(v)
}

func (w *write) enterContent(hash [16]byte, r ref) error {
	if hash == ([16]byte{}) {
		return nil
	}
	h := contentHash64(hash)
	now, err := w.holder(h)
	if err != nil || now == r {
		return err
	}
	if now != (ref{}) {
		stands, err := w.standing(now, hash)
		if stands || err != nil {
			return err
		}
	}
	w.contents[h] = r
	w.put(contentKey(h), r.append(nil))
	return nil
}

// standing tells whether who stands in C for a text still has it: he may have gone
// with his slot.
func (w *write) standing(r ref, hash [16]byte) (bool, error) {
	rec := w.urls[r.key]
	if rec == nil {
		var err error
		if rec, err = w.f.loadURL(r.id(), r.key); err != nil {
			return false, err
		}
	}
	return rec != nil && rec.doc && contentHash64(rec.hash) == contentHash64(hash), nil
}

func (w *write) leaveContent(hash [16]byte, r ref) error {
	h := contentHash64(hash)
	now, err := w.holder(h)
	if err != nil || now != r {
		return err
	}
	w.contents[h] = ref{}
	w.batch.Delete(contentKey(h), nil)
	return nil
}

// enterBands replaces the sketch of a document; nil: it has none.
func (w *write) enterBands(id hostID, key weburl.Key, is *urlRecord, s *docSketch) error {
	if is.sketch {
		old, err := w.f.loadSketch(id, key)
		if err != nil {
			return err
		}
		if old != nil {
			for _, b := range old.bands {
				if s == nil || !slices.Contains(s.bands, b) {
					if err := w.leaveBand(b, id.ref(key)); err != nil {
						return err
					}
				}
			}
		}
	}
	if is.sketch = s != nil; s == nil {
		w.batch.Delete(sketchKey(id, key), nil)
		return nil
	}
	v := id.ref(key).append(nil)
	for _, b := range s.bands {
		w.put(bandKey(b, bandPlace(key)), v)
	}
	w.put(sketchKey(id, key), s.append(nil))
	return nil
}

func (w *write) leaveBand(band uint64, r ref) error {
	k := bandKey(band, bandPlace(r.key))
	v, err := w.f.get(k)
	if v == nil || err != nil {
		return err
	}
	if now, err := decodeRef(v); err != nil || now != r {
		return err
	}
	w.batch.Delete(k, nil)
	return nil
}

func bandPlace(k weburl.Key) byte { return k[15] % bandRoom }

func (f *Frontier) loadSketch(id hostID, key weburl.Key) (*docSketch, error) {
	v, err := f.get(sketchKey(id, key))
	if v == nil || err != nil {
		return nil, err
	}
	return decodeSketch(v)
}

// SameContent names the first address that has a document of this ContentHash, as
// of the last Commit; false: none has.
func (f *Frontier) SameContent(hash [16]byte) (weburl.URL, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil || hash == ([16]byte{}) {
		return weburl.URL{}, false
	}
	v, err := f.get(contentKey(contentHash64(hash)))
	if v == nil || err != nil {
		return weburl.URL{}, false
	}
	r, err := decodeRef(v)
	if err != nil {
		return weburl.URL{}, false
	}
	rec, err := f.loadURL(r.id(), r.key)
	if rec == nil || err != nil || !rec.doc || rec.hash != hash {
		return weburl.URL{}, false
	}
	return page(rec.url), true
}

// A Candidate is a document that shares bands with another.
type Candidate struct {
	URL    weburl.URL
	Shared int    // bands
	Sketch []byte // as its Outcome gave it
}

// Similar lists up to 32 documents that share bands, those that share most first,
// as of the last Commit. At most MaxBands bands are looked at.
func (f *Frontier) Similar(bands []uint64) ([]Candidate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return nil, f.broken
	}
	out, err := f.similar(bands[:min(len(bands), MaxBands)])
	if err != nil {
		return nil, fmt.Errorf("frontier: similar: %w", err)
	}
	return out, nil
}

func (f *Frontier) similar(bands []uint64) ([]Candidate, error) {
	it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: nodeKey(kindBand, 0), UpperBound: nodeKey(kindBand+1, 0)})
	if err != nil {
		return nil, err
	}
	defer it.Close()
	shared := map[ref]int{}
	for _, b := range bands {
		for ok := it.SeekGE(bandKey(b, 0)); ok && bandOf(it.Key()) == b; ok = it.Next() {
			v, err := it.ValueAndErr()
			if err != nil {
				return nil, err
			}
			r, err := decodeRef(v)
			if err != nil {
				return nil, err
			}
			shared[r]++
		}
	}
	if err := it.Error(); err != nil {
		return nil, err
	}
	refs := make([]ref, 0, len(shared))
	for r := range shared {
		refs = append(refs, r)
	}
	slices.SortFunc(refs, func(a, b ref) int {
		return cmp.Or(cmp.Compare(shared[b], shared[a]), slices.Compare(a.key[:], b.key[:]))
	})
	var out []Candidate
	for _, r := range refs[:min(len(refs), maxCandidates)] {
		rec, err := f.loadURL(r.id(), r.key)
		if err != nil {
			return nil, err
		}
		s, err := f.loadSketch(r.id(), r.key)
		if err != nil {
			return nil, err
		}
		if rec != nil && rec.doc && s != nil {
			out = append(out, Candidate{URL: page(rec.url), Shared: shared[r], Sketch: s.sketch})
		}
	}
	return out, nil
}
