package crawl

import (
	"fmt"
	"strings"
	"time"
)

var redirectChecks = map[string]func(h *trial){
	"D01": func(h *trial) {
		h.crawl(day)
		h.wantHits("d01.test", "/d/loop-a", 1, 2)
		h.wantHits("d01.test", "/d/loop-b", 1, 2)
		h.wantOneOf("redirect-loop", "http://d01.test/d/loop-a", "http://d01.test/d/loop-b")
	},
	"D02": func(h *trial) {
		h.crawl(day)
		if n := len(h.pages("d02.test")); n > 11 || n < 10 {
			h.t.Errorf("%d requests, want 11", n)
		}
		var chain []string
		for i := range 12 {
			chain = append(chain, fmt.Sprint("http://d02.test/d/chain/", i))
		}
		h.wantOneOf("redirect-limit", chain...)
	},
	"D03": func(h *trial) {
		h.crawl(day)
		if n := len(h.pages("d03.test")); n > 11 {
			h.t.Errorf("%d requests, want 11", n)
		}
		if st := h.c.Stats(); st.Queued != 0 || st.Redirects+st.Failed > 12 {
			h.t.Errorf("the frontier grew: %+v", st)
		}
	},
	"D04": func(h *trial) {
		h.crawl(day)
		h.wantHits("d04.test", "/d/self-cookie", 2, 2)
		h.wantDocs(true, "http://d04.test/d/self-cookie")
	},
	"D05": func(h *trial) {
		h.crawl(day)
		for _, u := range h.row.Seeds {
			h.wantHits("d05.test", strings.TrimPrefix(u, "http://d05.test"), 1, 1)
			h.wantReason(u, "failed", "bad-redirect")
		}
	},
	"D06": func(h *trial) {
		h.crawl(day)
		h.wantHits("d06.test", "/x?y", 1, 1)
		h.wantDocs(true, "http://d06.test/x?y")
		for _, q := range h.pages("d06.test") {
			if strings.Contains(q.Target, "#") {
				h.t.Errorf("%s was sent", q.Target)
			}
		}
	},
	"D07": func(h *trial) {
		h.crawl(day)
		for path, target := range map[string]string{"/d/meta": "/d/m2", "/d/header": "/d/m4"} {
			h.wantHits("d07.test", target, 1, 1)
			if r := h.why("http://d07.test" + path); r.State.String() != "redirect" || r.Alias.String() != "http://d07.test"+target {
				h.t.Errorf("%s is %s for %s", path, r.State, r.Alias)
			}
			h.wantDocs(false, "http://d07.test"+path)
		}
		h.wantHits("d07.test", "/d/m3", 1, 1)
		h.wantDocs(true, "http://d07.test/d/later", "http://d07.test/d/m2", "http://d07.test/d/m3", "http://d07.test/d/m4")
	},
	"D08": func(h *trial) {
		h.crawl(day)
		for _, u := range h.row.Seeds {
			h.wantHits("d08.test", strings.TrimPrefix(u, "http://d08.test"), 1, 1)
			h.wantReason(u, "failed", "bad-scheme")
		}
		h.wantNoLeak()
	},
	"D09": func(h *trial) {
		h.crawl(day)
		if r := h.why("http://d09.test/d/301-perm"); r.State.String() != "redirect" || r.Alias.String() != "http://d09.test/d/final" {
			h.t.Errorf("%s for %s", r.State, r.Alias)
		}
		h.wantDocs(true, "http://d09.test/d/final")
		h.later(time.Hour)
		h.web.Forget()
		h.again(day)
		h.wantHits("d09.test", "/d/301-perm", 0, 1)
		h.wantHits("d09.test", "/d/final", 1, 1)
		h.wantDocs(true, "http://d09.test/d/final")
	},
}

// wantOneOf: a chain of redirects ends with the class, at one of its addresses.
func (h *trial) wantOneOf(class string, chain ...string) {
	h.t.Helper()
	for _, u := range chain {
		if h.why(u).Reason == class {
			return
		}
	}
	h.t.Errorf("no address ended as %s; errors %v", class, h.c.Stats().Errors)
}
