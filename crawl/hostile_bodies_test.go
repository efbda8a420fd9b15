package crawl

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/crawl/warc"
)

var bodyChecks = map[string]func(h *trial){
	"B01": func(h *trial) { h.wantCutAt(10 << 20) },
	"B02": func(h *trial) { h.wantCutAt(10 << 20) },
	"B03": func(h *trial) { h.wantDefused("http://b03.test/b/gzip-bomb") },
	"B04": func(h *trial) {
		h.wantDefused(h.row.Seeds...)
		for _, path := range []string{"/b/gzip-nested", "/b/zstd-window"} {
			h.wantReason("http://b04.test"+path, "failed", "decode-error")
		}
	},
	"B05": func(h *trial) {
		h.wantOthersWell(day)
		for _, q := range h.pages("b05.test") {
			if d := q.End.Sub(q.Start); d > 60*time.Second || q.End.IsZero() {
				h.t.Errorf("%s was held for %s", q.Target, d)
			}
		}
		h.wantFewer("b05.test", 4)
		h.wantReason("http://b05.test/b/slowloris", "failed", "slow")
	},
	"B06": func(h *trial) {
		h.wantOthersWell(day)
		for _, q := range h.pages("b06.test") {
			if d := q.End.Sub(q.Start); d > 11*time.Second || q.End.IsZero() {
				h.t.Errorf("%s was held for %s", q.Target, d)
			}
		}
		h.wantFewer("b06.test", 4)
		h.wantReason("http://b06.test/b/slow-headers", "failed", "timeout")
	},
	"B07": func(h *trial) {
		h.crawl(day)
		for _, u := range h.row.Seeds {
			h.wantReason(u, "failed", "header-limit")
		}
		for _, q := range h.pages("b07.test") {
			if q.Bytes > 512<<10 {
				h.t.Errorf("%s: %d bytes were taken", q.Target, q.Bytes)
			}
		}
		h.wantFewer("b07.test", 2)
	},
	"B08": func(h *trial) {
		h.crawl(day)
		h.wantHits("b08.test", "/b/short", 2, 2)
		h.wantHits("b08.test", "/b/short-later", 1, 1)
		h.wantDocs(true, h.row.Seeds...)
		whole := h.doc("http://b08.test/b/short-later").Text("body")
		h.later(2 * day)
		h.again(day)
		if d := h.doc("http://b08.test/b/short-later"); d == nil || d.Text("body") != whole {
			h.t.Error("half a page took the place of a whole one")
		}
		h.close()
		if got := h.truncated("http://b08.test/b/short"); got != "disconnect" {
			h.t.Errorf("captured as %q, want disconnect", got)
		}
		if got := h.truncated("http://b08.test/b/short-later"); got != "disconnect" {
			h.t.Errorf("the second capture is %q, want disconnect", got)
		}
	},
	"B09": func(h *trial) {
		h.crawl(day)
		h.wantReason("http://b09.test/b/bad-chunk-early", "failed", "decode-error")
		h.wantReason("http://b09.test/b/not-gzip", "failed", "decode-error")
		h.wantDocs(true, "http://b09.test/b/bad-chunk", "http://b09.test/b/bad-gzip")
	},
	"B10": func(h *trial) {
		h.crawl(day)
		for _, path := range crawltest.B10Paths {
			h.wantHits("b10.test", path, 1, 2)
			h.wantReason("http://b10.test"+path, "failed", "protocol-error")
		}
	},
	"B11": func(h *trial) {
		h.opt.Delay = -1
		h.crawl(20*time.Second, h.row.Seeds...)
		h.wantDocs(true, h.row.Seeds...)
		h.wantHits("b11.test", "/b/rst", 2, 2)
		h.wantHits("b11.test", "/b/early-close", 1, 1)
	},
	"B12": func(h *trial) {
		h.crawl(day)
		if h.doc(h.row.Seeds[0]) == nil {
			h.wantReason(h.row.Seeds[0], "failed", "protocol-error")
		}
		h.wantFewer("b12.test", 2)
	},
	"B13": func(h *trial) {
		h.crawl(day)
		h.wantDocs(true, "http://b13.test/b/octet-html")
		if d := h.doc("http://b13.test/b/octet-html"); d != nil && d.Text("title") != "Octets" {
			h.t.Errorf("title %q", d.Text("title"))
		}
		h.wantReason("http://b13.test/b/html-octet", "skipped", "image/png")
	},
	"B14": func(h *trial) {
		// What reads PDF is compiled at first use, which is not the bombs' doing.
		good := "http://b14.test/b/pdf-good"
		h.crawl(day, good)
		h.wantDocs(true, good)
		for _, u := range h.row.Seeds {
			before := processor()
			if grown := h.peak(func() { h.crawl(day, u) }); grown > 256<<20 {
				h.t.Errorf("%s: memory grew by %d MiB", u, grown>>20)
			}
			if took := processor() - before; took > 10*time.Second {
				h.t.Errorf("%s: took %s of processor time", u, took)
			}
			if r := h.why(u); r.State == frontier.Queued {
				h.t.Errorf("%s is not settled: %s", u, r.Reason)
			}
		}
		h.wantReason("http://b14.test/b/pdf-bomb", "", "parse-limit")
		h.wantReason("http://b14.test/b/docx-bomb", "", "parse-limit")
		for path, forbidden := range map[string]string{"/b/xml-bomb": "laughterlaughter", "/b/xml-external": "secret"} {
			if d := h.doc("http://b14.test" + path); d != nil && (strings.Contains(d.Text("body"), forbidden) || len(d.Text("body")) > 10<<10) {
				h.t.Errorf("%s expanded to %d bytes", path, len(d.Text("body")))
			}
		}
		h.wantHits("b14.test", "/entity", 0, 0)
		h.wantNoLeak()
	},
}

