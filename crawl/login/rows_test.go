package login_test

import (
	"fmt"
	"regexp"
	"testing"
	"testing/synctest"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/login"
	"github.com/trawlsearch/trawl/weburl"
)

// walk asks for all that can be reached from the seeds, whatever it is, and
// counts the outcomes: a status, or a class behind '!'.
func walk(t *testing.T, c *fetch.Client, seeds []string) map[string]int {
	t.Helper()
	out := map[string]int{}
	link := regexp.MustCompile(`href="([^"]*)"`)
	seen := map[weburl.URL]bool{}
	var queue []weburl.URL
	add := func(u weburl.URL, err error) {
		if err == nil && u.IsWeb() && !seen[u] {
			seen[u] = true
			queue = append(queue, u)
		}
	}
	for _, s := range seeds {
		add(parse(t, s), nil)
	}
	for len(queue) > 0 {
		u := queue[0]
		queue = queue[1:]
		r, err := c.Get(t.Context(), fetch.Request{URL: u})
		if err != nil {
			out["!"+string(fetch.ClassOf(err))]++
			continue
		}
		out[fmt.Sprint(r.Status)]++
		add(r.Location, nil)
		for _, m := range link.FindAllSubmatch(r.Body, -1) {
			add(r.URL.Join(string(m[1])))
		}
	}
	return out
}

// TestRows: N04 and N05 on the bed of the hostile web.
func TestRows(t *testing.T) {
	secrets := func(ref string) (fetch.Secret, error) { return fetch.NewSecret(ref), nil }
	session := func(t *testing.T, cfg login.Config) fetch.Authenticator {
		t.Helper()
		s, err := login.New(cfg, secrets, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	form := func(host string) login.Config {
		return login.Config{Kind: "form", Origin: "http://" + host, URL: "http://" + host + "/login", User: crawltest.N04User, Secret: crawltest.N04Password}
	}
	run := func(id string, configs []login.Config, check func(t *testing.T, web *crawltest.Web, c *fetch.Client, row crawltest.Row)) {
		t.Run(id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				row, ok := crawltest.HostileRow(id)
				if !ok {
					t.Fatal("no such row")
				}
				web := crawltest.NewInMemory(t)
				row.Install(web)
				var auth []fetch.Authenticator
				for _, cfg := range configs {
					auth = append(auth, session(t, cfg))
				}
				c := fetch.New(fetch.Options{Resolver: web, Dial: web.Dial, RootCAs: web.RootCAs(), Auth: auth})
				t.Cleanup(c.Close)
				check(t, web, c, row)
			})
		})
	}
	run("N04", []login.Config{
		{Kind: "basic", Origin: "http://basic.n04.test", User: crawltest.N04User, Secret: crawltest.N04Password},
		{Kind: "bearer", Origin: "http://bearer.n04.test", Secret: crawltest.N04Token},
		form("form.n04.test"), form("expiry.n04.test"),
	}, func(t *testing.T, web *crawltest.Web, c *fetch.Client, row crawltest.Row) {
		// 50 pages of each host, and what each links to at leak.n04.test.
		if got := walk(t, c, row.Seeds); got["200"] != 4*crawltest.N04Pages+4 || len(got) != 1 {
			t.Errorf("outcomes %v", got)
		}
		leaks := web.RequestsTo("leak.n04.test", "")
		for _, r := range leaks {
			if r.Header.Get("Authorization")+r.Header.Get("Cookie") != "" {
				t.Errorf("%s got %v", r.Target, r.Header)
			}
		}
		if len(leaks) != 4 {
			t.Errorf("%d requests to the other origin", len(leaks))
		}
		if n := web.Hits("expiry.n04.test", "/login"); n > 2*3 {
			t.Errorf("%d requests to log in", n)
		}
	})
	run("N05", []login.Config{form("n05.test")}, func(t *testing.T, web *crawltest.Web, c *fetch.Client, row crawltest.Row) {
		got := walk(t, c, row.Seeds)
		if got["200"] < crawltest.N04Pages || got["!refused"] != len(crawltest.N05Exits) {
			t.Errorf("outcomes %v", got)
		}
		for _, exit := range crawltest.N05Exits {
			if n := web.Hits("n05.test", exit); n != 0 {
				t.Errorf("%s: %d requests", exit, n)
			}
		}
	})
}
