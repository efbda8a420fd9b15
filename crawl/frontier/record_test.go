package frontier

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/weburl"
)

// FuzzRecords: no bytes make a decoder panic, and what decodes encodes to the
// same meaning.
func FuzzRecords(f *testing.F) {
	u := urlRecord{state: uint8(Done), doc: true, url: "http://a.test/", hash: [16]byte{1}, depth: 3, etag: `"e"`}
	f.Add(byte(0), u.append(nil))
	u.urlLife = urlLife{history: history{3, 2, 99}, changed: 5, demand: 6, missing: 7, misses: 1, fails: 2}
	f.Add(byte(0), u.append(nil))
	f.Add(byte(4), (&template{shape: "/w", history: history{3, 2, 99}, known: 7, held: 2}).append(nil))
	f.Add(byte(1), (&hostRecord{origin: "http://a.test", delay: -1, sched: 7, ip: netip.MustParseAddr("192.0.2.1"), templates: 2, parks: 1, since: 9, known: 3, pit: pit{1, 2, 3}}).append(nil))
	f.Add(byte(2), (&Entry{Part: 2, Data: [][]byte{{1}, {}, {2, 3}}}).append(nil))
	m := meta{seq: 9, warc: WARCPosition{"f", 1}, reasons: map[string]uint64{"dns": 2}}
	f.Add(byte(3), m.append(nil))
	f.Add(byte(5), (&site{seeded: true, hosts: 3, links: sketch{1, 2}}).append(nil))
	f.Add(byte(6), ref{1, 2, weburl.Key{3}}.append(nil))
	f.Add(byte(7), (&docSketch{bands: []uint64{1, 2}, sketch: []byte("s")}).append(nil))
	f.Add(byte(8), slotState{epoch: 3, frozen: true}.append(nil))
	out := Item{URL: page("http://a.test/x"), Referrer: page("http://b.test/"), Depth: 3, Mark: 1}
	f.Add(byte(9), appendOutbound(nil, 77, []*Item{&out, &out}))
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		check := func(err error, again []byte, same func() (bool, error)) {
			if err != nil {
				if !errors.Is(err, errCorrupt) && !strings.Contains(err.Error(), "version") {
					t.Fatalf("unmarked error %v", err)
				}
				return
			}
			if ok, err := same(); !ok || err != nil {
				t.Fatalf("kind %d: %x became %x, %v", kind%10, b, again, err)
			}
		}
		switch kind % 10 {
		case 0:
			r, err := decodeURL(b)
			again := r.append(nil)
			check(err, again, func() (bool, error) { s, err := decodeURL(again); return *s == *r, err })
		case 1:
			r, err := decodeHost(b)
			again := r.append(nil)
			check(err, again, func() (bool, error) { s, err := decodeHost(again); return *s == *r, err })
		case 2:
			e, err := decodeEntry(b)
			again := e.append(nil)
			check(err, again, func() (bool, error) {
				g, err := decodeEntry(again)
				same := g.Part == e.Part && len(g.Data) == len(e.Data)
				for i := range e.Data {
					same = same && bytes.Equal(e.Data[i], g.Data[i])
				}
				return same, err
			})
		case 3:
			m, err := decodeMeta(b)
			again := m.append(nil)
			check(err, again, func() (bool, error) {
				g, err := decodeMeta(again)
				same := maps.Equal(m.reasons, g.reasons)
				m.reasons, g.reasons = nil, nil
				return same && fmt.Sprint(m) == fmt.Sprint(g), err
			})
		case 4:
			r, err := decodeTemplate(b)
			again := r.append(nil)
			check(err, again, func() (bool, error) { s, err := decodeTemplate(again); return *s == *r, err })
		case 5:
			r, err := decodeSite(b)
			again := r.append(nil)
			check(err, again, func() (bool, error) { s, err := decodeSite(again); return *s == *r, err })
		case 6:
			r, err := decodeRef(b)
			again := r.append(nil)
			check(err, again, func() (bool, error) { s, err := decodeRef(again); return s == r, err })
		case 7:
			r, err := decodeSketch(b)
			again := r.append(nil)
			check(err, again, func() (bool, error) {
				s, err := decodeSketch(again)
				return slices.Equal(s.bands, r.bands) && bytes.Equal(s.sketch, r.sketch), err
			})
		case 8:
			r, err := decodeSlot(b)
			again := r.append(nil)
			check(err, again, func() (bool, error) { s, err := decodeSlot(again); return s == r, err })
		case 9:
			slot, list, err := decodeOutbound(b)
			var ptrs []*Item
			for i := range list {
				ptrs = append(ptrs, &list[i])
			}
			again := appendOutbound(nil, slot, ptrs)
			check(err, again, func() (bool, error) {
				s, l, err := decodeOutbound(again)
				return s == slot && len(l) == len(list), err
			})
		}
		if line := annotate(b, b); strings.Contains(line, "\n") {
			t.Fatalf("two lines of one key: %q", line)
		}
	})
}

