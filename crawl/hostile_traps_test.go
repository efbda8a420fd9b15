package crawl

import (
	"fmt"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/frontier"
)

// How long a crawl may fall into a trap before its row has failed for certain.
const trapTime = 30 * day

var trapChecks = map[string]func(h *trial){
	"T01": func(h *trial) {
		h.trap(trapTime, 370)
		if n := h.web.Hits("t01.test", "/t/calendar"); n > 300 {
			h.t.Errorf("%d requests for the calendar, want 300 at most", n)
		}
		for i := range crawltest.T01Pages {
			h.wantHits("t01.test", fmt.Sprint("/page", i+1), 1, 1)
		}
	},
	"T02": func(h *trial) {
		h.trap(trapTime, 60)
		h.wantFewer("t02.test", 50)
	},
	"T03": func(h *trial) {
		h.trap(trapTime, 80)
		h.wantFewer("t03.test", 60)
		texts := map[string]bool{}
		for id := range h.sink.docs {
			if d := h.doc(id); d != nil {
				texts[d.Text("body")] = true
			}
		}
		if live := len(h.sink.live()); live != crawltest.T03Docs || len(texts) != crawltest.T03Docs {
			h.t.Errorf("%d documents of %d texts, want %d", live, len(texts), crawltest.T03Docs)
		}
	},
	"T04": func(h *trial) {
		h.trap(trapTime, 1050)
		h.wantFewer("t04.test", 1000)
		for i := range crawltest.T04Products {
			h.wantDocs(true, fmt.Sprint("http://t04.test/t/product/", i+1))
		}
	},
	"T05": func(h *trial) {
		budget := frontier.WebBudget()
		budget.PerHost = 300
		h.opt.Budget = &budget
		h.enough = func() bool { return h.web.Hits("t05.test", "") > 400 }
		h.wantOthersWell(day)
		h.wantFewer("t05.test", 300)
	},
	"T06": func(h *trial) {
		budget := frontier.WebBudget()
		budget.HostsPerSite = 300
		h.opt.Budget = &budget
		h.trap(trapTime, 2500)
		hosts := map[string]bool{}
		for _, q := range h.web.Requests() {
			hosts[q.Host] = true
		}
		if len(hosts) > 300 || len(hosts) < 10 {
			h.t.Errorf("%d hosts of one domain were asked, want 300 at most", len(hosts))
		}
	},
	"T07": func(h *trial) {
		h.trap(trapTime, 500)
		for i := range 40 {
			h.wantReason(fmt.Sprint("http://t07.test/t/soft404/missing", i+1), "", "soft-404")
			h.wantDocs(false, fmt.Sprint("http://t07.test/t/soft404/missing", i+1))
		}
		for i := range crawltest.T07Pages {
			h.wantDocs(true, fmt.Sprint("http://t07.test/t/soft404/there", i+1))
		}
		probes := map[string]int{} // by directory
		for _, q := range h.pages("t07.test") {
			if p := q.Path(); p != "/" && !strings.Contains(p, "/missing") && !strings.Contains(p, "/there") {
				probes[p[:strings.LastIndexByte(p, '/')+1]]++
			}
		}
		list, err := h.c.List(h.t.Context(), frontier.Range{To: frontier.Slots}, frontier.Filter{States: []frontier.State{frontier.Gone, frontier.Skipped}}, 1000)
		for _, st := range list {
			if p := st.URL.Path(); !strings.Contains(p, "/missing") {
				h.t.Errorf("%s is listed: %s", st.URL, st.Reason)
			}
		}
		if err != nil || len(list) < 40 || len(probes) == 0 {
			h.t.Errorf("%d addresses are listed, %d probes made; %v", len(list), len(probes), err)
		}
		for dir, n := range probes {
			if n > 2 {
				h.t.Errorf("%d probes of %s, want 2 at most", n, dir)
			}
		}
	},
	"T08": func(h *trial) {
		h.opt.Budget = &frontier.Budget{} // 500 of one shape are a trap by themselves
		h.trap(trapTime, 1500)
		if live := h.sink.live(); len(live) != 1 {
			h.t.Errorf("%d documents, want 1", len(live))
		}
		aliases := 0
		for i := range crawltest.T08Copies {
			if r := h.why(fmt.Sprint("http://t08.test/t/dup/", i+1)); r.Known && !r.HasDoc && !r.Alias.IsZero() {
				aliases++
			}
		}
		if aliases != crawltest.T08Copies-1 {
			h.t.Errorf("%d aliases, want %d", aliases, crawltest.T08Copies-1)
		}
	},
	"T09": func(h *trial) {
		h.trap(trapTime, 100)
		asked := map[string]int{}
		for _, q := range h.pages("t09.test") {
			asked[q.Target]++
		}
		n := func(class []string) (sum int) {
			seen := map[string]bool{}
			for _, spelling := range class {
				target, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(spelling, "http://t09.test:80"), "HTTP://T09.TEST"), "#")
				if !seen[target] {
					seen[target] = true
					sum += asked[target]
				}
			}
			return sum
		}
		for _, class := range crawltest.T09Safe {
			if k := n(class); k != 1 {
				h.t.Errorf("%d requests for %q, want 1", k, class)
			}
		}
		for _, class := range crawltest.T09Learned { // by content: one document each
			docs := 0
			for _, spelling := range class {
				if h.doc("http://t09.test"+spelling) != nil {
					docs++
				}
			}
			if docs != 1 {
				h.t.Errorf("%d documents for %q, want 1", docs, class)
			}
		}
	},
	"T10": func(h *trial) {
		start := time.Now()
		h.opt.Workers = 4
		h.enough = func() bool { return h.web.Hits("t10.test", "") > 150 }
		h.crawl(3 * day)
		var held time.Duration
		for _, q := range h.pages("t10.test") {
			held += q.End.Sub(q.Start)
		}
		h.wantFewer("t10.test", 100)
		if share := float64(held) / float64(time.Since(start)*4); share > 0.05 {
			h.t.Errorf("the tarpit took %.1f %% of the workers' time", 100*share)
		}
	},
	"T11": func(h *trial) {
		h.trap(trapTime, 1500)
		n := 0
		for _, q := range h.web.Requests() {
			if p := q.Path(); p != "/robots.txt" {
				n++
			}
		}
		if most := crawltest.T11Hosts*20 + crawltest.T11Pages; n > most {
			h.t.Errorf("%d requests, want %d at most", n, most)
		}
		texts := map[string]bool{}
		for id := range h.sink.docs {
			if d := h.doc(id); d != nil {
				texts[d.Text("body")] = true
			}
		}
		if len(texts) != crawltest.T11Pages {
			h.t.Errorf("%d texts, want %d", len(texts), crawltest.T11Pages)
		}
	},
	"T12": func(h *trial) {
		const hosts, pages = 20, 40
		seeds := crawltest.Healthy(h.web, hosts, pages)
		h.open()
		left := func() int {
			n := hosts * pages
			for _, id := range h.sink.live() {
				if strings.Contains(id, "//healthy") {
					n--
				}
			}
			return n
		}
		h.enough = func() bool { return left() == 0 }
		h.crawl(day, append(seeds, h.row.Seeds...)...)
		farm, all := 0, 0
		for _, q := range h.web.Requests() {
			if all++; strings.HasSuffix(q.Host, "-t12.test") {
				farm++
			}
		}
		if n := left(); n != 0 {
			h.t.Errorf("%d pages of healthy hosts were not found", n)
		}
		if farm*10 > all {
			h.t.Errorf("%d of %d requests went to the link farm: more than 10 %%", farm, all)
		}
		h.t.Logf("%d of %d requests went to the link farm", farm, all)
		if farm < 10 {
			h.t.Errorf("the link farm got %d requests: it is starved", farm)
		}

		// Alone it is as free as anybody.
		start := time.Now()
		h.enough = func() bool { return h.web.Total() > all+2000 }
		h.goOn(day)
		if took := time.Since(start); took > 2*time.Minute {
			h.t.Errorf("2000 requests to 40 addresses took %s", took)
		}
	},
}

// trap crawls until all is done, or time is over, or so many requests were made
// that the row has failed.
func (h *trial) trap(limit time.Duration, requests int, seeds ...string) {
	h.t.Helper()
	if len(seeds) == 0 {
		seeds = h.row.Seeds
	}
	h.open()
	if _, err := h.c.Add(h.t.Context(), seeds); err != nil {
		h.t.Fatal(err)
	}
	h.enough = func() bool { return h.web.Total() > requests }
	h.goOn(limit)
}
