package crawl

import (
	"time"
)

var privateChecks = map[string]func(h *trial){
	"S01": func(h *trial) { h.wantRefused("http://10.0.0.1/", "http://169.254.169.254/", "http://[::1]/") },
	"S02": func(h *trial) { h.wantRefused("http://127.0.0.1/") },
	"S03": func(h *trial) {
		h.opt.Delay = 2 * time.Minute // names are looked up again meanwhile
		h.crawl(3 * day)
		if n := h.web.Lookups("rebind.test"); n < 2 {
			h.t.Errorf("%d look-ups: it was not tried", n)
		}
		h.wantNoLeak()
		h.wantReason("http://rebind.test/", "failed", "private-address")
	},
	"S04": func(h *trial) {
		h.crawl(day)
		h.wantHits("s04.test", "/s/redirect-private", 1, 1)
		h.wantNoLeak()
		h.wantReason("http://"+h.web.Canary().Addr()+"/secret", "failed", "private-address")
	},
	"S05": func(h *trial) {
		h.opt.Scope = Scope{}
		h.crawl(day)
		h.wantHits("s05.test", "/listed", 1, 1)
		h.wantHits("s05.test", "/ok", 1, 1)
		h.wantHits("s05else.test", "", 0, 0)
		h.wantNoLeak()
	},
	"S06": func(h *trial) {
		h.crawl(day, "http://s06.test/", "http://s06.test/go", "http://boss:secret@s06.test/x@evil/")
		h.wantHits("s06.test", "/x@evil/", 1, 1)
		for _, q := range h.web.Requests() {
			if q.Header.Get("Authorization") != "" {
				h.t.Errorf("%s was sent with %s", q.Target, q.Header.Get("Authorization"))
			}
		}
		h.wantDocs(true, "http://s06.test/x@evil/")
	},
}

// wantRefused crawls a page of lures; those listed must be refused by name.
func (h *trial) wantRefused(urls ...string) {
	h.t.Helper()
	h.crawl(day)
	h.wantDocs(true, h.row.Seeds[0]+"ok")
	for _, u := range urls {
		h.wantReason(u, "failed", "private-address")
	}
	h.wantNoLeak()
}
