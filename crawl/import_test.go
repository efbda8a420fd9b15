package crawl

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/warc"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/internal/shareddata"
)

var captured = time.Date(2020, 2, 3, 10, 0, 0, 0, time.UTC)

// record is a WARC record as others write it, without digests.
func record(kind, url string, minute int, block string, more ...string) string {
	head := fmt.Sprintf("WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: %s\r\nWARC-Date: %s\r\nWARC-Record-ID: <urn:uuid:%d>\r\n",
		kind, url, captured.Add(time.Duration(minute)*time.Minute).Format(time.RFC3339), minute)
	if kind == "response" || kind == "revisit" {
		head += "Content-Type: application/http;msgtype=response\r\n"
	}
	for _, m := range more {
		head += m + "\r\n"
	}
	return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s\r\n\r\n", len(block), block)
}

func html(text string) string {
	return "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html><title>A title</title><p>" + text
}

// imported is what Import makes of a stream.
func importing(t *testing.T, stream io.Reader) (docs map[string]*document.Document, st ImportStats, err error) {
	t.Helper()
	docs = map[string]*document.Document{}
	st, err = Import(t.Context(), stream, ImportOptions{Emit: func(_ context.Context, list []*document.Document) error {
		for _, d := range list {
			docs[d.ID] = d
		}
		return nil
	}})
	return docs, st, err
}

