package sitemap

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/internal/shareddata"
	"github.com/trawlsearch/trawl/weburl"
)

// A suiteCase is one parse of the tests of crawler-commons. An entry is its
// address, date, frequency, priority and whether it lies below the sitemap.
type suiteCase struct {
	Test, Flags, Content_type, Content_b64, URL, Type string
	Entries                                           [][]string
}

// contradiction is the case that cannot pass beside another: the same bytes from
// the same address under the same flags are an error there, and a sitemap of one
// page in testSitemapXXEWithDocTypeAllowed. (In crawler-commons a setting parts
// them that the suite did not record.) XML 1.0, 2.8, allows a document type; that
// the entity in it is not read, which is what both tests are about, holds: the one
// page is all that is found.
const contradiction = "SiteMapParserTest.testSitemapXXE"

func mustURL(t testing.TB, s string) weburl.URL {
	t.Helper()
	u, err := weburl.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestCrawlerCommons(t *testing.T) {
	dir := shareddata.Untar(t, "suites/sitemaps-crawler-commons.tar.xz")
	f, err := os.Open(filepath.Join(dir, "sitemaps-crawler-commons", "cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cases, passed := 0, 0
	byInput := map[string]string{} // what input is to give, by all that a case says of it
	contradicts := func(c suiteCase) bool {
		input, want := fmt.Sprint(c.Flags, c.URL, c.Content_type, c.Content_b64), fmt.Sprint(c.Type, c.Entries)
		other, again := byInput[input]
		byInput[input] = want
		return again && other != want
	}
	contradicted := false
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var c suiteCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases++
		contradicted = contradicts(c) || contradicted
		switch err := c.run(t); {
		case err == nil:
			passed++
		case c.Test == contradiction:
			t.Logf("%s: %v", c.Test, err)
		default:
			t.Errorf("%s %s: %v", c.Test, c.Flags, err)
		}
	}
	t.Logf("%d of %d pass; two cases contradict each other: %v", passed, cases, contradicted)
	if cases != 61 || passed != 60 || !contradicted {
		t.Errorf("%d of %d pass, want 60 of 61 and one that contradicts another", passed, cases)
	}
}

// run parses the one way that there is. The settings of a case say which faults
// are errors: strict=true those of XML, and pages outside are not counted;
// ns=true another namespace.
func (c *suiteCase) run(t *testing.T) error {
	body, err := base64.StdEncoding.DecodeString(c.Content_b64)
	if err != nil {
		t.Fatal(err)
	}
	strict := strings.Contains(c.Flags, "strict=true")
	var forbidden Fault
	if strict {
		forbidden |= FaultMalformed
	}
	if strings.Contains(c.Flags, "ns=true") {
		forbidden |= FaultNamespace
	}
	got, err := Parse(mustURL(t, c.URL), http.Header{"Content-Type": {c.Content_type}}, body, Options{})
	if err == nil && got.Faults&forbidden != 0 {
		err = errors.New(got.Faults.String())
	}
	if err != nil || c.Type == "ERROR" {
		if (err != nil) != (c.Type == "ERROR") {
			return fmt.Errorf("got %v, %v, want type %s", got, err, c.Type)
		}
		return nil
	}
	if want := map[string]string{"XML": TypeURLSet}[c.Type]; got.Type != want && got.Type != strings.ToLower(c.Type) {
		return fmt.Errorf("got type %s, want %s", got.Type, c.Type)
	}
	var have, want [][]string
	for _, e := range got.Entries {
		if strict && e.Outside {
			continue
		}
		freq := "null"
		if e.ChangeFreq != "" {
			freq = strings.ToUpper(e.ChangeFreq)
		}
		have = append(have, []string{e.URL.String(), date(e.LastMod), freq, strconv.FormatFloat(e.Priority, 'g', 3, 64)})
	}
	for _, e := range got.Children {
		have = append(have, []string{e.URL.String(), date(e.LastMod)})
	}
	for _, e := range c.Entries {
		want = append(want, e[:min(4, len(e))])
	}
	if !reflect.DeepEqual(have, want) {
		return fmt.Errorf("got %v, want %v", have, want)
	}
	return nil
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func parse(t testing.TB, body string, opt Options) *Sitemap {
	t.Helper()
	s, err := Parse(mustURL(t, "http://a.test/x/sitemap.xml"), nil, []byte(body), opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func zip(t testing.TB, body string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func utf16le(s string) string {
	var b strings.Builder
	for _, c := range s {
		b.WriteByte(byte(c))
		b.WriteByte(byte(c >> 8))
	}
	return b.String()
}

func TestLenience(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       string
	}{
		{"no namespace", "<urlset><url><loc>http://a.test/1</loc></url></urlset>", "http://a.test/1"},
		{"foreign loc", "<urlset xmlns:image=x><url><loc>http://a.test/1</loc><image:image><image:loc>http://a.test/i.png</image:loc></image:image></url></urlset>", "http://a.test/1"},
		{"prefixed", "<s:urlset><s:url><s:loc>http://a.test/1</s:loc></s:url></s:urlset>", "http://a.test/1"},
		{"path only", "<urlset><url><loc>/1</loc></url></urlset>", "http://a.test/1"},
		{"fragment and credentials", "<urlset><url><loc>http://u:p@a.test/1#x</loc></url></urlset>", "http://a.test/1"},
		{"other schemes", "<urlset><url><loc>file:///etc/passwd</loc></url><url><loc>javascript:x</loc></url><url><loc>http://a.test/1</loc></url></urlset>", "http://a.test/1"},
		{"comments and CDATA", "<urlset><!-- <url> --><url><loc><![CDATA[http://a.test/?a&b]]></loc></url></urlset>", "http://a.test/?a&b"},
		{"references", "<urlset><url><loc>http://a.test/?a&amp;b&#x3D;c&#61;d&unknown;</loc></url></urlset>", "http://a.test/?a&b=c=d&unknown;"},
		{"entities are not expanded", `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><urlset><url><loc>http://a.test/&b;</loc></url></urlset>`, "http://a.test/&b;"},
		{"utf-16", "\xFF\xFE" + utf16le("<urlset><url><loc>http://a.test/ü</loc></url></urlset>"), "http://a.test/%C3%BC"},
		{"latin-1", "<?xml version='1.0' encoding='ISO-8859-1'?><urlset><url><loc>http://a.test/\xFC</loc></url></urlset>", "http://a.test/%C3%BC"},
		{"gzip", zip(t, "<urlset><url><loc>http://a.test/1</loc></url></urlset>"), "http://a.test/1"},
		{"deep nesting", "<urlset><url>" + strings.Repeat("<x>", 500) + strings.Repeat("</x>", 500) + "<loc>http://a.test/1</loc></url></urlset>", "http://a.test/1"},
		{"text with CR only", "http://a.test/1\rhttp://a.test/2\r", "http://a.test/1 http://a.test/2"},
		{"index", "<sitemapindex><sitemap><loc>http://a.test/1.xml</loc><lastmod>2020-02-30</lastmod></sitemap></sitemapindex>", "http://a.test/1.xml"},
		{"rss without link", "<rss><channel><item><guid>http://a.test/1</guid></item><item><guid>7</guid></item></channel></rss>", "http://a.test/1"},
		{"atom with prefix", "<a:feed><a:entry><a:link rel='self' href='http://a.test/0'/><a:link rel='alternate' href='http://a.test/1'/></a:entry></a:feed>", "http://a.test/1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, c.body, Options{})
			var got []string
			for _, e := range append(s.Entries, s.Children...) {
				got = append(got, e.URL.String())
			}
			if g := strings.Join(got, " "); g != c.want || s.Truncated {
				t.Errorf("got %q (truncated %v), want %q", g, s.Truncated, c.want)
			}
		})
	}
}

func TestFields(t *testing.T) {
	s := parse(t, `<urlset><url><loc>http://a.test/1</loc><lastmod> 2024-05-06T07:08:09+02:00 </lastmod><priority>0.9</priority><changefreq>Weekly</changefreq></url>
		<url><priority>7</priority><changefreq>sometimes</changefreq><lastmod>yesterday</lastmod><loc>http://a.test/2</loc></url></urlset>`, Options{})
	want := []Entry{
		{mustURL(t, "http://a.test/1"), time.Date(2024, 5, 6, 5, 8, 9, 0, time.UTC), 0.9, "weekly", true},
		{mustURL(t, "http://a.test/2"), time.Time{}, 0.5, "", true},
	}
	if !reflect.DeepEqual(s.Entries, want) {
		t.Errorf("got %v, want %v", s.Entries, want)
	}
}

func TestBounds(t *testing.T) {
	var b strings.Builder
	b.WriteString("<urlset>")
	for i := range 50_001 {
		fmt.Fprintf(&b, "<url><loc>http://a.test/%d</loc></url>", i)
	}
	b.WriteString("</urlset>")
	s := parse(t, b.String(), Options{})
	if len(s.Entries) != 50_000 || !s.Truncated {
		t.Errorf("%d entries, truncated %v, want 50,000 and true", len(s.Entries), s.Truncated)
	}
	s = parse(t, zip(t, b.String()), Options{MaxBytes: 1000})
	if n := len(s.Entries); n < 20 || n > 30 || !s.Truncated {
		t.Errorf("%d entries of 1,000 bytes, truncated %v", n, s.Truncated)
	}
	bomb := zip(t, "<urlset>"+strings.Repeat(" ", 60<<20)+"<url><loc>http://a.test/1</loc></url></urlset>")
	if s = parse(t, bomb, Options{}); len(s.Entries) != 0 || !s.Truncated {
		t.Errorf("read past 50 MiB: %v", s)
	}
	s = parse(t, "<urlset><url><loc>http://a.test/1</loc></url><url><loc>http://a.test/half", Options{})
	if len(s.Entries) != 1 || !s.Truncated {
		t.Errorf("a document cut within an address: %v", s)
	}
	gz := zip(t, b.String())
	if s = parse(t, gz[:len(gz)/2], Options{}); len(s.Entries) < 100 || !s.Truncated {
		t.Errorf("a cut gzip gave %d entries, truncated %v", len(s.Entries), s.Truncated)
	}
}

func TestOtherDocuments(t *testing.T) {
	for _, body := range []string{"", " ", "<html><body><a href='http://a.test/'>x</a></html>", "hello\nworld", "{}", "<", "<!--", "%PDF-1.4", "\x1f\x8b"} {
		s, err := Parse(mustURL(t, "http://a.test/sitemap.xml"), nil, []byte(body), Options{})
		if err == nil {
			t.Errorf("%q: got %v, want an error", body, s)
		}
		if body != "\x1f\x8b" && !errors.Is(err, ErrFormat) {
			t.Errorf("%q: got %v, want ErrFormat", body, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("<?xml version='1.0' encoding='latin1'?><!DOCTYPE x [<!ENTITY a 'b'>]><urlset><url><loc>http://a.test/?a&amp;b</loc><lastmod>2020-01-01</lastmod></url></urlset>"))
	f.Add([]byte("<sitemapindex><sitemap><loc>http://a.test/1<loc>http://a.test/2<![CDATA[x]]></sitemap>"))
	f.Add([]byte("<rss><channel><item><guid>http://a.test/1</guid><pubDate>05 Jan 17 13:34:54 +0100</pubDate></item>"))
	f.Add([]byte("<feed><entry><link href='http://a.test/'/></entry></feed>"))
	f.Add([]byte("\xFE\xFF\x00<\x00u"))
	f.Add([]byte("http://a.test/1\r\nhttp://a.test/2"))
	f.Add([]byte(zip(f, "<urlset><url><loc>/x</loc></url></urlset>")))
	u := mustURL(f, "http://a.test/sitemap.xml")
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := Parse(u, nil, body, Options{MaxEntries: 3, MaxBytes: 4096})
		if err != nil {
			return
		}
		if n := len(s.Entries) + len(s.Children); n > 3 {
			t.Errorf("%d entries, want at most 3", n)
		}
		for _, e := range append(s.Entries, s.Children...) {
			if !e.URL.IsWeb() || e.Priority < 0 || e.Priority > 1 {
				t.Errorf("entry %v", e)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var doc strings.Builder
	doc.WriteString("<urlset>")
	for i := range 10_000 {
		fmt.Fprintf(&doc, "<url><loc>http://a.test/some/path/of/usual/length/%d.html</loc><lastmod>2024-05-06T07:08:09Z</lastmod><changefreq>weekly</changefreq></url>\n", i)
	}
	doc.WriteString("</urlset>")
	u, body := mustURL(b, "http://a.test/sitemap.xml"), []byte(doc.String())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(u, nil, body, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestFaults(t *testing.T) {
	const ns = " xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'"
	page := func(loc string) string { return "<url><loc>" + loc + "</loc></url>" }
	for _, c := range []struct {
		body string
		want Fault
	}{
		{"<urlset" + ns + ">" + page("http://a.test/x/1") + "</urlset>", 0},
		{"<s:urlset xmlns:s='http://www.sitemaps.org/schemas/sitemap/0.9'><s:url><s:loc>http://a.test/x/1</s:loc></s:url></s:urlset>", 0},
		{"<urlset" + ns + ">" + page("http://a.test/x/y/1?q") + "<unknown><br/></unknown></urlset>", 0},
		{"<urlset>" + page("http://a.test/x/1") + "</urlset>", FaultNamespace},
		{"<urlset" + ns + ">" + page("http://a.test/1") + "</urlset>", FaultOutside},
		{"<urlset" + ns + ">" + page("https://a.test/x/1") + "</urlset>", FaultOutside},
		{"<urlset" + ns + ">" + page("http://b.test/x/1") + "</urlset>", FaultOutside},
		{"<urlset" + ns + "></url>" + page("http://a.test/x/1") + "</urlset>", FaultMalformed},
		{"<urlset" + ns + "><url><loc>http://a.test/x/1</url></urlset>", FaultMalformed},
		{"http://a.test/1\n", FaultOutside},
		{"<rss><channel><item><link>http://b.test/1</link></item></channel></rss>", 0}, // a feed may lead anywhere
		{"<sitemapindex><sitemap><loc>http://b.test/1</loc></sitemap></ur></sitemapindex>", FaultNamespace | FaultMalformed},
	} {
		if got := parse(t, c.body, Options{}).Faults; got != c.want {
			t.Errorf("%s: %v, want %v", c.body, got, c.want)
		}
	}
}
