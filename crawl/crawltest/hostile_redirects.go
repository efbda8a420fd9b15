package crawltest

import (
	"fmt"
	"net/http"
)

// D: redirects that lead astray.

func redirectRows() []Row {
	return []Row{
		{ID: "D01", Behaviour: "two addresses that redirect to each other", Seeds: []string{"http://d01.test/d/loop-a"}, Install: func(w *Web) {
			w.Site("d01.test").Redirect("/d/loop-a", 302, "/d/loop-b").Redirect("/d/loop-b", 302, "/d/loop-a")
		}},
		{ID: "D02", Behaviour: "a chain of 25 redirects", Seeds: []string{"http://d02.test/d/chain/0"}, Install: func(w *Web) {
			s := w.Site("d02.test")
			for i := range 25 {
				s.Redirect(fmt.Sprint("/d/chain/", i), 301, fmt.Sprint("/d/chain/", i+1))
			}
			s.Page("/d/chain/25", prosePage(1))
		}},
		{ID: "D03", Behaviour: "a redirect to a longer address, for ever", Seeds: []string{"http://d03.test/d/grow"}, Install: func(w *Web) {
			w.Site("d03.test").HandleFunc("/d/grow*", func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Location", fmt.Sprintf("%s/x%d", r.URL.Path, len(r.URL.Path)))
				rw.WriteHeader(http.StatusFound)
			})
		}},
		{ID: "D04", Behaviour: "a redirect to itself until a cookie comes back", Seeds: []string{"http://d04.test/d/self-cookie"}, Install: func(w *Web) {
			w.Site("d04.test").HandleFunc("/d/self-cookie", func(rw http.ResponseWriter, r *http.Request) {
				if _, err := r.Cookie("seen"); err != nil {
					http.SetCookie(rw, &http.Cookie{Name: "seen", Value: "1", Path: "/"})
					rw.Header().Set("Location", r.URL.Path)
					rw.WriteHeader(http.StatusFound)
					return
				}
				prosePage(4).ServeHTTP(rw, r)
			})
		}},
		{ID: "D05", Behaviour: "redirects without an address, or to none", Seeds: []string{"http://d05.test/d/no-location", "http://d05.test/d/bad-location"}, Install: func(w *Web) {
			w.Site("d05.test").Page("/d/no-location", Page{Status: http.StatusFound}).Redirect("/d/bad-location", 302, "http://[bad")
		}},
		{ID: "D06", Behaviour: "a relative Location with a fragment", Seeds: []string{"http://d06.test/d/relative", "http://d06.test/d/relative2"}, Install: func(w *Web) {
			w.Site("d06.test").Redirect("/d/relative", 302, "../x?y#frag").Redirect("/d/relative2", 302, "../x?y#other").Page("/x", prosePage(6))
		}},
		{ID: "D07", Behaviour: "refresh by meta element and by header, at once and later", Seeds: []string{"http://d07.test/d/meta", "http://d07.test/d/later", "http://d07.test/d/header"}, Install: func(w *Web) {
			w.Site("d07.test").
				Page("/d/meta", Page{HTML: `<title>Moved</title><meta http-equiv=refresh content="0;url=/d/m2"><p>` + Prose(1, 30)}).
				Page("/d/later", Page{HTML: `<title>Later</title><meta http-equiv=refresh content="30;url=/d/m3"><p>` + Prose(2, 30)}).
				Page("/d/header", Page{HTML: `<title>Header</title><p>` + Prose(3, 30), Header: http.Header{"Refresh": {"0; url=/d/m4"}}}).
				Page("/d/m2", prosePage(12)).Page("/d/m3", prosePage(13)).Page("/d/m4", prosePage(14))
		}},
		{ID: "D08", Behaviour: "redirects to file:, ftp:, javascript: and data:", Seeds: []string{"http://d08.test/d/scheme1", "http://d08.test/d/scheme2", "http://d08.test/d/scheme3", "http://d08.test/d/scheme4"}, Install: func(w *Web) {
			w.Canary()
			w.Site("d08.test").Redirect("/d/scheme1", 302, "file:///etc/passwd").Redirect("/d/scheme2", 302, "ftp://127.0.0.1/x").
				Redirect("/d/scheme3", 302, "javascript:alert(1)").Redirect("/d/scheme4", 302, "data:text/html,secret")
		}},
		{ID: "D09", Behaviour: "a permanent redirect, crawled twice", Seeds: []string{"http://d09.test/d/301-perm"}, Install: func(w *Web) {
			w.Site("d09.test").Redirect("/d/301-perm", 301, "/d/final").Page("/d/final", prosePage(9))
		}},
	}
}
