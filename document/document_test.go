package document

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func sample() *Document {
	return &Document{
		Key: KeyOf("http://a.test/"), ID: "http://a.test/", URL: "http://a.test/", Version: -7, Lang: "en",
		Fields: []Field{{"title", "Größe"}, {"body", "one\ntwo"}, {"body", "three"}},
		Groups: []string{"staff"},
	}
}

func TestDecodeUndoesAppend(t *testing.T) {
	for _, d := range []*Document{sample(), {}, {Key: KeyOf("x"), ID: "x", Deleted: true}} {
		got, err := Decode(d.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, d) {
			t.Errorf("got %+v, want %+v", got, d)
		}
	}
}

func TestTextJoinsRepeatedFields(t *testing.T) {
	if got, want := sample().Text("body"), "one\ntwo\nthree"; got != want {
		t.Errorf("Text = %q, want %q", got, want)
	}
}

func TestEveryFlippedBitIsNamed(t *testing.T) {
	good := sample().Append(nil)
	for i := range good {
		for bit := range 8 {
			bad := append([]byte(nil), good...)
			bad[i] ^= 1 << bit
			if _, err := Decode(bad); err == nil {
				t.Fatalf("bit %d of byte %d flipped, and nothing said so", bit, i)
			}
		}
		if _, err := Decode(good[:i]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

func TestFit(t *testing.T) {
	d := sample()
	d.Fields[1].Text = strings.Repeat("ß", MaxBytes)
	if !d.Fit() {
		t.Error("a document above the limit was not cut")
	}
	if n := len(d.Append(nil)); n > MaxBytes || n < MaxBytes-200 {
		t.Errorf("fitted to %d bytes, want just below %d", n, MaxBytes)
	}
	if strings.ToValidUTF8(d.Fields[1].Text, "") != d.Fields[1].Text {
		t.Error("cut inside a character")
	}
	if sample().Fit() {
		t.Error("a small document was cut")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(sample().Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Decode(b)
		if err != nil {
			return
		}
		if again, err := Decode(d.Append(nil)); err != nil || !reflect.DeepEqual(again, d) {
			t.Errorf("%+v came back as %+v, %v", d, again, err)
		}
	})
}
