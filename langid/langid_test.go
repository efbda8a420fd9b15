package langid

import (
	"hash/crc32"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

func TestDetect(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"digits", "2026-11-23 18:19:32 +0000, 404", ""},
		{"two letters", "ok", ""},
		{"identifiers", "foo_bar(x1) = a.b.c[0]; http://example.com/path/to", ""},
		{"keys of a keyboard", "asdf qwer zxcv hjkl qwertz dfgh", ""},
		{"no language", "xqzt vbnk wrtp kjhg zxcv mnbv qwrt plkj hgfd", ""},
		{"not UTF-8", "\xff\xfe\x80", ""},
		{"English", "The quick brown fox jumps over the lazy dog.", "en"},
		{"German", "Der Ausschuss hat gestern über den Vorschlag beraten.", "de"},
		{"in capitals", "DER AUSSCHUSS HAT GESTERN ÜBER DEN VORSCHLAG BERATEN.", "de"},
		{"English about code", "Call os.Open(name) or http.Get(url) and check that the error is nil before reading.", "en"},
		{"Bokmål", "Jeg vet ikke hva som skjedde, men det var noe galt med bilen.", "nb"},
		{"Nynorsk", "Eg veit ikkje kva som hende, men det var noko gale med bilen.", "nn"},
		{"Danish", "Jeg ved ikke, hvad der skete, men der var noget galt med bilen.", "da"},
		{"Slovak", "Neviem, čo sa stalo, ale s autom niečo nebolo v poriadku.", "sk"},
		{"Czech", "Nevím, co se stalo, ale s autem něco nebylo v pořádku.", "cs"},
		{"Serbian in Latin", "Juče je u Beogradu padao sneg i reka je bila zaleđena na više mesta.", "sr"},
		{"Serbian in Cyrillic", "Јуче је у Београду падао снег и река је била залеђена.", "sr"},
		{"Portuguese", "Não sei o que aconteceu, mas havia algo errado com o carro.", "pt"},
		{"Spanish", "No sé qué pasó, pero algo andaba mal con el coche.", "es"},
		{"Vietnamese with marks apart", "Tôi không biết chuyện gì đã xảy ra", "vi"},
		{"Ukrainian", "Я не знаю, що сталося, але з машиною щось було не так.", "uk"},
		{"Russian with English names", "Компания Microsoft выпустила обновление для Windows и Office", "ru"},
		{"Persian", "نمی\u200cدانم چه اتفاقی افتاد، اما ماشین مشکلی داشت.", "fa"},
		{"Arabic", "لا أعرف ماذا حدث، ولكن كان هناك خطأ ما في السيارة.", "ar"},
		{"Greek", "Δεν ξέρω", "el"},
		{"Thai", "ฉันไม่รู้ว่าเกิดอะไรขึ้น", "th"},
		{"Hangul", "무슨 일이 있었는지 모르겠다", "ko"},
		{"kana among Han", "東京都は新しい計画を発表した", "ja"},
		{"Han alone", "北京市发布了新的计划", "zh"},
		{"Khmer", "ខ្ញុំមិនដឹង", "km"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, confidence := Detect(c.text); got != c.want {
				t.Errorf("got %q (%.2f), want %q", got, confidence, c.want)
			}
		})
	}
}

func TestDetectWith(t *testing.T) {
	const german = "Der Ausschuss hat gestern über den Vorschlag der Kommission beraten und ihn angenommen."
	for _, c := range []struct {
		name, text string
		hint       Hint
		want       string
	}{
		{"text against a template's English", german, Hint{HTMLLang: "en-US"}, "de"},
		{"text against all claims", german, Hint{HTMLLang: "fr", ContentLanguage: "fr", TLD: "fr"}, "de"},
		{"a claim decides a word", "hotel", Hint{HTMLLang: "hu"}, "hu"},
		{"a domain decides a word", "hotel", Hint{TLD: "pl"}, "pl"},
		{"between close languages", "rad na putu", Hint{HTMLLang: "hr"}, "hr"},
		{"old tags", "12", Hint{HTMLLang: "no_NO"}, "nb"},
		{"no text at all", "", Hint{HTMLLang: "fi"}, "fi"},
		{"no text, no sense", "", Hint{HTMLLang: "<?php echo $lang ?>"}, ""},
		{"no text, no such language", "", Hint{HTMLLang: "xx"}, ""},
		{"script against claim", "Компания выпустила обновление", Hint{HTMLLang: "de"}, "ru"},
		{"a language without a table", "Unha lingua é un sistema de comunicación propio dos seres humanos.", Hint{HTMLLang: "gl"}, "gl"},
		{"plain English is no Galician", "The committee discussed the proposal of the commission yesterday and adopted it.", Hint{HTMLLang: "gl"}, "en"},
		{"Japanese headline", "東京都知事選挙", Hint{HTMLLang: "ja"}, "ja"},
		{"Chinese headline", "東京都知事選挙", Hint{}, "zh"},
		{"header's list", "hotel", Hint{ContentLanguage: "cs-CZ, xx"}, "cs"},
		{"hostile header", "hotel hotel", Hint{ContentLanguage: strings.Repeat("de,", 1000), TLD: "\x00"}, "de"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, confidence := DetectWith(c.text, c.hint); got != c.want {
				t.Errorf("got %q (%.2f), want %q", got, confidence, c.want)
			}
		})
	}
}

