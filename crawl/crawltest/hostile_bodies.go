package crawltest

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
)

// B: bodies and protocol. Most take the connection over, so that Request.Bytes is
// all that the client took (NewInMemory has no buffers between the two).

// B10Paths and the like are the pages of rows that have several.
var (
	B04Paths = []string{"/b/gzip-nested", "/b/zstd-window", "/b/zstd-bomb", "/b/br-bomb"}
	B09Paths = []string{"/b/bad-chunk", "/b/bad-chunk-early", "/b/bad-gzip", "/b/not-gzip"}
	B10Paths = []string{"/b/http09", "/b/garbage", "/b/bad-status", "/b/status-999"}
	B14Paths = []string{"/b/pdf-bomb", "/b/pdf-loop", "/b/docx-bomb", "/b/xml-bomb", "/b/xml-external"}
)

func bodyRows() []Row {
	block := "<p>" + strings.Repeat("endless words ", 1170) + "</p>\n" // 16 KiB
	on := func(host string, paths ...string) (out []string) {
		for _, p := range paths {
			out = append(out, "http://"+host+p)
		}
		return out
	}
	return []Row{
		{ID: "B01", Behaviour: "Content-Length of 10 GB, and they come", Seeds: on("b01.test", "/b/huge"), Install: func(w *Web) {
			w.Site("b01.test").Handle("/b/huge", Endless(okHeader+"Content-Length: 10000000000\r\n\r\n", block, nil))
		}},
		{ID: "B02", Behaviour: "chunks without end", Seeds: on("b02.test", "/b/huge-chunked"), Install: func(w *Web) {
			w.Site("b02.test").Handle("/b/huge-chunked", Endless(okHeader+"Transfer-Encoding: chunked\r\n\r\n", fmt.Sprintf("%x\r\n%s\r\n", len(block), block), nil))
		}},
		{ID: "B03", Behaviour: "10 MB of gzip that are 10 GB of zeros", Seeds: on("b03.test", "/b/gzip-bomb"), Install: func(w *Web) {
			w.Site("b03.test").Handle("/b/gzip-bomb", Coded("gzip", GzipBomb(10<<10)))
		}},
		{ID: "B04", Behaviour: "bombs in brotli and zstd, a window of 2 GiB, gzip thrice", Seeds: on("b04.test", B04Paths...), Install: installB04},
		{ID: "B05", Behaviour: "a body that comes at a byte in 5 s", Seeds: on("b05.test", "/b/slowloris"), Install: func(w *Web) {
			w.Site("b05.test").Handle("/b/slowloris", Drip(okHeader+"Content-Length: 100000\r\n\r\n", 5*time.Second))
		}},
		{ID: "B06", Behaviour: "a header that comes at a byte a second", Seeds: on("b06.test", "/b/slow-headers"), Install: func(w *Web) {
			w.Site("b06.test").Handle("/b/slow-headers", Drip("", time.Second))
		}},
		{ID: "B07", Behaviour: "a header of 20 MB; 100,000 headers", Seeds: on("b07.test", "/b/huge-header", "/b/many-headers"), Install: func(w *Web) {
			w.Site("b07.test").
				Handle("/b/huge-header", Bytes("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 20<<20)+"\r\n\r\nabc")).
				Handle("/b/many-headers", Bytes("HTTP/1.1 200 OK\r\n"+strings.Repeat("X-Header: value\r\n", 100_000)+"\r\nabc"))
		}},
		{ID: "B08", Behaviour: "half of the body that was announced; once it was whole", Seeds: on("b08.test", "/b/short", "/b/short-later"), Install: func(w *Web) {
			body := "<title>Short</title><p>" + Prose(8, 400)
			short := Bytes(okHeader + "Content-Length: 1000\r\n\r\n" + body[:500])
			w.Site("b08.test").Handle("/b/short", short).
				Handle("/b/short-later", Turns(Page{HTML: body[:1000]}, short))
		}},
		{ID: "B09", Behaviour: "a bad chunk size, damaged gzip", Seeds: on("b09.test", B09Paths...), Install: installB09},
		{ID: "B10", Behaviour: "no HTTP, or none that there is", Seeds: on("b10.test", B10Paths...), Install: func(w *Web) {
			w.Site("b10.test").Handle("/b/http09", Bytes("<html>hello\n")).Handle("/b/garbage", Bytes("\x00\x01\x02\xff\r\n\r\n")).
				Handle("/b/bad-status", Bytes("HTTP/1.1 abc\r\n\r\n")).Handle("/b/status-999", Bytes("HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n"))
		}},
		{ID: "B11", Behaviour: "connections that break: after the header, between requests", Seeds: on("b11.test", "/b/early-close", "/b/rst", "/b/next"), Sockets: true, Install: func(w *Web) {
			w.Site("b11.test").
				Handle("/b/early-close", Bytes(okHeader+"Content-Length: 8\r\nConnection: keep-alive\r\n\r\n<p>hello")).
				Handle("/b/rst", Turns(Reset(okHeader+"Content-Length: 5\r\n\r\n"), prosePage(11))).
				Page("/b/next", prosePage(12))
		}},
		{ID: "B12", Behaviour: "a hundred informational answers before the real one", Seeds: on("b12.test", "/b/1xx-flood"), Install: func(w *Web) {
			w.Site("b12.test").Handle("/b/1xx-flood", Bytes(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 100)+okHeader+"Content-Length: 8\r\n\r\n<p>hello"))
		}},
		{ID: "B13", Behaviour: "HTML declared as octets, a PNG declared as HTML", Seeds: on("b13.test", "/b/octet-html", "/b/html-octet"), Install: func(w *Web) {
			w.Site("b13.test").
				Page("/b/octet-html", Page{ContentType: "application/octet-stream", HTML: "<!DOCTYPE html><html><title>Octets</title><p>" + Prose(13, 40)}).
				Page("/b/html-octet", Page{ContentType: "text/html", HTML: "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00" + Prose(14, 40)})
		}},
		{ID: "B14", Behaviour: "bombs and loops in PDF, docx and XML", Seeds: on("b14.test", B14Paths...), Install: installB14},
	}
}

func installB04(w *Web) {
	var br bytes.Buffer
	z := brotli.NewWriterLevel(&br, 4)
	zeros := make([]byte, 1<<20)
	for range 256 {
		z.Write(zeros)
	}
	z.Close()
	gz := GzipBomb(64)
	for range 2 {
		var b bytes.Buffer
		g := gzip.NewWriter(&b)
		g.Write(gz)
		g.Close()
		gz = b.Bytes()
	}
	// Frames by hand (RFC 8878, 3.1.1): no content size, windows of 2 GiB and of
	// 4 MiB, and blocks that repeat one byte 131,071 and 131,072 times.
	wide := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3}, bytes.Repeat([]byte{0xfa, 0xff, 0x0f, 'x'}, 100)...)
	deep := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 12 << 3}, bytes.Repeat([]byte{0x02, 0x00, 0x10, 'x'}, 1<<20)...)
	w.Site("b04.test").Handle("/b/gzip-nested", Coded("gzip, gzip, gzip", gz)).Handle("/b/zstd-window", Coded("zstd", wide)).
		Handle("/b/zstd-bomb", Coded("zstd", deep)).Handle("/b/br-bomb", Coded("br", br.Bytes()))
}

