package termdict

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run go test -update and read the difference. Got:\n%s", file, got)
	}
}

func TestDumpGolden(t *testing.T) {
	var list []entry
	next := Info{}
	for i, term := range []string{"", "a", "aalborg", "aalborgs", "able", "car", "cart", "internationalisation", "internationalisations", "zebra"} {
		info := Info{Docs: 1, Freq: uint64(1 + i), Doc: uint32(1000 * i), Post: next.Post, Pos: next.Pos, PosSize: uint64(2 * i)}
		if i%3 == 1 {
			info.Docs, info.Doc, info.PostSize = uint32(1+i), 0, uint64(3*i)
		}
		next = Info{Post: info.Post + info.PostSize, Pos: info.Pos + info.PosSize}
		list = append(list, entry{term, info})
	}
	var out bytes.Buffer
	if err := Dump(&out, build(t, list)); err != nil {
		t.Fatal(err)
	}
	golden(t, "dict.golden", out.Bytes())
}
