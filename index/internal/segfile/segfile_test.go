package segfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata")

var header = Header{Kind: Segment, UUID: [16]byte{1, 2, 3, 15: 9}, Created: 1_700_000_000_123_456_789}

type part struct {
	name  string
	field uint16
	data  []byte
}

func write(t testing.TB, parts []part) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, header)
	for i, p := range parts {
		w.Section(p.name, p.field)
		for chunk := p.data; len(chunk) > 0; { // in odd pieces
			n := min(len(chunk), 1+i*1000)
			if _, err := w.Write(chunk[:n]); err != nil {
				t.Fatal(err)
			}
			chunk = chunk[n:]
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := Open(out.Bytes(), Segment, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Digest() != w.Digest() || f.Size() != w.Size() {
		t.Fatalf("digest %x size %d, the writer said %x and %d", f.Digest(), f.Size(), w.Digest(), w.Size())
	}
	return out.Bytes()
}

func random(n int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + r.IntN(255))
	}
	return b
}

func parts(sizes ...int) (out []part) {
	for i, n := range sizes {
		out = append(out, part{[]string{"dict", "post", "norms012"}[i%3], uint16(i / 3), random(n)})
	}
	return out
}

var shapes = [][]int{{}, {0}, {1}, {63, 64, 65}, {0, 0, 3, 0}, {Chunk - 64}, {Chunk}, {Chunk + 1, 5, 3*Chunk - 7, 100}}

func TestRoundTrip(t *testing.T) {
	for _, shape := range shapes {
		t.Run(fmt.Sprint(shape), func(t *testing.T) {
			want := parts(shape...)
			f, err := Open(write(t, want), Segment, Options{})
			if err != nil {
				t.Fatal(err)
			}
			h := header
			h.Major, h.Minor = Major, Minor
			if f.Header() != h || len(f.Sections()) != len(want) {
				t.Fatalf("%+v, %d sections", f.Header(), len(f.Sections()))
			}
			for i, p := range want {
				got, ok := f.Section(p.name, p.field)
				if !ok || !bytes.Equal(got, p.data) {
					t.Fatalf("section %d: %d bytes, want %d", i, len(got), len(p.data))
				}
				if off := f.Sections()[i].Off; off%Align != 0 {
					t.Fatalf("section %d at %d", i, off)
				}
				if !bytes.Equal(got[len(got):len(got)+Align], make([]byte, Align)) || cap(got) != len(got)+Align {
					t.Fatalf("section %d is not followed by %d zeros", i, Align)
				}
				if err := f.Gate(p.name, p.field).All(); err != nil {
					t.Fatal(err)
				}
			}
			if _, ok := f.Section("absent", 0); ok {
				t.Fatal("found a section that is not there")
			}
			if err := f.Verify(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestEveryBitCounts changes each byte of an object: either Open or Verify must
// say so.
func TestEveryBitCounts(t *testing.T) {
	good := write(t, parts(3, 100, 0))
	for i := range good {
		for _, x := range []byte{1, 0x80} {
			data := bytes.Clone(good)
			data[i] ^= x
			f, err := Open(data, Segment, Options{})
			if err == nil {
				err = f.Verify()
			}
			if err == nil {
				t.Fatalf("byte %d changed, and nobody saw it", i)
			}
			if version := i >= 6 && i < 8; !version && !errors.Is(err, ErrCorrupt) {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
		if _, err := Open(good[:i], Segment, Options{}); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
}

func TestDamageIsNamed(t *testing.T) {
	data := write(t, parts(10, 3*Chunk, 10))
	data[2*Chunk+5] ^= 4
	f, err := Open(data, Segment, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Gate("dict", 0).All(); err != nil {
		t.Errorf("a whole section: %v", err)
	}
	for _, err := range []error{f.Verify(), f.Gate("post", 0).All()} {
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "post.0") || !strings.Contains(err.Error(), "chunk 2") {
			t.Errorf("damage in chunk 2 of section post.0 is told as: %v", err)
		}
	}
}

func TestVersions(t *testing.T) {
	for name, change := range map[string]func(h []byte){
		"major":   func(h []byte) { h[6]++ },
		"minor":   func(h []byte) { h[7]++ },
		"feature": func(h []byte) { h[24] = 1 },
	} {
		data := write(t, parts(3))
		change(data)
		copy(data[headerSummed:], appendSum(data[:headerSummed]))
		if _, err := Open(data, Segment, Options{}); err == nil || errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "Trawl") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(write(t, nil), Manifest, Options{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("another kind: %v", err)
	}
}

type broken struct{ left int }

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, os.ErrClosed
	}
	return len(p), nil
}

func TestWriterErrors(t *testing.T) {
	for _, left := range []int{0, Chunk, 2 * Chunk} {
		w := NewWriter(&broken{left}, header)
		w.Section("post", 0)
		w.Write(random(2*Chunk + 5))
		if err := w.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("left %d: %v", left, err)
		}
	}
	for _, name := range []string{"", "toolongname", "Post", "a b"} {
		w := NewWriter(&bytes.Buffer{}, header)
		w.Section(name, 0)
		if w.Close() == nil {
			t.Errorf("section %q was accepted", name)
		}
	}
	w := NewWriter(&bytes.Buffer{}, header)
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("bytes outside of a section were accepted")
	}
}

func TestInspectGolden(t *testing.T) {
	var out bytes.Buffer
	small := write(t, []part{{"post", 0, []byte("abc")}})
	if len(small) != 292 {
		t.Errorf("the worked example has %d bytes", len(small))
	}
	if err := Inspect(&out, small, nil); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "small.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("%s differs; got:\n%s", file, out.Bytes())
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(write(f, parts(3, 100)), uint32(200), uint8(1))
	f.Add(write(f, nil), uint32(80), uint8(255))
	f.Fuzz(func(t *testing.T, data []byte, at uint32, x uint8) {
		data = bytes.Clone(data)
		if len(data) >= footerBytes+headerBytes { // sums made right again, to come behind them
			data[int(at)%len(data)] ^= x
			copy(data[headerSummed:], appendSum(data[:headerSummed]))
			foot := data[len(data)-footerBytes:]
			copy(foot[footerSummed:], appendSum(foot[:footerSummed]))
		}
		file, err := Open(data, Segment, Options{})
		Inspect(&bytes.Buffer{}, data, nil)
		if err != nil {
			return
		}
		for _, s := range file.Sections() {
			body, _ := file.Section(s.Name, s.Field)
			_ = body[:cap(body)]
			file.Gate(s.Name, s.Field).All()
		}
		file.Verify()
	})
}

func appendSum(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(nil, crc32.Checksum(b, castagnoli))
}

func BenchmarkVerify(b *testing.B) {
	data := write(b, parts(16<<20))
	f, err := Open(data, Segment, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := f.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}