// installB09: of each kind of damage one behind more than 1 KiB that is sound, and
// one behind less.
func installB09(w *Web) {
	good := "<title>Damaged</title><p>" + Prose(9, 300)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, "<title>Damaged</title><p>"+Prose(10, 300))
	z.Close()
	damaged := b.Bytes()
	damaged[len(damaged)-6] ^= 0xff // the checksum
	chunked := okHeader + "Transfer-Encoding: chunked\r\n\r\n"
	w.Site("b09.test").
		Handle("/b/bad-chunk", Bytes(fmt.Sprintf("%s%x\r\n%s\r\nzz\r\nmore", chunked, len(good), good))).
		Handle("/b/bad-chunk-early", Bytes(chunked+"5\r\n<p>hi\r\nzz\r\nmore")).
		Handle("/b/bad-gzip", Coded("gzip", damaged)).
		Handle("/b/not-gzip", Coded("gzip", []byte("<p>this is no gzip")))
}

func installB14(w *Web) {
	w.Canary()
	page := func(contentType string, body string) http.Handler { return Page{ContentType: contentType, HTML: body} }
	laughs := "<?xml version=\"1.0\"?><!DOCTYPE html [<!ENTITY l0 \"laughter\">"
	for i := 1; i <= 9; i++ {
		laughs += fmt.Sprintf("<!ENTITY l%d \"%s\">", i, strings.Repeat(fmt.Sprintf("&l%d;", i-1), 10))
	}
	laughs += `]><html xmlns="http://www.w3.org/1999/xhtml"><head><title>Laughs</title></head><body><p>before &l9; after</p></body></html>`
	external := `<?xml version="1.0"?><!DOCTYPE html [<!ENTITY f SYSTEM "file:///etc/hostname"><!ENTITY n SYSTEM "http://` + w.Canary().Addr() + `/secret"><!ENTITY m SYSTEM "http://b14.test/entity">]>` +
		`<html xmlns="http://www.w3.org/1999/xhtml"><head><title>External</title></head><body><p>before &f; &n; &m; after</p></body></html>`
	w.Site("b14.test").
		Handle("/b/pdf-bomb", page("application/pdf", pdf("<< /Type /Pages /Kids [3 0 R] /Count 1 >>", true))).
		Handle("/b/pdf-good", page("application/pdf", pdf("<< /Type /Pages /Kids [3 0 R] /Count 1 >>", false))).
		Handle("/b/pdf-loop", page("application/pdf", pdf("<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 /Parent 2 0 R >>", false))).
		Handle("/b/docx-bomb", page("application/vnd.openxmlformats-officedocument.wordprocessingml.document", docxBomb())).
		Handle("/b/xml-bomb", page("application/xhtml+xml", laughs)).
		Handle("/b/xml-external", page("application/xhtml+xml", external)).
		Page("/entity", Page{HTML: "entity", ContentType: "text/plain"})
}

