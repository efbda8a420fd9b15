package crawltest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// What opens the hosts of N04 and N05. Each has 50 pages; all link to
// leak.n04.test, which must never see any of it.
const (
	N04User     = "crawler"
	N04Password = "open sesame"
	N04Token    = "t0ken-0f-n04"
	N04Session  = 50 // requests that a session of expiry.n04.test is good for
	N04Pages    = 50 // of each host
)

func installN04(w *Web) {
	leak := w.Site("leak.n04.test").Mount(prosePage(40))
	leak.Page("/robots.txt", Page{Status: 404}).Page("/sitemap.xml", Page{Status: 404})
	basic := func(r *http.Request) bool {
		u, p, ok := r.BasicAuth()
		return ok && u == N04User && p == N04Password
	}
	bearer := func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+N04Token }
	challenge := func(kind string) http.Handler {
		return Page{Status: http.StatusUnauthorized, Header: http.Header{"WWW-Authenticate": {kind + ` realm="n04"`}}}
	}
	behind(w.Site("basic.n04.test"), basic, challenge("Basic"))
	behind(w.Site("bearer.n04.test"), bearer, challenge("Bearer"))
	toLogin := Page{Status: http.StatusFound, Header: http.Header{"Location": {"/login"}}}
	form := &sessions{good: map[string]int{}, uses: 1 << 30}
	behind(w.Site("form.n04.test").Handle("/login", form), form.known, toLogin)
	expiry := &sessions{good: map[string]int{}, uses: N04Session}
	behind(w.Site("expiry.n04.test").Handle("/login", expiry), expiry.known, toLogin)
}

// behind puts a star of pages behind a door.
func behind(s *Site, open func(*http.Request) bool, closed http.Handler) {
	paths := append(numbers("/n/page", N04Pages-1), "/")
	links := append(numbers("/n/page", N04Pages-1), "http://leak.n04.test/from-"+strings.SplitN(s.host, ".", 2)[0])
	for i, p := range paths {
		page := prosePage(uint64(i)+hashed(s.host), links...)
		s.HandleFunc(p, func(rw http.ResponseWriter, r *http.Request) {
			if !open(r) {
				closed.ServeHTTP(rw, r)
				return
			}
			page.ServeHTTP(rw, r)
		})
	}
}

// sessions is a login form with a CSRF token, and what it gives.
type sessions struct {
	mu   sync.Mutex
	n    int
	good map[string]int // uses left
	csrf map[string]bool
	uses int
	over bool
}

// end ends all sessions, for good.
func (s *sessions) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.good)
	s.over = true
}

func (s *sessions) known(r *http.Request) bool {
	c, err := r.Cookie("session")
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.good[c.Value] <= 0 {
		return false
	}
	s.good[c.Value]--
	return true
}

func (s *sessions) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	if s.csrf == nil {
		s.csrf = map[string]bool{}
	}
	if r.Method != http.MethodPost {
		token := fmt.Sprintf("csrf-%d", s.n)
		s.csrf[token] = true
		http.SetCookie(rw, &http.Cookie{Name: "csrf", Value: token, Path: "/"})
		Page{HTML: `<title>Log in</title><form id=login method=post action=/login><input type=hidden name=token value="` + token +
			`"><input name=username><input type=password name=password><input type=submit value=Go></form>`}.ServeHTTP(rw, r)
		return
	}
	token := r.PostFormValue("token")
	cookie, err := r.Cookie("csrf")
	if s.over || err != nil || cookie.Value != token || !s.csrf[token] || r.PostFormValue("username") != N04User || r.PostFormValue("password") != N04Password {
		Page{Status: http.StatusForbidden, Title: "No"}.ServeHTTP(rw, r)
		return
	}
	delete(s.csrf, token)
	session := fmt.Sprintf("session-%d", s.n)
	s.good[session] = s.uses
	http.SetCookie(rw, &http.Cookie{Name: "session", Value: session, Path: "/"})
	rw.Header().Set("Location", "/")
	rw.WriteHeader(http.StatusFound)
}

// N05Exits are the links of n05.test that must not be asked for by whoever is
// logged in.
var N05Exits = []string{"/logout", "/account/signout", "/n/delete?id=7", "/log-out", "/sign_out"}

// installN05 is behind a form as N04's; an exit ends every session, and no new one
// is given: who was there has no way back.
func installN05(w *Web) {
	s := w.Site("n05.test")
	form := &sessions{good: map[string]int{}, uses: 1 << 30}
	toLogin := Page{Status: http.StatusFound, Header: http.Header{"Location": {"/login"}}}
	behind(s.Handle("/login", form), form.known, toLogin)
	front := prosePage(5, append(append([]string{}, N05Exits...), numbers("/n/page", N04Pages-1)...)...)
	s.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		if !form.known(r) {
			toLogin.ServeHTTP(rw, r)
			return
		}
		front.ServeHTTP(rw, r)
	})
	for _, p := range N05Exits {
		path, _, _ := strings.Cut(p, "?")
		s.HandleFunc(path, func(rw http.ResponseWriter, r *http.Request) {
			form.end()
			prosePage(6).ServeHTTP(rw, r)
		})
	}
}