// A letter and its accent may stand apart.
func TestComposed(t *testing.T) {
	n := 0
	for parts, whole := range composed {
		if utf8.RuneCountInString(string(whole)) != 1 || fold(whole) != whole {
			t.Errorf("%q makes %q, which is no small letter", string(parts[:]), string(whole))
		}
		n++
	}
	if n < 130 {
		t.Errorf("%d pairs", n)
	}
}

// Every row lies within the table, and every language is likeliest somewhere.
func TestTable(t *testing.T) {
	langs := map[string]bool{}
	for _, tag := range append(languageOf[:], "ja", "zh") {
		langs[tag] = true
	}
	for _, g := range defaultTable().groups {
		if g == nil {
			continue
		}
		best := make([]int, len(g.tags))
		for at := 0; at < len(g.rows)-slack; at += g.width {
			for l := range g.tags {
				if g.rows[at+l/2]>>(4*(l&1))&15 == 0 {
					best[l]++
				}
			}
		}
		for l, n := range best {
			langs[g.tags[l]] = true
			if n < 200 {
				t.Errorf("%s is likeliest in %d rows", g.tags[l], n)
			}
		}
	}
	const lingua = "af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gu he hi hr hu hy id is it ja ka kk ko la lg lt lv mi mk mn mr " +
		"ms nb nl nn pa pl pt ro ru sk sl sn so sq sr st sv sw ta te th tl tn tr ts uk ur vi xh yo zh zu"
	for tag := range strings.FieldsSeq(lingua) {
		if !langs[tag] {
			t.Errorf("%s is never found", tag)
		}
	}
}

// The example of the format: "k" after " ik".
func TestExample(t *testing.T) {
	hash := uint64(0)
	for _, r := range "kki " {
		hash = extend(hash, r)
	}
	g := defaultTable().groups[latin]
	at := g.find(hash)
	if at < 0 {
		t.Fatal(`no row for " ikk"`)
	}
	for l, tag := range g.tags {
		level := g.rows[at+l/2] >> (4 * (l & 1)) & 15
		switch tag {
		case "nb", "da":
			if level > 1 {
				t.Errorf("%s: level %d", tag, level)
			}
		case "en", "fr":
			if level < 4 {
				t.Errorf("%s: level %d", tag, level)
			}
		}
	}
}

func TestDamagedTable(t *testing.T) {
	seal := func(b []byte) string {
		body := b[:len(b)-4]
		sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
		return string(append(body[:len(body):len(body)], byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)))
	}
	if _, err := openTable(seal([]byte(tableBytes))); err != nil {
		t.Fatalf("undamaged: %v", err)
	}
	damaged := []string{"", tableBytes[:100], tableBytes[:len(tableBytes)-1], tableBytes[1:]}
	for _, at := range []int{0, 4, 12, 13, 14, 15, 17, 18, 20, 21, 22} {
		b := []byte(tableBytes)
		b[at] ^= 0x55
		damaged = append(damaged, string(b))
		if at != 15 {
			damaged = append(damaged, seal(b))
		}
	}
	for i, b := range damaged {
		if _, err := openTable(b); err == nil {
			t.Errorf("%d: damage was not seen", i)
		}
	}
}

func TestDetectAllocatesNothing(t *testing.T) {
	text := strings.Repeat("Der Ausschuss hat gestern über den Vorschlag beraten. ", 40)
	hint := Hint{HTMLLang: "de-DE", ContentLanguage: "de, en", TLD: "de"}
	if n := testing.AllocsPerRun(20, func() { DetectWith(text, hint) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDetectFromManyGoroutines(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if tag, _ := Detect("Nevím, co se stalo, ale s autem něco nebylo v pořádku."); tag != "cs" {
					t.Errorf("got %s", tag)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzDetectWith(f *testing.F) {
	f.Add("Der Ausschuss hat gestern", "de", "de, en;q=0.5", "at")
	f.Add("a\u0301\u0301 Ⅷ東京\xff\u0600", "zh-Hant-TW", ",,,", "xn--p1ai")
	f.Add(strings.Repeat("x", 3000), "", "", "")
	f.Fuzz(func(t *testing.T, text, lang, header, tld string) {
		h := Hint{lang, header, tld}
		tag, confidence := DetectWith(text, h)
		if !(confidence >= 0 && confidence <= 1) || tag != "" && present()[tag] == "" {
			t.Errorf("got %q with %v", tag, confidence)
		}
		if again, same := DetectWith(text, h); again != tag || same != confidence {
			t.Errorf("got %q, then %q", tag, again)
		}
	})
}