// deflateBomb is head and then block again and again, mib MiB, as raw deflate: a
// stream may repeat what stands between two flushes.
func deflateBomb(head, block string, mib int) []byte {
	var first, next bytes.Buffer
	z, _ := flate.NewWriter(&first, flate.BestCompression)
	io.WriteString(z, head)
	z.Flush()
	n := first.Len()
	text := strings.Repeat(block, 4<<20/len(block))
	for range 2 { // the second may refer to the first, which the later ones repeat
		n = first.Len()
		io.WriteString(z, text)
		z.Flush()
	}
	next.Write(first.Bytes()[n:])
	first.Write(bytes.Repeat(next.Bytes(), mib/4))
	first.WriteString("\x03\x00") // the last block, empty
	return first.Bytes()
}

// pdf is a document of one page; as a bomb, the page has 1 GiB of text.
func pdf(pages string, bomb bool) string {
	content := "BT /F1 12 Tf (one page) Tj ET"
	filter := ""
	if bomb {
		content = "\x78\x9c" + string(deflateBomb("BT /F1 12 Tf ", "(lol) Tj T* ", 1<<10))
		filter = " /Filter /FlateDecode"
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		pages,
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d%s >>\nstream\n%s\nendstream", len(content), filter, content),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	var b strings.Builder
	b.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, at)
	return b.String()
}
