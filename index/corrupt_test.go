package index

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/index/internal/segfile"
	"github.com/trawlsearch/trawl/index/postings"
)

// smallIndex is one committed segment with deletes.
func smallIndex(t testing.TB) *memory { return indexOf(t, 200) }

// indexOf is one committed segment of so many documents, with a delete.
func indexOf(t testing.TB, docs int) *memory {
	ctx := t.Context()
	st := newMemory()
	w, err := OpenWriter(ctx, st, testSchema, WriterOptions{NoMerge: true, Inverters: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r := rand.New(rand.NewPCG(10, 11))
	for i := range docs {
		if err := w.Put(ctx, randomDocument(r, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Refresh(ctx), w.Delete(ctx, testKey(7)), w.Commit(ctx, 1)); err != nil {
		t.Fatal(err)
	}
	return st
}

// readAll reads whatever a snapshot gives, caring for no error.
func readAll(s *Snapshot) {
	var c postings.Cursor
	var positions []uint32
	for _, g := range s.Segments() {
		for doc := range g.MaxDoc() {
			g.Live(doc)
			g.Find(g.Key(doc))
			g.Stored(doc, nil)
		}
		for field := range s.Schema().Fields {
			if col := g.Column(field); col != nil {
				for doc := range g.MaxDoc() {
					g.Has(field, doc)
					col.Get(doc)
				}
			}
			if g.Terms(field) == nil {
				continue
			}
			for it := g.Terms(field).Iter(); it.Next(); {
				g.PostingsAt(&c, field, it.Info())
				for doc := c.Next(); doc != postings.None; doc = c.Next() {
					positions = c.Positions(positions[:0])
				}
			}
			digestPairs(io.Discard, g, field)
		}
		g.Err()
	}
}

// TestMergeRefusesDamage: a merge would give wrong bytes right checksums.
func TestMergeRefusesDamage(t *testing.T) {
	st := smallIndex(t)
	w := open(t, st)
	for name, data := range st.objects {
		if strings.HasPrefix(name, segmentPrefix) {
			data[200] ^= 1 // a key; the writer has it open
		}
	}
	if err := w.Optimize(t.Context()); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("Optimize: %v", err)
	}
	if did, err := w.mergeNext(t.Context()); did || err != nil {
		t.Fatalf("the damaged segment is tried again: %v, %v", did, err)
	}
}

// FuzzSegment reads segments of which some bytes are wrong and all checksums
// right, as a bug of ours or an enemy would make them: nothing may panic.
func FuzzSegment(f *testing.F) {
	st := smallIndex(f)
	var good []byte
	for name, data := range st.objects {
		if strings.HasPrefix(name, segmentPrefix) {
			good = data
		}
	}
	r := rand.New(rand.NewPCG(14, 15))
	for range 300 {
		f.Add(uint32(r.IntN(len(good))), byte(1+r.IntN(255)), uint32(r.IntN(len(good))), byte(r.IntN(256)))
	}
	f.Fuzz(func(t *testing.T, at1 uint32, xor1 byte, at2 uint32, xor2 byte) {
		data := reframe(t, good, func(payload []byte) {
			payload[int(at1)%len(payload)] ^= xor1
			payload[int(at2)%len(payload)] ^= xor2
		})
		b := &body{object: memoryObject{data: data}}
		file, err := segfile.Open(data, segfile.Segment, segfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		b.id = UUID(file.Header().UUID)
		err = b.read(200, int64(len(data)), newShared())
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("not marked as corrupt: %v", err)
			}
			return
		}
		g := &Segment{body: b}
		readAll(&Snapshot{schema: testSchema, segments: []*Segment{g}})
		err = writeMerged(t.Context(), io.Discard, UUID{2}, testSchema, []*Segment{g}, nil, scratch{spoolBytes: 1 << 20})
		if err != nil && !errors.Is(err, ErrCorrupt) && !strings.Contains(err.Error(), "postings: ") {
			t.Fatalf("merge: not marked as corrupt: %v", err)
		}
	})
}

// reframe copies the sections of a segment, changed, into a new one.
func reframe(t *testing.T, data []byte, change func(payload []byte)) []byte {
	in, err := segfile.Open(data, segfile.Segment, segfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, s := range in.Sections() {
		content, _ := in.Section(s.Name, s.Field)
		all = append(all, content...)
	}
	change(all)
	var out bytes.Buffer
	w := segfile.NewWriter(&out, in.Header())
	for _, s := range in.Sections() {
		w.Section(s.Name, s.Field)
		w.Write(all[:s.Size])
		all = all[s.Size:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func FuzzManifest(f *testing.F) {
	m := sampleManifest()
	data, err := m.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)-16])
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decodeManifest(withSum(data))
		if err != nil {
			return
		}
		again, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeManifest(again); err != nil {
			t.Fatalf("what was encoded does not decode: %v", err)
		}
	})
}

func FuzzLive(f *testing.F) {
	f.Add([]byte{3, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0}, uint32(3))
	f.Fuzz(func(t *testing.T, body []byte, docs uint32) {
		data := liveFile(t, body)
		b, err := readLive(data, UUID{1}, docs)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		for doc := range docs {
			b.has(doc)
		}
	})
}

// FuzzInfo reads what a segment says of itself.
func FuzzInfo(f *testing.F) {
	st := smallIndex(f)
	for name, data := range st.objects {
		if strings.HasPrefix(name, segmentPrefix) {
			file, err := segfile.Open(data, segfile.Segment, segfile.Options{})
			if err != nil {
				f.Fatal(err)
			}
			info, _ := file.Section(sectionInfo, 0)
			f.Add(info)
			f.Add(info[:len(info)/2])
		}
	}
	f.Add([]byte(`{"docs":1,"schema":{"lang":"en","fields":[{"name":"a","kind":"text"}]},"fields":[{}],"impacts":[{}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, info []byte) {
		var out bytes.Buffer
		w := segfile.NewWriter(&out, segfile.Header{Kind: segfile.Segment, UUID: UUID{1}})
		w.Section(sectionInfo, 0)
		w.Write(info)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		b := &body{object: memoryObject{data: out.Bytes()}, id: UUID{1}}
		for docs := range uint32(3) { // a segment without sections opens with nothing in it, or not at all
			if err := b.read(docs, int64(out.Len()), newShared()); err != nil && !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
		}
		Inspect(io.Discard, segmentName(UUID{1}), out.Bytes())
	})
}

// FuzzInspect shows objects of which some bytes are wrong, with right checksums where
// they have any: `trawl inspect` is what one does with a damaged file.
func FuzzInspect(f *testing.F) {
	st := smallIndex(f)
	var names []string
	for name := range st.objects {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range 60 {
		f.Add(uint8(i), uint32(i*977), uint8(1+i), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint32, xor uint8, right bool) {
		name := names[int(which)%len(names)]
		data := slices.Clone(st.objects[name])
		change := func(b []byte) { b[int(at)%len(b)] ^= xor }
		switch {
		case right && strings.HasPrefix(name, segmentPrefix):
			data = reframe(t, data, change)
		case right && strings.HasPrefix(name, manifestPrefix):
			data = data[:len(data)-len("crc32c=01234567\n")]
			change(data)
			data = withSum(data)
		default:
			change(data)
			data = data[:max(1, len(data)-int(at%7))]
		}
		Inspect(io.Discard, name, data)
	})
}
