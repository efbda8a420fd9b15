package crawltest

import (
	"fmt"
	"net/http"
	"net/netip"
)

// S: what lures a crawler to the services of its own machine and network. The
// canary of the web counts whoever comes.

func privateRows() []Row {
	return []Row{
		{ID: "S01", Behaviour: "links to private addresses", Seeds: seed("s01.test"), Install: func(w *Web) {
			port := w.Canary().Port()
			w.Site("s01.test").star("/ok").Page("/", Page{Title: "Lures", Text: Prose(1, 40), Links: []string{
				"/ok", "http://127.0.0.1:" + port + "/secret", "http://[::1]/", "http://0.0.0.0/", "http://169.254.169.254/",
				"http://10.0.0.1", "http://[::ffff:127.0.0.1]/",
			}})
		}},
		{ID: "S02", Behaviour: "links to 127.0.0.1 in other spellings", Seeds: seed("s02.test"), Install: func(w *Web) {
			w.Canary()
			w.Site("s02.test").star("/ok").Page("/", Page{Title: "Lures", Text: Prose(1, 40), Links: []string{
				"/ok", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/",
			}})
		}},
		{ID: "S03", Behaviour: "a name that is public once, and then 127.0.0.1", Seeds: seed("rebind.test"), Install: func(w *Web) {
			w.Canary()
			s := w.Site("rebind.test")
			public := s.addresses()
			s.SetLookup(func(n int) ([]netip.Addr, error) {
				if n == 0 {
					return public, nil
				}
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			})
			for i, p := range append(numbers("/page", 5), "/") {
				page := prosePage(uint64(i), numbers("/page", 5)...)
				page.Header = http.Header{"Connection": {"close"}} // so that the name is looked up again
				s.Page(p, page)
			}
		}},
		{ID: "S04", Behaviour: "a redirect to 127.0.0.1", Seeds: []string{"http://s04.test/s/redirect-private"}, Install: func(w *Web) {
			w.Site("s04.test").Redirect("/s/redirect-private", 302, "http://"+w.Canary().Addr()+"/secret")
		}},
		{ID: "S05", Behaviour: "a sitemap that lists files and other hosts", Seeds: seed("s05.test"), Install: func(w *Web) {
			w.Site("s05.test").star("/ok").Sitemap("/sitemap.xml", "http://s05.test/listed", "file:///etc/passwd", "http://s05else.test/x", "http://"+w.Canary().Addr()+"/secret").
				Page("/listed", prosePage(3))
			w.Site("s05else.test").Page("/x", prosePage(4))
		}},
		{ID: "S06", Behaviour: "credentials in addresses", Seeds: seed("s06.test"), Install: func(w *Web) {
			w.Site("s06.test").Page("/", Page{Title: "Front", Text: Prose(1, 40), Links: []string{
				"http://user:pass@s06.test/x@evil/", "http://s06.test/x@evil/", "http://other@s06.test/x@evil/",
			}}).Page("/x@evil/", prosePage(2)).
				Redirect("/go", 302, fmt.Sprintf("http://user:pass@%s/x@evil/", "s06.test"))
		}},
	}
}
