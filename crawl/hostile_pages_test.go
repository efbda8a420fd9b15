package crawl

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/weburl"
)

var pageChecks = map[string]func(h *trial){
	"H01": func(h *trial) {
		h.crawl(day)
		for i := range 10 {
			h.wantHits("h01.test", fmt.Sprint("/h/bottom", i+1), 1, 1)
		}
		if d := h.doc(h.row.Seeds[0]); d == nil || !strings.Contains(d.Text("body")+d.Text("boilerplate"), "word10") {
			h.t.Error("the text at the bottom is not in the document")
		}
		h.wantQuick(crawltest.DeepPage(), 100*time.Millisecond)
	},
	"H02": func(h *trial) {
		h.crawl(day)
		h.wantHits("h02.test", "/h/seen", 1, 1)
		h.wantDocs(true, h.row.Seeds...)
		for _, page := range crawltest.CostlyPages() {
			h.wantQuick(page, 200*time.Millisecond*time.Duration(len(page))/(1<<20)+time.Millisecond)
		}
	},
	"H03": func(h *trial) {
		h.opt.MaxPages = 1
		h.opt.Budget = &frontier.Budget{} // which would hold most of them back
		h.crawl(time.Hour)
		queued := h.c.Stats().Queued
		if h.why("http://h03.test/sitemap.xml").State == frontier.Queued {
			queued-- // which the page has no part in
		}
		if queued > 5000 || queued < 4000 {
			h.t.Errorf("%d addresses were queued, want 5,000", queued)
		}
	},
	"H04": func(h *trial) { h.crawl(day); h.wantAsked() },
	"H05": func(h *trial) { h.crawl(day); h.wantAsked() },
	"H06": func(h *trial) { h.crawl(day); h.wantAsked() },
	"H07": func(h *trial) {
		h.opt.KeepDuplicates = true // one text in many encodings
		h.crawl(day)
		for _, c := range crawltest.Charsets {
			u := "http://h07.test/h/charset/" + c.Name
			switch d := h.doc(u); {
			case d == nil:
				h.wantDocs(true, u)
			case !strings.Contains(d.Text("body"), c.Text) || d.Text("title") != "charset "+c.Name:
				h.t.Errorf("%s: %q, want %q", c.Name, d.Text("body"), c.Text)
			}
		}
	},
	"H08": func(h *trial) {
		h.crawl(day)
		for path, want := range map[string]struct{ index, follow bool }{
			"/h/nofollow": {true, false}, "/h/meta-none": {false, false}, "/h/meta-noindex": {false, true},
			"/h/meta-nofollow": {true, false}, "/h/meta-other": {true, true}, "/h/meta-ours": {false, true},
			"/h/x-none": {false, false}, "/h/x-other": {true, true}, "/h/x-ours": {false, true},
		} {
			h.wantDocs(want.index, "http://h08.test"+path)
			if n := h.web.Hits("h08.test", path+"/next"); n > 0 != want.follow {
				h.t.Errorf("the link of %s was followed %d times, want %v", path, n, want.follow)
			}
		}
		h.pageDirectives()
	},
	"H09": func(h *trial) {
		h.crawl(day)
		target, chain := "http://h09.test/h/target", "http://h09.test/h/chain3"
		for path, want := range map[string]string{
			"/h/relative": target, "/h/many-same": target, "/h/in-header": target,
			"/h/chain1": chain, "/h/chain2": chain, "/h/chain3": "", "/h/target": "", "/h/many": "",
			"/h/cross-host": "", "/h/to-404": "", "/h/to-redirect": "", "/h/to-noindex": "", "/h/self": "", "/h/bad": "",
		} {
			u := "http://h09.test" + path
			h.wantDocs(want == "", u)
			if got := h.standsFor(u); want != "" && got != want {
				h.t.Errorf("%s yields to %s, want %s", u, got, want)
			}
		}
		a, b := h.doc("http://h09.test/h/loop-a") != nil, h.doc("http://h09.test/h/loop-b") != nil
		if a == b {
			h.t.Errorf("of a loop of two, documents %v and %v, want one", a, b)
		}
		h.wantDocs(false, "http://h09.test/h/missing", "http://h09.test/h/moved", "http://h09.test/h/hidden")
	},
	"H10": func(h *trial) {
		h.crawl(day)
		n := 0
		for id, d := range h.sink.docs {
			if !strings.Contains(id, "/h/hidden-") {
				continue
			}
			n++
			if !strings.Contains(d.Text("body"), crawltest.H10Text) {
				h.t.Errorf("%s lost its text", id)
			}
			if strings.Contains(d.Text("body"), crawltest.H10Spam) && d.Text("hidden") == "" {
				h.t.Errorf("%s: hidden text is in the main text, and not flagged", id)
			}
		}
		if n != 8 {
			h.t.Errorf("%d documents, want 8", n)
		}
	},
	"H11": func(h *trial) {
		h.opt.Delay = -1
		for _, path := range []string{"/h/js-only", "/h/js-noscript", "/h/js-redirect"} {
			tr := Inspect(h.t.Context(), "http://h11.test"+path, h.opt.Fetch, Reading{})
			if tr.Page == nil || !tr.Page.NeedsJS {
				h.t.Errorf("%s is not flagged as made by scripts", path)
			}
		}
		h.render()
		h.crawl(30 * time.Second)
		for _, path := range []string{"/h/js-only", "/h/js-noscript"} {
			if d := h.doc("http://h11.test" + path); d == nil || !strings.Contains(d.Text("body"), crawltest.H11Text) {
				h.t.Errorf("%s: what its script says was not found", path)
			}
		}
		h.wantDocs(true, "http://h11.test/h/js-target")
	},
	"H12": func(h *trial) {
		h.opt.Delay = -1
		h.render()
		seeds := crawltest.Healthy(h.web, 2, 30)
		h.crawl(time.Minute, append(seeds, h.row.Seeds...)...)
		if _, pages := healthyDone(h.web, time.Now()); pages != 60 {
			h.t.Errorf("%d pages of healthy hosts, want 60", pages)
		}
		// A page of scripts that is given up takes a tab for 12 s at most.
		asked := h.pages("h12.test")
		if d := asked[len(asked)-1].End.Sub(asked[0].Start); d > 8*12*time.Second {
			h.t.Errorf("eight pages were at it for %s", d)
		}
		// The file may be asked for twice, by a click and as a link, and is kept nowhere.
		for target, most := range map[string]int{"/h/fetched": 50, "/h/opened": 50, "/h/file.bin": 2} {
			h.wantHits("h12.test", target, 0, most)
		}
		h.wantNoLeak()
	},
	"H13": func(h *trial) { h.crawl(day); h.wantAsked() },
}

