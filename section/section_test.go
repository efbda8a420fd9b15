package section

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// short is a section without its places.
func short(list []Section) (out []string) {
	for _, s := range list {
		out = append(out, fmt.Sprintf("%d|%s|%s|%s", s.Level, s.Heading, s.Anchor, s.Text))
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name, text string
		list       []Section
		encoded    string
		want       []string
	}{
		{"the example", "Lead.\nUse\nOne.", []Section{{Text: "Lead."}, {Level: 2, Heading: "Use", Anchor: "u", Text: "One."}},
			"§1\n6 3 2 u\n", []string{"2|Use|u|One."}},
		{"headings apart", "One.\nTwo.\nThree.", []Section{{Level: 1, Heading: "A", Anchor: "page=1", Text: "One."}, {Level: 0, Heading: "B", Anchor: "page=2", Text: "Two.\nThree."}},
			"§1\n0 0 1 page=1\tA\n5 0 0 page=2\tB\n", []string{"1|A|page=1|One.", "0|B|page=2|Two.\nThree."}},
		{"a heading of two lines", "End\nof it\nLast.", []Section{{Level: 2, Heading: "End of it", Anchor: "e", Text: "Last."}},
			"§1\n10 0 2 e\tEnd of it\n", []string{"2|End of it|e|Last."}},
		{"the sign of a permalink", "Use ¶\nOne.", []Section{{Level: 2, Heading: "Use", Anchor: "u", Text: "One."}},
			"§1\n0 3 2 u\n", []string{"2|Use|u|¶\nOne."}},
		{"the heading as a word before", "Use\nUse it.\nUse\nNow.", []Section{{Level: 2, Heading: "Use", Anchor: "a", Text: "Use it."}, {Level: 2, Heading: "Use", Anchor: "b", Text: "Now."}},
			"§1\n0 3 2 a\n9 3 2 b\n", []string{"2|Use|a|Use it.", "2|Use|b|Now."}},
		{"empty, twice, unsafe", "A\nB\nC\nD\nText.", []Section{{Level: 2, Heading: "A", Anchor: "x"}, {Level: 3, Heading: "B", Anchor: "x"}, {Level: 3, Heading: "C", Anchor: "y\nz"}, {Level: 9, Heading: "D", Anchor: "an id", Text: "Text."}},
			"§1\n0 1 2 x\n1 1 3 \n1 1 3 \n1 1 6 an id\n", []string{"2|A|x|", "3|B||", "3|C||", "6|D|an id|Text."}},
		{"no anchor", "A\nText.", []Section{{Level: 2, Heading: "A", Text: "Text."}}, "", nil},
		{"text that is not there", "A\nText.\nC\nMore.", []Section{{Level: 2, Heading: "A", Anchor: "a", Text: "Text."}, {Level: 2, Heading: "B", Anchor: "b", Text: "Gone."}, {Level: 2, Heading: "C", Anchor: "c", Text: "More."}},
			"§1\n0 1 2 a\n7 1 2 c\n", []string{"2|A|a|Text.", "2|C|c|More."}},
		{"no sections", "Text.", nil, "", nil},
	} {
		got := Encode(c.text, c.list)
		if got != c.encoded {
			t.Errorf("%s: %q, want %q", c.name, got, c.encoded)
		}
		if list := short(Decode(got, c.text)); !reflect.DeepEqual(list, c.want) {
			t.Errorf("%s: %q, want %q", c.name, list, c.want)
		}
	}
}