// TestImport: of each capture a document as the crawler makes it, or the reason why
// there is none.
func TestImport(t *testing.T) {
	stream := record("warcinfo", "", 0, "software: x") +
		record("request", "http://a.test/", 0, "GET / HTTP/1.1\r\n\r\n") +
		record("response", "http://A.test:80/?utm_source=x#top", 1, html("the first")) +
		record("response", "http://a.test/", 3, html("the third")) +
		record("response", "http://a.test/", 2, html("the second, which comes late")) +
		record("response", "http://a.test/ru", 1, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<meta charset=windows-1251><title>\xcf\xf0\xe8\xe2\xe5\xf2</title><p>\xfd\xf2\xee \xf2\xe5\xea\xf1\xf2 \xed\xe0 \xf0\xf3\xf1\xf1\xea\xee\xec \xff\xe7\xfb\xea\xe5, \xea\xee\xf2\xee\xf0\xfb\xe9 \xed\xe0\xe4\xee \xef\xf0\xee\xf7\xe8\xf2\xe0\xf2\xfc") +
		record("response", "http://a.test/gz", 1, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\n"+zipped("packed words")) +
		record("resource", "http://a.test/r", 1, "# A heading\n\nresource words", "Content-Type: text/markdown") +
		record("response", "http://a.test/noindex", 1, html(`x<meta name=robots content=noindex>`)) +
		record("response", "http://a.test/moved", 1, html(`x<meta http-equiv=refresh content="0;url=/r">`)) +
		record("response", "http://a.test/robots.txt", 1, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nUser-agent: *\nDisallow: /\n") +
		record("response", "http://a.test/gone", 1, "HTTP/1.1 404 Not Found\r\n\r\nx") +
		record("response", "http://a.test/", 9, "HTTP/1.1 503 Busy\r\n\r\nx") +
		record("response", "http://a.test/logo", 1, "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n") +
		record("revisit", "http://a.test/r", 5, "HTTP/1.1 304 Not Modified\r\n\r\n") +
		record("revisit", "http://a.test/other", 5, "", "WARC-Refers-To-Target-URI: http://a.test/r") +
		record("response", "dns:a.test", 1, "1.2.3.4", "Content-Type: text/dns") +
		record("resource", "metadata://gnu.org/software/wget/warc/wget.log", 1, "log", "Content-Type: text/plain") +
		record("response", "http://a.test/nohttp", 1, "no http at all") +
		"WARC/1.0\r\nContent-Length: much\r\n\r\n" +
		record("response", "http://a.test/end", 1, html("the end"))
	docs, st, err := importing(t, strings.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{
		"http://a.test/": "the third", "http://a.test/ru": "это текст на русском", "http://a.test/gz": "packed words", "http://a.test/r": "resource words", "http://a.test/end": "the end",
	} {
		if d := docs[id]; d == nil || !strings.Contains(d.Text("body"), want) {
			t.Errorf("%s: %+v", id, d)
		}
	}
	if d := docs["http://a.test/ru"]; d != nil && (d.Lang != "ru" || d.Text("title") != "Привет" || d.Version != captured.Add(time.Minute).UnixMicro()) {
		t.Errorf("%+v", d)
	}
	skipped := map[string]int64{"older": 1, "noindex": 1, "redirect": 1, "robots.txt": 1, "http-404": 1, "http-503": 1, "type image/png": 1,
		"unchanged": 1, "no-original": 1, "not-http": 2, "address": 1}
	if len(docs) != 5 || st.Documents != 6 || st.Captures != 18 || st.Corrupt != 1 || !maps.Equal(st.Skipped, skipped) {
		t.Errorf("%d documents, %+v", len(docs), st)
	}
	if len(st.Damage) != 1 || st.Damage[0].Offset != int64(strings.Index(stream, "WARC/1.0\r\nContent-Length: much")) {
		t.Errorf("%+v", st.Damage)
	}
}

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

// TestImportHostile: bombs, lengths that lie and a thousand reasons cost what the
// bounds say, and what is whole is taken.
func TestImportHostile(t *testing.T) {
	zeros := strings.Repeat("\x00", 256<<20)
	bomb := zipped("<p>words here " + zeros)
	for name, c := range map[string]struct {
		stream io.Reader
		docs   int
		ok     func(ImportStats) bool
	}{
		"member that unpacks to 256 MB": {strings.NewReader(zipped(record("response", "http://a.test/b", 1, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>words here "+zeros)) +
			zipped(record("response", "http://a.test/", 1, html("whole")))), 2, nil},
		"body that unpacks to 256 MB": {strings.NewReader(record("response", "http://a.test/b", 1, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n"+bomb) +
			record("response", "http://a.test/", 1, html("whole"))), 2, nil},
		"length of an exabyte": {strings.NewReader("WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 999999999999999999\r\n\r\n" + record("response", "http://a.test/", 1, html("whole"))), 1,
			func(st ImportStats) bool { return st.Corrupt == 1 }},
		"length beyond the end": {strings.NewReader(record("response", "http://a.test/", 1, html("whole")) + "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 4000000000\r\n\r\nshort"), 1,
			func(st ImportStats) bool { return st.Corrupt == 1 }},
		"types without end": {strings.NewReader(manyTypes(5000)), 0, func(st ImportStats) bool { return len(st.Skipped) <= maxReasons+1 && st.Captures == 5000 }},
		"damage without end": {strings.NewReader(strings.Repeat("WARC/1.0\r\nContent-Length: x\r\n\r\n", 5000)), 0,
			func(st ImportStats) bool { return len(st.Damage) == maxDamage && st.Corrupt > 1000 }},
	} {
		docs, st, err := importing(t, c.stream)
		if err != nil || len(docs) != c.docs || c.ok != nil && !c.ok(st) {
			t.Errorf("%s: %d documents, %d captures, corrupt %d, %d reasons: %v", name, len(docs), st.Captures, st.Corrupt, len(st.Skipped), err)
		}
	}
}

func manyTypes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(record("response", fmt.Sprint("http://a.test/", i), 1, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: image/x-%d\r\n\r\nx", i)))
	}
	return b.String()
}

// TestImportBreaks: what came before the line broke, or before documents were not
// taken any more, counts.
func TestImportBreaks(t *testing.T) {
	var stream strings.Builder
	for i := range 200 {
		stream.WriteString(record("response", fmt.Sprint("http://a.test/", i), i, html("words")))
	}
	broken := errors.New("the line is broken")
	docs, st, err := importing(t, io.MultiReader(strings.NewReader(stream.String()), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || len(docs) != 199 || st.Documents != 199 { // the last may go on
		t.Errorf("%d documents, %+v, %v", len(docs), st, err)
	}
	full := errors.New("the log takes nothing")
	calls := 0
	st, err = Import(t.Context(), strings.NewReader(stream.String()), ImportOptions{Workers: 1, Emit: func(_ context.Context, list []*document.Document) error {
		if calls++; calls == 2 {
			return full
		}
		return nil
	}})
	if !errors.Is(err, full) || calls != 2 || st.Documents != importPages {
		t.Errorf("%d calls, %+v, %v", calls, st, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Import(ctx, strings.NewReader(stream.String()), ImportOptions{Emit: func(context.Context, []*document.Document) error { return nil }}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestImportAsCrawled: a page comes out of an archive as it comes out of a crawl.
func TestImportAsCrawled(t *testing.T) {
	inBed(t, func(b *bed) {
		b.site.Page("/", crawltest.Page{HTML: `<!doctype html><html lang="de"><title>Ein Titel</title><meta name="author" content="Eva"><meta name="description" content="Was es gibt">
<nav><a href="/x">hier</a></nav><main><h1>Oben</h1><p>Der Text dieser Seite ist deutsch, und es stehen genug Wörter darin.</main>`})
		b.crawl(false, "http://a.test/")
		var stream bytes.Buffer
		if _, err := warc.Join(t.Context(), &stream, []string{b.c.Captures()}, warc.WalkOptions{}); err != nil {
			t.Fatal(err)
		}
		docs, _, err := importing(t, &stream)
		if err != nil {
			t.Fatal(err)
		}
		crawled, got := b.sink.docs["http://a.test/"], docs["http://a.test/"]
		if crawled == nil || got == nil || got.Key != crawled.Key || got.Lang != crawled.Lang || fieldsOf(got) != fieldsOf(crawled) {
			t.Errorf("crawled\n%+v\nimported\n%+v", crawled, got)
		}
	})
}

// fieldsOf is all of a document but the time, which is that of the answer.
func fieldsOf(d *document.Document) string {
	var b strings.Builder
	for _, f := range d.Fields {
		if f.Name != "fetched" {
			fmt.Fprintf(&b, "%s=%s\n", f.Name, f.Text)
		}
	}
	return b.String()
}

// TestImportSuite: the archives of others, each by itself as it stands.
func TestImportSuite(t *testing.T) {
	root := shareddata.Untar(t, "suites/warc.tar.xz")
	var stream bytes.Buffer
	counts, err := warc.Join(t.Context(), &stream, []string{root}, warc.WalkOptions{OwnIndexes: true})
	if err != nil {
		t.Fatal(err)
	}
	docs, st, err := importing(t, &stream)
	if err != nil || counts.Files != 13 || counts.Corrupt != 1 || len(docs) != 3 || st.Captures != 18 {
		t.Errorf("%d documents, %+v, %+v, %v", len(docs), counts, st, err)
	}
	if d := docs["http://example.com/"]; d == nil || !strings.Contains(d.Text("title"), "Example Domain") {
		t.Errorf("%+v", d)
	}
}

func TestLatest(t *testing.T) {
	var l latest
	key := func(i int) document.Key { return document.KeyOf(fmt.Sprint(i)) }
	for i := range 2 * rememberedEach {
		if !l.put(key(i), 10) {
			t.Fatal(i)
		}
	}
	if len(l.young)+len(l.old) > 2*rememberedEach || l.put(key(2*rememberedEach-1), 9) || l.put(key(rememberedEach), 9) || !l.put(key(rememberedEach), 10) {
		t.Error("what was seen last is not remembered")
	}
}
