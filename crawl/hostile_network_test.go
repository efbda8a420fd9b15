package crawl

import (
	"fmt"
	"strings"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/login"
)

var networkChecks = map[string]func(h *trial){
	"N01": func(h *trial) {
		h.crawl(day)
		for _, host := range crawltest.N01Refused {
			h.wantReason("https://"+host+"/", "failed", "tls")
			h.wantDocs(false, "https://"+host+"/")
			h.wantHits(host, "", 0, 0)
		}
		h.wantDocs(true, "https://sni.n01.test/")
		for _, q := range h.web.Requests() {
			if q.Header.Get("Authorization")+q.Header.Get("Cookie") != "" {
				h.t.Errorf("%s got credentials", q.Host)
			}
		}
	},
	"N02": func(h *trial) {
		h.crawl(day)
		for _, host := range crawltest.N02Hosts {
			h.wantDocs(true, "https://"+host+"/")
			if n := h.web.Dials(host); n > 8 {
				h.t.Errorf("%s: %d connections", host, n)
			}
		}
	},
	"N03": func(h *trial) {
		h.wantOthersWell(day)
		if n := h.web.Lookups("nx.n03.test"); n > 2 || n == 0 {
			h.t.Errorf("a name that does not exist was looked up %d times in a day, want 2 at most", n)
		}
		for _, host := range []string{"servfail", "timeout", "cname-loop"} {
			if n := h.web.Lookups(host + ".n03.test"); n > 20 || n < 2 {
				h.t.Errorf("%s: %d look-ups in a day", host, n)
			}
		}
		for _, host := range []string{"many", "aaaa"} {
			for i := range 5 {
				h.wantDocs(true, fmt.Sprintf("http://%s.n03.test/page%d", host, i+1))
			}
		}
	},
	"N04": func(h *trial) {
		h.logins("basic.n04.test=basic", "bearer.n04.test=bearer", "form.n04.test=form", "expiry.n04.test=form")
		h.crawl(day)
		for _, host := range []string{"basic", "bearer", "form", "expiry"} {
			host += ".n04.test"
			n := 0
			for i := range crawltest.N04Pages {
				u := fmt.Sprintf("http://%s/n/page%d", host, i)
				if i == 0 {
					u = "http://" + host + "/"
				}
				if h.doc(u) != nil {
					n++
				}
			}
			if n != crawltest.N04Pages {
				h.t.Errorf("%s: %d of %d pages", host, n, crawltest.N04Pages)
			}
		}
		if n := len(h.pages("leak.n04.test")); n != 4 {
			h.t.Errorf("%d requests to the other origin, want 4", n)
		}
		for _, q := range h.web.RequestsTo("leak.n04.test", "") {
			if q.Header.Get("Authorization")+q.Header.Get("Cookie") != "" {
				h.t.Errorf("credentials went to another origin: %v", q.Header)
			}
		}
		for _, q := range h.web.Requests() {
			if a := q.Header.Get("Authorization"); strings.HasPrefix(a, "Basic") && q.Host != "basic.n04.test" || strings.HasPrefix(a, "Bearer") && q.Host != "bearer.n04.test" {
				h.t.Errorf("%s got %s", q.Host, a)
			}
		}
	},
	"N05": func(h *trial) {
		h.logins("n05.test=form")
		h.crawl(day)
		for _, target := range crawltest.N05Exits {
			h.wantHits("n05.test", target, 0, 0)
		}
		for i := range crawltest.N04Pages - 1 {
			h.wantDocs(true, fmt.Sprintf("http://n05.test/n/page%d", i+1))
		}
	},
	"N06": func(h *trial) {
		h.opt.Fetch.Proxies = []fetch.ProxyRoute{{Proxies: []fetch.Proxy{
			{Scheme: "http", Host: "proxy407.n06.test:3128"}, {Scheme: "socks5", Host: "dead.n06.test:1080"},
			{Scheme: "http", Host: "good1.n06.test:3128"}, {Scheme: "http", Host: "good2.n06.test:3128"},
		}}}
		h.crawl(day)
		if n := h.web.Dials("n06.test"); n != 0 {
			h.t.Errorf("%d direct connections", n)
		}
		if n := len(h.sink.live()); n != 60 {
			h.t.Errorf("%d pages through proxies, want 60", n)
		}
		if n := h.web.Dials("good1.n06.test") + h.web.Dials("good2.n06.test"); n == 0 {
			h.t.Error("no proxy that works was used")
		}
		if n := h.web.Dials("proxy407.n06.test"); n > 20 {
			h.t.Errorf("the proxy that answers 407 was asked %d times", n)
		}
	},
}

// logins configures what opens the hosts of N04.
func (h *trial) logins(kinds ...string) {
	h.t.Helper()
	for _, kind := range kinds {
		host, _, _ := strings.Cut(kind, "=")
		_, kind, _ = strings.Cut(kind, "=")
		cfg := login.Config{Kind: kind, Origin: "http://" + host, User: crawltest.N04User, Secret: "password"}
		switch kind {
		case "bearer":
			cfg.User, cfg.Secret = "", "token"
		case "form":
			cfg.URL = "http://" + host + "/login"
		}
		s, err := login.New(cfg, func(reference string) (fetch.Secret, error) {
			return fetch.NewSecret(map[string]string{"password": crawltest.N04Password, "token": crawltest.N04Token}[reference]), nil
		}, nil)
		if err != nil {
			h.t.Fatal(err)
		}
		h.opt.Fetch.Auth = append(h.opt.Fetch.Auth, s)
	}
}