// wantFewer checks that a host was asked for pages at most so often.
func (h *trial) wantFewer(host string, most int) {
	h.t.Helper()
	if n := len(h.pages(host)); n > most || n == 0 {
		h.t.Errorf("%s: %d requests, want 1 to %d", host, n, most)
	}
}

// wantCutAt: an endless body is taken up to the limit, and what was taken is
// indexed and marked.
func (h *trial) wantCutAt(limit int64) {
	h.t.Helper()
	u := h.row.Seeds[0]
	h.crawl(day)
	list := h.pages(h.why(u).URL.Host())
	if len(list) != 1 {
		h.t.Fatalf("%d requests", len(list))
	}
	if n := list[0].Bytes; n < limit/2 || n > limit+64<<10 {
		h.t.Errorf("%d bytes were taken, want %d", n, limit)
	}
	h.wantDocs(true, u)
	h.close()
	if got := h.truncated(u); got != "length" {
		h.t.Errorf("captured as %q, want length", got)
	}
}

// wantDefused: bombs cost little memory and time.
func (h *trial) wantDefused(urls ...string) {
	h.t.Helper()
	const most = 32 << 20
	h.open()
	for _, u := range urls {
		var took time.Duration
		grown := h.peak(func() {
			before := processor()
			h.crawl(day, u)
			took = processor() - before
		})
		if grown > most {
			h.t.Errorf("%s: memory grew by %d MiB", u, grown>>20)
		}
		if took > time.Second {
			h.t.Errorf("%s: took %s of processor time", u, took)
		}
		if n := h.web.Hits("b03.test", "/b/gzip-bomb"); n > 2 {
			h.t.Errorf("%s was asked for %d times", u, n)
		}
	}
}

// processor is the processor time that this process took.
func processor() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// peak tells by how much the resident memory of this process grew at most while f
// ran; 0 where the system does not tell.
func (h *trial) peak(f func()) int64 {
	debug.FreeOSMemory()
	if os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) != nil { // makes VmHWM the present
		f()
		return 0
	}
	before := resident("VmHWM:")
	f()
	return resident("VmHWM:") - before
}

func resident(field string) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// truncated is why the last capture of an address is not whole. The crawl must be
// closed.
func (h *trial) truncated(url string) string {
	h.t.Helper()
	last := "no capture"
	h.captures(func(rec *warc.Record) {
		if rec.Type == warc.TypeResponse && rec.TargetURI == url {
			last = rec.Truncated
		}
	})
	return last
}

// captures reads all captures of the crawl.
func (h *trial) captures(f func(rec *warc.Record)) {
	h.t.Helper()
	names, err := warc.List(filepath.Join(h.opt.Dir, "warc"))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, name := range names {
		in, err := os.Open(filepath.Join(h.opt.Dir, "warc", filepath.Base(name)))
		if err != nil {
			h.t.Fatal(err)
		}
		defer in.Close()
		r := warc.NewReader(in, warc.ReaderOptions{})
		for {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				h.t.Fatal(err)
			}
			f(rec)
		}
	}
}
