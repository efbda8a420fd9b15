package warc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// zstdFrame makes a frame of s.
func zstdFrame(tb testing.TB, dict []byte, s string) []byte {
	tb.Helper()
	opts := []zstd.EOption{zstd.WithEncoderConcurrency(1)}
	if dict != nil {
		opts = append(opts, zstd.WithEncoderDict(dict))
	}
	enc, err := zstd.NewWriter(nil, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	return enc.EncodeAll([]byte(s), nil)
}

func skippable(id uint32, content []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0x184d2a50+id)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(content)))
	return append(b, content...)
}

// dictionary trains one on the records of pages.
func dictionary(tb testing.TB) []byte {
	tb.Helper()
	var samples [][]byte
	for i := range 100 {
		samples = append(samples, []byte(plain(fmt.Sprint("http://a.test/", i), strings.Repeat(fmt.Sprintf("page %d says hello to the world. ", i), 20))))
	}
	dict, err := zstd.BuildDict(zstd.BuildDictOptions{ID: 7, Contents: samples, History: bytes.Join(samples[:20], nil), Offsets: [3]int{1, 4, 8}})
	if err != nil {
		tb.Fatal(err)
	}
	return dict
}

// TestZstd reads .warc.zst files: plain frames, frames after a dictionary that
// is stored or compressed, damage, and one record by its place.
func TestZstd(t *testing.T) {
	dict := dictionary(t)
	a, b, c := plain("a", strings.Repeat("page says hello to the world. ", 99)), plain("b", ""), plain("c", "x")
	join := func(parts ...[]byte) string { return string(bytes.Join(parts, nil)) }
	frames := func(dict []byte) []byte {
		return bytes.Join([][]byte{zstdFrame(t, dict, a), zstdFrame(t, dict, b), zstdFrame(t, dict, c)}, nil)
	}
	za := zstdFrame(t, nil, a)
	broken := bytes.Clone(zstdFrame(t, nil, b))
	broken[len(broken)-1] ^= 1 // the checksum
	for name, c := range map[string]struct{ in, want string }{
		"frames":                 {string(frames(nil)), "a b c"},
		"dictionary":             {join(skippable(13, dict), frames(dict)), "a b c"},
		"compressed dictionary":  {join(skippable(13, zstdFrame(t, nil, string(dict))), frames(dict)), "a b c"},
		"other skippable frames": {join(skippable(1, []byte("x")), frames(nil), skippable(2, nil)), "a b c"},
		"several in a frame":     {join(zstdFrame(t, nil, a+b), zstdFrame(t, nil, c)), "a b c"},
		"checksum":               {join(za, broken, zstdFrame(t, nil, c)), fmt.Sprintf("a c !%d", len(za))},
		"cut":                    {join(za, frames(nil)[:40]), fmt.Sprintf("a !%d", len(za))},
		"no dictionary":          {string(zstdFrame(t, dict, a)), "!0"},
		"huge dictionary":        {join(skippable(13, nil)[:4], []byte{0, 0, 0, 1}), "!0"},
		"mixed":                  {join(za, zip(b), []byte(c)), "a b c"},
	} {
		recs, errs := readAll([]byte(c.in))
		got := strings.Join(uris(recs), " ")
		for _, err := range errs {
			got += fmt.Sprintf(" !%d", err.(*CorruptError).Offset)
		}
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("%s: %s, want %s (%v)", name, got, c.want, errs)
		}
	}
	dir := t.TempDir()
	data := join(skippable(13, dict), frames(dict))
	if err := os.WriteFile(filepath.Join(dir, "x.warc.zst"), []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	recs, _ := readAll([]byte(data))
	for _, want := range recs {
		got, err := Read(dir, Ref{File: "x.warc.zst", Offset: want.Offset, Length: want.Length})
		if err != nil || got.TargetURI != want.TargetURI || !bytes.Equal(got.Block, want.Block) {
			t.Errorf("%s by its place: %+v, %v", want.TargetURI, got, err)
		}
	}
}

func TestContent(t *testing.T) {
	body := strings.Repeat("hello ", 1000)
	z := string(zip(body))
	zst := string(zstdFrame(t, nil, body))
	for _, c := range []struct {
		coding, in string
		max        int64
		want       string
		whole      bool
	}{
		{"", body, 0, body, true},
		{"gzip", z, 0, body, true},
		{"GZIP, identity", z, 0, body, true},
		{"zstd", zst, 0, body, true},
		{"zstd, gzip", string(zip(zst)), 0, body, true},
		{"gzip, gzip, gzip", z, 0, z, false},
		{"gzip", body, 0, body, true}, // was decoded by who wrote the archive
		{"br", body, 0, body, true},
		{"deflate", "x", 0, "x", true},
		{"gzip", z, 7, body[:7], false},
		{"", body, 7, body[:7], false},
		{"gzip", z[:len(z)-9], 0, body, false},
	} {
		got, whole := Content(map[string][]string{"Content-Encoding": {c.coding}}, []byte(c.in), c.max)
		if c.coding == "gzip" && strings.HasPrefix(body, string(got)) && !whole && !c.whole && len(got) > 0 {
			continue // how much a damaged stream still gives is the decoder's affair
		}
		if string(got) != c.want || whole != c.whole {
			t.Errorf("%q of %d bytes, at most %d: %d bytes, %v", c.coding, len(c.in), c.max, len(got), whole)
		}
	}
}
