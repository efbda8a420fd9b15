package extract

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

func readJSONL[T any](tb testing.TB, path string) []T {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var out []T
	s := bufio.NewScanner(f)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		var v T
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			tb.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// The labels of the Encoding standard, as a transport header declares them.
func TestLabels(t *testing.T) {
	dir := filepath.Join(shareddata.Untar(t, "suites/encoding.tar.xz"), "encoding")
	labels := readJSONL[struct{ Label, Name string }](t, filepath.Join(dir, "whatwg_labels.jsonl"))
	if len(labels) != 228 {
		t.Errorf("%d labels, want 228", len(labels))
	}
	for _, l := range labels {
		if got, _ := sniffCharset([]byte("<p>"), "text/html; charset="+l.Label, true); !strings.EqualFold(got, l.Name) {
			t.Errorf("%s: got %s, want %s", l.Label, got, l.Name)
		}
	}
}

// The fixtures of html-encoding-sniffer name their encoding: NAME_ENCODING.html.
func TestSnifferFixtures(t *testing.T) {
	dir := filepath.Join(shareddata.Untar(t, "suites/encoding.tar.xz"), "encoding", "html-encoding-sniffer")
	n := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		name := strings.TrimSuffix(filepath.Base(path), ".html")
		want := name[strings.LastIndex(name, "_")+1:]
		if filepath.Base(filepath.Dir(path)) == "utf" {
			want = "UTF-8" // a meta that claims 16 bits in 8 means UTF-8
		}
		if got, _ := sniffCharset(body, "", true); !strings.EqualFold(got, want) {
			t.Errorf("%s: got %s, want %s", path[len(dir)+1:], got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n != 16 {
		t.Errorf("%d fixtures, want 16", n)
	}
}

// The encoding tests of html5lib: what a parser takes a page to be. Without a
// declaration they expect windows-1252, where we guess. One fails by intention:
// a script writes the declaration, which only who runs scripts can know.
func TestPrescan(t *testing.T) {
	dir := filepath.Join(shareddata.Untar(t, "suites/encoding.tar.xz"), "encoding")
	cases := readJSONL[struct{ File, Data_b64, Encoding string }](t, filepath.Join(dir, "html5lib_prescan.jsonl"))
	failed := 0
	for _, c := range cases {
		body, err := base64.StdEncoding.DecodeString(c.Data_b64)
		if err != nil {
			t.Fatal(err)
		}
		got := prescan(body[:min(len(body), prescanBytes)])
		if late := bytes.LastIndex(body, []byte("charset=")) > prescanBytes; late || bytes.HasPrefix(body, []byte("\xEF\xBB\xBF")) {
			got, _ = sniffCharset(body, "", true)
		} else if got == "" {
			got = "windows-1252"
		}
		if !strings.EqualFold(got, c.Encoding) {
			failed++
			t.Logf("%s: %.40q: got %s, want %s", c.File, body, got, c.Encoding)
			if !strings.Contains(c.File, "scripted") {
				t.Error("it is not a script that writes the declaration")
			}
		}
	}
	t.Logf("%d of %d pass", len(cases)-failed, len(cases))
	if failed != 1 {
		t.Errorf("%d fail, want 1", failed)
	}
}

func utf16Bytes(s string, big bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

// H07 of the hostile web and more: which of several signs of an encoding is
// believed.
func TestCharsetOrder(t *testing.T) {
	koi8 := "\xf0\xd2\xc9\xd7\xc5\xd4, \xcd\xc9\xd2! \xe8\xcf\xd2\xcf\xdb\xc1\xd1 \xd0\xcf\xc7\xcf\xc4\xc1 \xd3\xc5\xc7\xcf\xc4\xce\xd1 \xd7 \xe7\xcf\xd2\xcf\xc4\xc5."
	late := "<!--" + strings.Repeat("x", 1100) + "--><meta charset=koi8-r><p>"
	for _, c := range []struct{ name, contentType, body, charset, text string }{
		{"mark beats header", "text/html; charset=koi8-r", "\xEF\xBB\xBF<p>Größe", "utf-8", "Größe"},
		{"header beats meta", "text/html; charset=koi8-r", "<meta charset=utf-8><p>" + koi8, "koi8-r", "Привет, мир! Хорошая погода сегодня в Городе."},
		{"unknown header is none", "text/html; charset=x-none", "<meta charset=koi8-r><p>" + koi8, "koi8-r", "Привет, мир! Хорошая погода сегодня в Городе."},
		{"quoted header", `text/html; a=b; Charset="koi8-r"`, "<p>" + koi8, "koi8-r", "Привет, мир! Хорошая погода сегодня в Городе."},
		{"meta", "text/html", "<meta charset=koi8-r><p>" + koi8, "koi8-r", "Привет, мир! Хорошая погода сегодня в Городе."},
		{"late meta", "", "<!--" + strings.Repeat("x", 1100) + "--><meta charset=koi8-r><p>" + koi8[:6], "koi8-r", "Привет"},
		{"late meta loses to bytes of utf-8", "", late + "Größe", "utf-8", "Größe"},
		{"statistics", "", "<p>" + strings.Repeat(koi8+" ", 3), "koi8-r", strings.TrimSpace(strings.Repeat("Привет, мир! Хорошая погода сегодня в Городе. ", 3))},
		{"bytes of utf-8", "", "<p>Größe", "utf-8", "Größe"},
		{"utf-8 late in the page", "", "<p>" + strings.Repeat("a ", 9000) + "Größe", "utf-8", strings.Repeat("a ", 9000) + "Größe"},
		{"ascii", "", "<p>size", "windows-1252", "size"},
		{"latin-1 means windows-1252", "text/html; charset=iso-8859-1", "<p>\x93Gr\xf6\xdfe\x94", "windows-1252", "“Größe”"},
		{"utf-16le without mark", "", string(utf16Bytes("<html><body><p>Größe of things</p></body></html>", false)), "utf-16le", "Größe of things"},
		{"utf-16be without mark", "", string(utf16Bytes("<html><body><p>Größe of things</p></body></html>", true)), "utf-16be", "Größe of things"},
		{"utf-16le with mark", "", "\xFF\xFE" + string(utf16Bytes("<p>Größe", false)), "utf-16le", "Größe"},
		{"iso-2022-jp", "text/html; charset=iso-2022-jp", "<p>\x1b$B$3$s$K$A$O\x1b(B", "iso-2022-jp", "こんにちは"},
		{"iso-2022-jp undeclared", "", "<p>\x1b$B$3$s$K$A$O@$3&\x1b(B", "iso-2022-jp", "こんにちは世界"},
		{"utf-7 never", "text/html; charset=utf-7", "<p>+ADw-script+AD4-", "windows-1252", "+ADw-script+AD4-"},
		{"mark beats meta", "", "\xFE\xFF" + string(utf16Bytes("<meta charset=koi8-r><p>Größe", true)), "utf-16be", "Größe"},
		{"utf-16 in a meta of bytes is utf-8", "", "<meta charset=utf-16><p>Größe", "utf-8", "Größe"},
		{"xml declaration", "", "<?xml version='1.0' encoding='koi8-r'?><p>" + koi8, "koi8-r", "Привет, мир! Хорошая погода сегодня в Городе."},
		{"meta beats xml declaration", "", "<?xml version='1.0' encoding='utf-8'?><meta charset=koi8-r><p>" + koi8, "koi8-r", "Привет, мир! Хорошая погода сегодня в Городе."},
		{"gbk as iso-8859-1, as browsers do", "text/html; charset=iso-8859-1", "<p>\xc4\xe3\xba\xc3", "windows-1252", "Äãº\u00c3"},
		{"windows-1250 by its language", "", "<p>Nev\xedm, co se stalo, ale s autem n\xecco nebylo v po\xf8\xe1dku, \x84a nikdo\x93 nev\xecd\xecl pro\xe8.", "windows-1250", "Nevím, co se stalo, ale s autem něco nebylo v pořádku, „a nikdo“ nevěděl proč."},
		{"iso-8859-2 by its language", "", "<p>Nie wiem, co si\xea sta\xb3o, ale z samochodem co\xb6 by\xb3o nie w porz\xb1dku.", "iso-8859-2", "Nie wiem, co się stało, ale z samochodem coś było nie w porządku."},
		{"windows-1254 by its language", "", "<p>Ne oldu\xf0unu bilmiyorum ama arabada bir sorun vard\xfd, hi\xe7 kimse g\xf6rmemi\xfe.", "windows-1254", "Ne olduğunu bilmiyorum ama arabada bir sorun vardı, hiç kimse görmemiş."},
		{"windows-1252 by its language", "", "<p>Je ne sais pas ce qui s'est pass\xe9, mais la voiture \xe9tait d\xe9j\xe0 cass\xe9e.", "windows-1252", "Je ne sais pas ce qui s'est passé, mais la voiture était déjà cassée."},
		{"statistics after a long head", "", "<script>" + strings.Repeat("var a = 1; ", 2000) + "</script><p>" + koi8, "koi8-r", "Привет, мир! Хорошая погода сегодня в Городе."},
		{"utf-7 in a meta is none", "", "<meta charset=utf-7><p>+ADw-script+AD4-", "windows-1252", "+ADw-script+AD4-"},
		{"bad bytes are replaced", "text/html; charset=utf-8", "<p>a\xffb", "utf-8", "a\uFFFDb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := HTML(mustURL(t, "http://a.test/"), map[string][]string{"Content-Type": {c.contentType}}, []byte(c.body), Options{})
			equal(t, p.Charset, c.charset)
			equal(t, strings.TrimSpace(p.Body), c.text)
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("<meta http-equiv=content-type content='text/html; charset=gbk'>\xc4\xe3"), "text/html; charset=")
	f.Add([]byte("<?x\x00"), "")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		text, name := decode(body, contentType, true)
		if !utf8.Valid(text) {
			t.Errorf("%s: not UTF-8: %q", name, text)
		}
		if name == "utf-8" && utf8.Valid(body) && !bytes.HasSuffix(body, text) {
			t.Errorf("valid UTF-8 was changed: %q to %q", body, text)
		}
		Sniff(contentType, body)
	})
}
