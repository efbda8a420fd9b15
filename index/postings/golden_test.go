package postings

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata")

// TestExample is the worked example of the package doc.
func TestExample(t *testing.T) {
	var post, pos bytes.Buffer
	w := NewWriter(&post, &pos, nil, 8)
	w.Add(3, 1, 1, []uint32{10})
	w.Add(7, 2, 1, []uint32{5, 9})
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(post.Bytes(), []byte{7, 6, 0}) || !bytes.Equal(pos.Bytes(), []byte{10, 5, 4}) {
		t.Errorf("% x, positions % x", post.Bytes(), pos.Bytes())
	}
}

// TestExampleOfExceptions is the other one.
func TestExampleOfExceptions(t *testing.T) {
	gaps := [BlockLen]uint32{15: 243}
	for i := 1; i < 15; i++ {
		gaps[i] = 3
	}
	token, _ := chooseToken(&gaps, 16, worthDocs)
	if got := appendPacked(nil, &gaps, 16, token); token != 0x22 || !bytes.Equal(got, []byte{0xfc, 0xff, 0xff, 0xff, 0x0f, 0x3c}) {
		t.Errorf("token %x: % x", token, got)
	}
}

func TestDumpGolden(t *testing.T) {
	for name, g := range map[string]gen{
		"singleton": {df: 1, maxGap: 90, maxTF: 3, seed: 1, withPos: true, maxPositionGap: 40},
		"tiny":      {df: 6, maxGap: 900, maxTF: 3, seed: 2, withPos: true, maxPositionGap: 40},
		"packed":    {df: 3, maxGap: 900, maxTF: 120, rareTF: 1, seed: 7, withPos: true, maxPositionGap: 4},
		"blocked":   {df: 150, maxGap: 10, maxTF: 6, rareTF: 20, seed: 3, withPos: true, maxPositionGap: 4},
		"dense":     {df: 150, maxGap: 7, maxTF: 1, seed: 5},
		"patched":   {df: 150, maxGap: 20, rareGap: 60, maxTF: 90, rareTF: 50, seed: 6, withPos: true, maxPositionGap: 30},
		"docsonly":  {df: 150, maxGap: 1, maxTF: 1, seed: 4},
	} {
		t.Run(name, func(t *testing.T) {
			w := write(t, g.list(), g.withPos)
			var out bytes.Buffer
			if err := Dump(&out, &w.src, w.list); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".golden", out.Bytes())
		})
	}
}

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