func TestQueueKeysSortAsServed(t *testing.T) {
	id := hostOf(addr(t, "http://a.test/"))
	ordered := []place{
		{0, 0, 1}, {0, 0, 1 << 33}, {0, 0, maxSeq}, {0, 1, 0}, {0, 3, 5}, {1, 0, 0}, {1, 2, 9}, {1 << 31, 0, 0},
	}
	for i, p := range ordered {
		key := queueKey(id, p)
		if gotID, got, ok := decodeQueueKey(key); !ok || got != p || gotID != id {
			t.Errorf("%+v came back as %+v %+v %v", p, gotID, got, ok)
		}
		if i > 0 && bytes.Compare(queueKey(id, ordered[i-1]), key) >= 0 {
			t.Errorf("%+v does not sort before %+v", ordered[i-1], p)
		}
	}
	due, got, ok := decodeSchedKey(schedKey(1234567890123456, id))
	if due != 1234567890123456 || got != id || !ok {
		t.Errorf("S key came back as %d %+v %v", due, got, ok)
	}
	if a, b := hostOf(addr(t, "http://www.a.test/")), id; a.slot != b.slot || a.site != b.site || a.host == b.host {
		t.Errorf("hosts of one registrable domain: %+v %+v", a, b)
	}
	if id.slot >= slots {
		t.Errorf("slot %d", id.slot)
	}
}

func TestSeenCache(t *testing.T) {
	c := newSeenCache(64 << 10)
	rng := rand.New(rand.NewPCG(1, 2))
	var added []weburl.Key
	for range 5000 {
		var k weburl.Key
		for i := range k {
			k[i] = byte(rng.Uint32())
		}
		if c.has(k) {
			t.Fatal("it knows what was not added")
		}
		c.add(k)
		if !c.has(k) {
			t.Fatal("it forgot at once")
		}
		added = append(added, k)
	}
	kept := 0
	for _, k := range added {
		if c.has(k) {
			kept++
		}
	}
	if room := len(c.sets) * 4; kept > room || kept < room*8/10 {
		t.Errorf("keeps %d of %d places", kept, room)
	}
}

// TestReasonsAreBounded: the table of reasons does not grow with what servers say.
func TestReasonsAreBounded(t *testing.T) {
	var m meta
	for i := range 500 {
		m.count(&urlRecord{state: uint8(Failed), reason: fmt.Sprint("r", i)}, +1)
	}
	if len(m.reasons) > maxReasons+1 || m.reasons["failed/other"] != 500-maxReasons {
		t.Errorf("%d reasons, %d others", len(m.reasons), m.reasons["failed/other"])
	}
	for i := range 500 {
		m.count(&urlRecord{state: uint8(Failed), reason: fmt.Sprint("r", i)}, -1)
	}
	if len(m.reasons) != 0 || m.states[Failed] != 0 {
		t.Errorf("left: %v", m.reasons)
	}
}

// TestOlderVersions: what older builds wrote is read as it is.
func TestOlderVersions(t *testing.T) {
	u := urlRecord{state: uint8(Done), doc: true, url: "http://a.test/", hash: [16]byte{1}, visits: 3}
	b := u.append(nil)
	if b[0] != 1 {
		t.Errorf("an address without history is written as version %d", b[0])
	}
	if r, err := decodeURL(b); err != nil || *r != u {
		t.Errorf("%+v, %v", r, err)
	}
	u.history, u.missing, u.sketch = history{checks: 3, changes: 1, mean: 60}, 8, true
	b = u.append(nil)
	b[0] = 2 // the third adds a flag
	if r, err := decodeURL(b); err != nil || *r != u {
		t.Errorf("%+v, %v", r, err)
	}
	u.waits = true
	b = u.append(nil)
	b[0] = 3 // the fourth adds another
	if r, err := decodeURL(b); err != nil || *r != u {
		t.Errorf("%+v, %v", r, err)
	}
	u.truncated = true
	b = u.append(nil)
	if r, err := decodeURL(b); err != nil || *r != u {
		t.Errorf("%+v, %v", r, err)
	}
	b[0] = 3
	if _, err := decodeURL(b); err == nil {
		t.Error("version 3 has no such flag, and it is read")
	}
	for version, cut := range map[byte]int{1: 12 + hostAdded, 2: hostAdded} { // bytes of fields that are 0
		h := hostRecord{origin: "http://a.test", delay: 5, sched: 7, reason: "why"}
		b = h.append(nil)
		b = b[:len(b)-cut]
		b[0] = version
		if r, err := decodeHost(b); err != nil || *r != h {
			t.Errorf("version %d: %+v, %v", version, r, err)
		}
	}
	for version, cut := range map[byte]int{1: 4 + metaAdded, 2: metaAdded} {
		m := meta{seq: 9, hosts: 2, id: "x", reasons: map[string]uint64{"failed/dns": 1}}
		b = m.append(nil)
		b = b[:len(b)-cut]
		b[4] = version
		if r, err := decodeMeta(b); err != nil || fmt.Sprint(r) != fmt.Sprint(m) {
			t.Errorf("version %d: %+v, %v", version, r, err)
		}
	}
	b[4] = recordVersion + 1
	if _, err := decodeMeta(b); err == nil || !strings.Contains(err.Error(), "upgrade") {
		t.Errorf("version %d: %v", b[4], err)
	}
}

// How many fields version 3 added.
const (
	hostAdded = 6
	metaAdded = 4
)
