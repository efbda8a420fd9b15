package login_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/login"
)

// A club is a site whose members' pages want a session, which a form gives. A
// session holds for max pages. The form carries a token that must come back with
// the cookie that it was given with.
type club struct {
	max int

	mu       sync.Mutex
	n        int
	sessions map[string]int // pages left
	tokens   map[string]string
	posts    int
	by401    bool
	deaf     bool // takes no log-in for good
}

func (c *club) mount(s *crawltest.Site) {
	s.HandleFunc("/login", c.form)
	s.HandleFunc("/in/*", c.page)
	s.HandleFunc("/admin/*", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login?next=x", http.StatusFound) })
	s.HandleFunc("/logout", func(w http.ResponseWriter, r *http.Request) {})
}

func (c *club) form(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	if r.Method == http.MethodGet {
		pre, token := fmt.Sprint("pre", c.n), fmt.Sprint("tok<", c.n)
		c.tokens[pre] = token
		http.SetCookie(w, &http.Cookie{Name: "pre", Value: pre, Path: "/login", HttpOnly: true})
		fmt.Fprintf(w, `<form action=/search><input name=q><button>go</button></form>
			<table><form method=POST action="?step=2"><tr><td><input type=hidden name=csrf value="tok&lt;%d"><input type=radio name=r value=1><input type=radio name=r value=2 checked>
			<input type=email name=mail><input type=password name=pw><select name=lang><option value=de><option value=en selected></select>
			<input type=checkbox name=keep checked><input type=submit name=go value=Go><input type=submit name=forgot value=Forgot></form></table>`, c.n)
		return
	}
	c.posts++
	r.ParseForm()
	pre, _ := r.Cookie("pre")
	f := r.PostForm
	want := "csrf=" + f.Get("csrf") + " go=Go keep=on lang=en mail=me@x.test r=2 "
	got := ""
	for _, k := range []string{"csrf", "forgot", "go", "keep", "lang", "mail", "r"} {
		if f.Has(k) {
			got += k + "=" + f.Get(k) + " "
		}
	}
	origin := "http://" + r.Host
	if pre == nil || c.tokens[pre.Value] == "" || f.Get("csrf") != c.tokens[pre.Value] || got != want || f.Get("pw") != password || c.deaf ||
		r.Header.Get("Origin") != origin || r.Header.Get("Referer") != origin+"/login" {
		w.Write([]byte("<form method=post><input type=password name=pw></form> wrong"))
		return
	}
	delete(c.tokens, pre.Value)
	sid := fmt.Sprint("session", c.n)
	c.sessions[sid] = c.max
	http.SetCookie(w, &http.Cookie{Name: "sid", Value: sid, Path: "/"})
	http.Redirect(w, r, "/in/home", http.StatusFound)
}

func (c *club) page(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sid, _ := r.Cookie("sid")
	if sid == nil || c.sessions[sid.Value] <= 0 {
		http.SetCookie(w, &http.Cookie{Name: "sid", Path: "/", MaxAge: -1})
		if c.by401 {
			w.WriteHeader(401)
		} else {
			http.Redirect(w, r, "/login?next="+r.URL.Path, http.StatusFound)
		}
		return
	}
	c.sessions[sid.Value]--
	fmt.Fprintf(w, "members' page %s", r.URL.Path)
}

func newClub(max int) *club {
	return &club{max: max, sessions: map[string]int{}, tokens: map[string]string{}}
}

func formConfig() login.Config {
	return login.Config{Kind: "form", Origin: "http://a.test", URL: "http://a.test/login", User: "me@x.test", Secret: "env:PW"}
}

type bench struct {
	web     *crawltest.Web
	club    *club
	session *login.Session
	client  *fetch.Client
	log     bytes.Buffer
}

func newBench(t testing.TB, cfg login.Config, max int) *bench {
	t.Helper()
	b := &bench{web: crawltest.NewInMemory(t), club: newClub(max)}
	b.club.mount(b.web.Site("a.test"))
	log := slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if b.session, err = login.New(cfg, secrets, log); err != nil {
		t.Fatal(err)
	}
	b.client = fetch.New(fetch.Options{
		Resolver: b.web, Dial: b.web.Dial, RootCAs: b.web.RootCAs(), Log: log, Auth: []fetch.Authenticator{b.session},
	})
	t.Cleanup(b.client.Close)
	return b
}

func (b *bench) get(t testing.TB, url string) (*fetch.Response, string) {
	t.Helper()
	r, err := b.client.Get(t.Context(), fetch.Request{URL: parse(t, url)})
	got := "!" + string(fetch.ClassOf(err))
	if err == nil {
		got = fmt.Sprint(r.Status)
	}
	for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", r), fmt.Sprintf("%#v", b.session), b.log.String()} {
		for _, secret := range []string{password, "s3cret", "sid=session", "guess"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %q stands in %.300s", url, secret, text)
			}
		}
	}
	return r, got
}
