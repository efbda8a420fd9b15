package corrupt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

func TestReader(t *testing.T) {
	data := []byte{7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}
	data = binary.AppendUvarint(data, 300)
	r := NewReader(data)
	if r.U8() != 7 || r.U16() != 0x0201 || r.U32() != 0x06050403 || r.U64() != 0x0e0d0c0b0a090807 || r.Off() != 15 {
		t.Fatal("wrong integers")
	}
	if r.Uvarint() != 300 || r.Len() != 0 || r.Bad() {
		t.Fatal("wrong varint")
	}
	if r.U8() != 0 || !r.Bad() {
		t.Fatal("read past the end")
	}
}

// TestReaderFailsOnce holds every method to the contract: past the end it yields
// zero, and so does all that comes after.
func TestReaderFailsOnce(t *testing.T) {
	for name, read := range map[string]func(r *Reader) uint64{
		"U8":      func(r *Reader) uint64 { r.Bytes(4); return uint64(r.U8()) },
		"U16":     func(r *Reader) uint64 { r.Bytes(3); return uint64(r.U16()) },
		"U32":     func(r *Reader) uint64 { r.Bytes(1); return uint64(r.U32()) },
		"U64":     func(r *Reader) uint64 { return r.U64() },
		"Uvarint": func(r *Reader) uint64 { return r.Uvarint() },
		"Count":   func(r *Reader) uint64 { r.Bytes(3); return r.Count(0x7e) },
		"Bytes":   func(r *Reader) uint64 { return uint64(len(r.Bytes(5))) },
		"below 0": func(r *Reader) uint64 { return uint64(len(r.Bytes(-1))) },
	} {
		r := NewReader([]byte{0xff, 0xff, 0xff, 0x7f}) // a varint of 28 bits
		if name == "Uvarint" {
			r = NewReader([]byte{0xff, 0xff, 0xff, 0xff})
		}
		if got := read(&r); got != 0 || !r.Bad() || r.Len() != 0 || r.U8() != 0 {
			t.Errorf("%s = %d, bad %v", name, got, r.Bad())
		}
	}
}

func TestErrorf(t *testing.T) {
	err := Errorf("postings: block %d", 3)
	if !errors.Is(err, Err) || err.Error() != "postings: block 3: corrupt index" {
		t.Error(err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestDump(t *testing.T) {
	var out bytes.Buffer
	data := make([]byte, 45)
	d := NewDump(&out, data, 0x10)
	d.Note("a %s", "list")
	d.Bytes(2, "docs: %d", 0)
	d.Bytes(0, "nothing")
	d.Bytes(40, "long")
	d.Bytes(9, "end")
	want := `# a list
00000010  00 00                    docs: 0
00000012  00 00 00 00 00 00 00 00  long
0000001a  00 00 00 00 00 00 00 00  
00000022  00 00 00 00 00 00 00 00  
0000002a  00 00 00 00 00 00 00 00  
          ... 8 bytes more
0000003a  00 00 00                 end (cut short: 9 bytes wanted, 3 left)
`
	if got := out.String(); got != want || d.Len() != 0 {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	d = NewDump(full{}, data, 0)
	d.Bytes(1, "x")
	d.Note("y")
	if d.Err() == nil || !strings.Contains(d.Err().Error(), "full") {
		t.Error(d.Err())
	}
}

// FuzzReader takes what a program of bytes says from a Reader and compares with the
// bytes themselves; past the end, once and for ever, there is nothing.
func FuzzReader(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 0xff, 0x7f}, []byte{0, 1, 2, 4})
	f.Add([]byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02}, []byte{4})
	f.Fuzz(func(t *testing.T, data, program []byte) {
		r := NewReader(data)
		at := 0
		for _, step := range program {
			before := r.Off()
			if before != at && !r.Bad() {
				t.Fatalf("at %d, not %d", before, at)
			}
			n := map[byte]int{0: 1, 1: 2, 2: 4, 3: 8}[step%8]
			var got, want uint64
			switch step % 8 {
			case 0:
				got = uint64(r.U8())
			case 1:
				got = uint64(r.U16())
			case 2:
				got = uint64(r.U32())
			case 3:
				got = r.U64()
			case 4, 5:
				if step%8 == 4 {
					got = r.Uvarint()
				} else {
					got = r.Count(uint64(step))
				}
				if want, n = binary.Uvarint(data[min(at, len(data)):]); n <= 0 || step%8 == 5 && want > uint64(step) {
					want, n = 0, len(data)+1
				}
			default:
				n = int(step) - 100
				if b := r.Bytes(n); b != nil && (len(b) != n || cap(b) != n) {
					t.Fatalf("%d bytes of %d", len(b), n)
				}
				if n < 0 {
					n = len(data) + 1
				}
			}
			if bad := at+n > len(data); bad || r.Bad() {
				if !bad && at <= len(data) || !r.Bad() || r.Len() != 0 || got != 0 {
					t.Fatalf("step %d at %d: %d, bad %v", step%8, at, got, r.Bad())
				}
				at = len(data) + 1
				continue
			}
			for i := range n {
				if step%8 < 4 {
					want |= uint64(data[at+i]) << (8 * i)
				}
			}
			if at += n; got != want {
				t.Fatalf("step %d at %d: %d, not %d", step%8, at, got, want)
			}
		}
	})
}