func TestBounds(t *testing.T) {
	var text strings.Builder
	var list []Section
	for i := range 3000 {
		s := Section{Level: 2, Heading: fmt.Sprint("Part ", i), Anchor: fmt.Sprint("part-", i), Text: "Text."}
		fmt.Fprintf(&text, "%s\n%s\n", s.Heading, s.Text)
		list = append(list, s)
	}
	got := Encode(text.String(), list)
	if back := Decode(got, text.String()); len(back) != MaxSections || len(got) > MaxBytes {
		t.Errorf("%d sections in %d bytes", len(back), len(got))
	}
	for i := range list {
		list[i].Anchor = strings.Repeat("x", MaxAnchor-4) + fmt.Sprint(i%10)
		list[i].Heading, list[i].Text = "", "Text."
	}
	list[0].Anchor += "x"
	if got := Encode(text.String(), list); len(got) > MaxBytes {
		t.Errorf("%d bytes", len(got))
	}
	long := Encode("Text.", []Section{{Heading: strings.Repeat("é", 300), Anchor: "a", Text: "Text."}})
	if back := Decode(long, "Text."); len(back) != 1 || back[0].Heading != strings.Repeat("é", MaxHeading/2) {
		t.Errorf("%+v", back)
	}
	if got := Encode("A\nText.", []Section{{Heading: "A", Anchor: strings.Repeat("a", MaxAnchor+1), Text: "Text."}}); got != "" {
		t.Errorf("an anchor too long is kept: %q", got)
	}
}

// TestCut: a text that was cut after its sections were noted keeps those that are
// left of it.
func TestCut(t *testing.T) {
	text := "Lead.\nÜber\nEins.\nNoch\nZwei."
	encoded := Encode(text, []Section{{Text: "Lead."}, {Level: 2, Heading: "Über", Anchor: "a", Text: "Eins."}, {Level: 2, Heading: "Noch", Anchor: "b", Text: "Zwei."}})
	for n := range len(text) {
		for _, s := range Decode(encoded, text[:n]) {
			if s.End > n || !strings.HasPrefix(text[:n], text[:s.Body]) || !utf8.ValidString(s.Heading) {
				t.Errorf("of %d bytes: %+v", n, s)
			}
		}
	}
	if got := Decode(encoded, text[:13]); len(got) != 1 || got[0].Text != "E" {
		t.Errorf("%+v", got)
	}
}

func TestOther(t *testing.T) {
	for _, text := range []string{"", "Sport\nPolitics", "§2\n0 0 0 a\n", "§1", "§1\n", "§1\n-1 0 0 a\n", "§1\n0 0 7 a\n", "§1\n0 0 0 a", "§1\n99999999999999999999 0 0 a\n", "§1\n0 0 0 a\x01\n"} {
		if got := Decode(text, "Some text."); len(got) != 0 {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if Is("Sport\nPolitics") || !Is("§1\n0 0 0 a\n") {
		t.Error("a text of others is taken for ours, or ours for others'")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("§1\n6 3 2 u\n0 0 1 x\tHeading\n", "Lead.\nUse\nOne.")
	f.Fuzz(func(t *testing.T, encoded, text string) {
		list := Decode(encoded, text)
		last := 0
		for _, s := range list {
			if s.Start < last || s.Body < s.Start || s.End < s.Body || s.End > len(text) || strings.TrimSpace(text[s.Body:s.End]) != s.Text {
				t.Fatalf("%q in %q: %+v", encoded, text, s)
			}
			last = s.Body
		}
		if len(list) > MaxSections {
			t.Fatalf("%d sections", len(list))
		}
	})
}

func FuzzEncode(f *testing.F) {
	f.Add("Lead.\nUse\nOne.\nEnd", "Use", "u", "One.", "End", "e", "")
	f.Fuzz(func(t *testing.T, text, h1, a1, t1, h2, a2, t2 string) {
		encoded := Encode(text, []Section{{Level: 1, Heading: h1, Anchor: a1, Text: t1}, {Level: 2, Heading: h2, Anchor: a2, Text: t2}})
		back := Decode(encoded, text)
		if len(encoded) > MaxBytes || strings.Count(encoded, "\n") > 3 {
			t.Fatalf("%q", encoded)
		}
		for _, s := range back {
			if s.Anchor != a1 && s.Anchor != a2 && s.Anchor != "" {
				t.Fatalf("%q: %+v", encoded, s)
			}
		}
		if encoded != "" && utf8.ValidString(text) && len(back) != strings.Count(encoded, "\n")-1 {
			t.Fatalf("%q of %q: %+v", encoded, text, back)
		}
	})
}