// standsFor follows the aliases of an address.
func (h *trial) standsFor(u string) string {
	for range 10 {
		r := h.why(u)
		if r.Alias.IsZero() || r.HasDoc {
			break
		}
		u = r.Alias.String()
	}
	return u
}

// wantQuick: a page is read within so much processor time, at best of three: the
// machine may be busy.
func (h *trial) wantQuick(page string, most time.Duration) {
	h.t.Helper()
	u := must(weburl.Parse("http://quick.test/"))
	best := time.Hour
	for range 3 {
		before := processor()
		extract.Document(u, http.Header{"Content-Type": {"text/html"}}, []byte(page), extract.Options{})
		best = min(best, processor()-before)
	}
	if best > most {
		h.t.Errorf("%d bytes were read in %s, want %s", len(page), best, most)
	}
}

// A directive is a case of the suite page-directives.
type directive struct {
	Kind, Name, Agent, URL, HTML string
	Headers                      [][2]string
	Expect                       json.RawMessage
}

// pageDirectives serves the pages of the suite that are about index and follow,
// and asks what the crawler makes of them; package extract has all 70 cases.
func (h *trial) pageDirectives() {
	h.t.Helper()
	dir := sharedSuite(h.t, "page-directives")
	if dir == "" {
		return
	}
	raw, err := os.ReadFile(filepath.Join(dir, "page-directives", "cases.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	var cases []directive
	if err := json.Unmarshal(raw, &cases); err != nil {
		h.t.Fatal(err)
	}
	if len(cases) != 70 {
		h.t.Errorf("%d cases, want 70", len(cases))
	}
	n := 0
	for i, c := range cases {
		var want map[string]any
		if c.Kind != "x-robots-tag" && c.Kind != "meta" || json.Unmarshal(c.Expect, &want) != nil {
			continue
		}
		n++
		header := http.Header{}
		for _, kv := range c.Headers {
			header.Add(kv[0], kv[1])
		}
		site := h.web.Site(fmt.Sprintf("directive%d.test", i)).Page("/", crawltest.Page{HTML: c.HTML + " ", Header: header})
		opt := h.opt.Fetch
		opt.Product = c.Agent
		tr := Inspect(h.t.Context(), site.URL("/"), opt, Reading{})
		if tr.Page == nil {
			h.t.Errorf("%s/%s: %s", c.Kind, c.Name, tr.Error)
			continue
		}
		got := map[string]any{"index": !tr.Page.NoIndex, "follow": !tr.Page.NoFollow}
		for k, v := range got {
			if later, ok := want["index_at_2026"]; ok && k == "index" {
				want[k] = later // Inspect's clock is ours
				if time.Now().Year() < 2026 {
					want[k] = true
				}
			}
			if !reflect.DeepEqual(want[k], v) {
				h.t.Errorf("%s/%s: %s is %v, want %v", c.Kind, c.Name, k, v, want[k])
			}
		}
	}
	if n < 30 {
		h.t.Errorf("%d cases about index and follow", n)
	}
}

// render switches scripts on.
func (h *trial) render() {
	h.t.Helper()
	h.opt.JavaScript = ScriptsAuto
}
