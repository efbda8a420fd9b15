package login_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/login"
	"github.com/trawlsearch/trawl/weburl"
)

func parse(t testing.TB, s string) weburl.URL {
	t.Helper()
	u, err := weburl.Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return u
}

const password = "s3cret&pass word"

// secrets knows two references.
func secrets(ref string) (fetch.Secret, error) {
	switch ref {
	case "env:PW":
		return fetch.NewSecret(password), nil
	case "env:WRONG":
		return fetch.NewSecret("guess"), nil
	case "env:COOKIES":
		return fetch.NewSecret("a.test\tFALSE\t/\tFALSE\t0\tsid\ts3cret-cookie\n"), nil
	}
	return fetch.Secret{}, errors.New("unknown")
}

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

// TestFormLogin: row N04, a session that expires after 50 pages, seen by a
// redirect or by 401, with one worker or many.
func TestFormLogin(t *testing.T) {
	for _, by401 := range []bool{false, true} {
		for _, workers := range []int{1, 8} {
			t.Run(fmt.Sprintf("N04 form-login, 401 %v, %d workers", by401, workers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBench(t, formConfig(), 50)
					b.club.by401 = by401
					var wg sync.WaitGroup
					pages := make(chan int)
					for range workers {
						wg.Go(func() {
							for i := range pages {
								url := fmt.Sprintf("http://a.test/in/%d", i)
								r, err := b.client.Get(t.Context(), fetch.Request{URL: parse(t, url)})
								if err != nil || r.Status != 200 || !strings.Contains(string(r.Body), "members") {
									t.Errorf("%s: %v", url, err)
								}
								time.Sleep(time.Second)
							}
						})
					}
					for i := range 200 {
						pages <- i
					}
					close(pages)
					wg.Wait()
					// 200 pages and one after each log-in.
					if n := b.session.State().Logins; n < 4 || n > 6 {
						t.Errorf("%d log-ins", n)
					}
					if b.club.posts != b.session.State().Logins {
						t.Errorf("%d forms sent", b.club.posts)
					}
				})
			})
		}
	}
}

// TestBinding: nothing of a session goes to another origin, and none of it is
// kept.
func TestBinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := formConfig()
		cfg.Keep = []string{`/in/logout$`}
		b := newBench(t, cfg, 100)
		b.web.Site("b.test").Page("/*", crawltest.Page{HTML: "b"})
		b.web.Site("a.test").Redirect("/out", 302, "http://b.test/x")
		b.web.Site("a.test").Redirect("/out2", 307, "https://a.test/in/tls")
		r, got := b.get(t, "http://a.test/in/1")
		if got != "200" || r.RequestHeader.Get("Cookie") != fetch.Masked {
			t.Errorf("%s, %v", got, r.RequestHeader)
		}
		for _, url := range []string{"http://a.test/out", "http://a.test/out2"} {
			if _, hops, err := b.client.Follow(t.Context(), fetch.Request{URL: parse(t, url)}, nil); err != nil || len(hops) == 0 {
				t.Errorf("%s: %v", url, err)
			}
		}
		b.get(t, "http://b.test/y")
		b.client.Robots(t.Context(), parse(t, "http://b.test/"))
		for _, req := range append(b.web.RequestsTo("b.test", ""), b.web.RequestsTo("a.test", "/in/tls")...) {
			if req.Header.Get("Cookie")+req.Header.Get("Authorization") != "" {
				t.Errorf("%s%s got %v", req.Host, req.Target, req.Header)
			}
		}
		// N05: what logs out is not asked for, whoever asks.
		b.web.Site("a.test").Redirect("/leave", 302, "/logout")
		for _, url := range []string{"http://a.test/logout", "http://a.test/user/sign-out?x=1", "http://a.test/in/?action=logout", "http://a.test/in/5/delete"} {
			if _, got := b.get(t, url); got != "!refused" {
				t.Errorf("N05 %s: %s", url, got)
			}
		}
		if _, _, err := b.client.Follow(t.Context(), fetch.Request{URL: parse(t, "http://a.test/leave")}, nil); fetch.ClassOf(err) != fetch.ClassRefused {
			t.Errorf("N05 redirect: %v", err)
		}
		if n := b.web.Hits("a.test", "/logout"); n != 0 {
			t.Errorf("N05: %d requests", n)
		}
		if _, got := b.get(t, "http://a.test/in/logout"); got != "200" {
			t.Errorf("kept address: %s", got)
		}
	})
}

// TestRefused: a wrong password is not tried for ever, and a page that is not
// for this user does not end the session for others.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := formConfig()
		cfg.Secret = "env:WRONG"
		b := newBench(t, cfg, 100)
		for minute := range 300 {
			_, got := b.get(t, fmt.Sprintf("http://a.test/in/%d", minute))
			if got != "!needs-auth" {
				t.Fatal(got)
			}
			time.Sleep(time.Minute)
		}
		if st := b.session.State(); b.club.posts != 5 || !st.GivenUp || st.Logins != 0 || st.Err == nil {
			t.Errorf("%d attempts, %+v", b.club.posts, st)
		}
		if n := b.web.Hits("a.test", "/in/1"); n != 0 {
			t.Error("asked without a session")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, formConfig(), 1e6)
		for i := range 600 {
			if _, got := b.get(t, fmt.Sprintf("http://a.test/in/%d", i)); got != "200" {
				t.Fatalf("page %d: %s", i, got)
			}
			if _, got := b.get(t, fmt.Sprintf("http://a.test/admin/%d", i)); got != "!needs-auth" {
				t.Fatalf("page %d of others: %s", i, got)
			}
			time.Sleep(time.Second)
		}
		if n := b.club.posts; n < 4 || n > 8 { // in ten minutes
			t.Errorf("%d log-ins for pages that are not for us", n)
		}
	})
	synctest.Test(t, func(t *testing.T) { // faults of the server say nothing of the password
		b := newBench(t, formConfig(), 100)
		b.web.Site("a.test").Page("/login", crawltest.Page{Status: 503})
		for range 60 {
			_, got := b.get(t, "http://a.test/in/1")
			if got != "!needs-auth" {
				t.Fatal(got)
			}
			time.Sleep(time.Minute)
		}
		if n := b.web.Hits("a.test", "/login"); n < 8 || n > 16 || b.session.State().GivenUp {
			t.Errorf("%d attempts in an hour, %+v", n, b.session.State())
		}
		b.web.Site("a.test").HandleFunc("/login", b.club.form)
		time.Sleep(10 * time.Minute)
		if _, got := b.get(t, "http://a.test/in/1"); got != "200" {
			t.Error(got)
		}
	})
	synctest.Test(t, func(t *testing.T) { // the caller's end
		b := newBench(t, formConfig(), 100)
		b.web.Site("a.test").Page("/login", crawltest.Page{Delay: 5 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, err := b.client.Get(ctx, fetch.Request{URL: parse(t, "http://a.test/in/1")})
				if fetch.ClassOf(err) != fetch.ClassTimeout {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if st := b.session.State(); st.Failures != 0 || !st.RetryAt.IsZero() {
			t.Errorf("%+v", st)
		}
	})
}

// TestForms: pages with forms that should and should not be filled in.
func TestForms(t *testing.T) {
	const user, pass = `<input name=u>`, `<input type=password name=p>`
	check := func(name string, change func(*login.Config), page, after, want, posted string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			cfg := formConfig()
			if change != nil {
				change(&cfg)
			}
			b := newBench(t, cfg, 100)
			got := ""
			take := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.ParseForm(); r.Method == http.MethodPost {
					got = strings.ReplaceAll(r.PostForm.Encode(), "s3cret%26pass+word", "PW")
					http.SetCookie(w, &http.Cookie{Name: "sid", Value: "x"})
					w.Write([]byte(after))
					return
				}
				w.Write([]byte(page))
			})
			b.web.Site("a.test").Handle("/login", take)
			b.web.Site("a.test").Handle("/do", take)
			b.web.Site("evil.test").Handle("/do", take)
			b.web.Site("a.test").Page("/p", crawltest.Page{HTML: "p"})
			if _, have := b.get(t, "http://a.test/p"); have != want || got != posted {
				t.Errorf("%s: %s, sent %q; want %s, %q (%v)", name, have, got, want, posted, b.session.State().Err)
			}
		})
	}
	check("plain", nil, "<form method=post>"+user+pass+"</form>", "welcome", "200", "p=PW&u=me%40x.test")
	check("action", nil, `<base href="/x/"><form method=post action="../do">`+user+pass, "welcome", "200", "p=PW&u=me%40x.test")
	check("no form", nil, "<p>hello", "", "!needs-auth", "")
	check("GET", nil, "<form>"+user+pass+"</form>", "", "!needs-auth", "")
	check("to another origin", nil, "<form method=post action=http://evil.test/do>"+user+pass+"</form>", "", "!needs-auth", "")
	check("to a trusted origin", func(c *login.Config) { c.Origins = []string{"http://evil.test"} }, "<form method=post action=http://evil.test/do>"+user+pass+"</form>", "welcome", "200", "p=PW&u=me%40x.test")
	check("to nowhere", nil, "<form method=post action=javascript:x>"+user+pass+"</form>", "", "!needs-auth", "")
	check("by name", func(c *login.Config) { c.Form = "in" }, "<form method=post id=up>"+user+"<input type=password name=new></form><form method=post name=in>"+user+pass+"</form>", "welcome", "200", "p=PW&u=me%40x.test")
	check("fields", func(c *login.Config) { c.Fields = map[string]string{"realm": "x", "u": "over"} }, "<form method=post>"+user+pass+"</form>", "welcome", "200", "p=PW&realm=x&u=over")
	check("named fields", func(c *login.Config) { c.UserField, c.PasswordField = "user", "pass" }, "<form method=post>"+user+pass+"</form>", "welcome", "200", "p=&pass=PW&u=&user=me%40x.test")
	check("password only", func(c *login.Config) { c.User = "" }, "<form method=post><input type=password name=p></form>", "welcome", "200", "p=PW")
	check("no field for the user", nil, "<form method=post><input type=password name=p></form>", "welcome", "!needs-auth", "")
	check("disabled and files", nil, "<form method=post><input name=x disabled><input type=file name=f><input type=button name=b>"+user+pass+"<textarea name=t>a&amp;b</textarea></form>", "welcome", "200", "p=PW&t=a%26b&u=me%40x.test")
	check("form again", nil, "<form method=post>"+user+pass+"</form>", "<form method=post>"+user+pass+"</form>", "!needs-auth", "p=PW&u=me%40x.test")
	success := func(s login.Success) func(*login.Config) { return func(c *login.Config) { c.Success = s } }
	for _, c := range []struct {
		s    login.Success
		want string
	}{
		{login.Success{Match: "welc.me"}, "200"}, {login.Success{Match: "hello"}, "!needs-auth"}, {login.Success{NoMatch: "welcome"}, "!needs-auth"},
		{login.Success{Cookie: "sid"}, "200"}, {login.Success{Cookie: "other"}, "!needs-auth"}, {login.Success{Status: 200, NoForm: true}, "200"},
		{login.Success{Status: 204}, "!needs-auth"},
	} {
		check(fmt.Sprintf("%+v", c.s), success(c.s), "<form method=post>"+user+pass+"</form>", "welcome", c.want, "p=PW&u=me%40x.test")
	}
	check("many forms", nil, strings.Repeat("<form method=post></form>", 1000)+"<form method=post>"+user+pass+"</form>", "", "!needs-auth", "")
	check("nested", nil, strings.Repeat("<div>", 10000)+"<form method=post><form>"+user+pass+"</form>", "welcome", "200", "p=PW&u=me%40x.test")
}

// TestExpired: an end of the session that only the configuration knows.
func TestExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := formConfig()
		cfg.Expired = "(?i)please sign in|/sso/"
		b := newBench(t, cfg, 1000)
		n := 0
		b.web.Site("a.test").HandleFunc("/soft/*", func(w http.ResponseWriter, r *http.Request) {
			switch n++; {
			case n == 5:
				w.Write([]byte("Please sign in to go on"))
			case n == 10:
				http.Redirect(w, r, "/sso/start", http.StatusFound)
			default:
				w.Write([]byte("fine"))
			}
		})
		for i := range 20 {
			if r, got := b.get(t, fmt.Sprintf("http://a.test/soft/%d", i)); got != "200" || string(r.Body) != "fine" {
				t.Errorf("%d: %s", i, got)
			}
		}
		if b.club.posts != 3 {
			t.Errorf("%d log-ins", b.club.posts)
		}
	})
}

// TestFields: rows N04 basic, bearer, and the other kinds without a session.
func TestFields(t *testing.T) {
	for _, c := range []struct {
		cfg         login.Config
		field, want string
	}{
		{login.Config{Kind: "basic", User: "me", Secret: "env:PW"}, "Authorization", "Basic bWU6czNjcmV0JnBhc3Mgd29yZA=="},
		{login.Config{Kind: "bearer", Secret: "env:PW"}, "Authorization", "Bearer " + password},
		{login.Config{Kind: "header", Header: "X-Api-Key", Secret: "env:PW"}, "X-Api-Key", password},
		{login.Config{Kind: "cookies", Secret: "env:COOKIES"}, "Cookie", "sid=s3cret-cookie"},
	} {
		t.Run("N04 "+c.cfg.Kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.cfg.Origin = "http://a.test"
				c.cfg.Origins = []string{"http://c.test:8080"}
				b := newBench(t, c.cfg, 0)
				for _, host := range []string{"a.test", "b.test", "c.test"} {
					b.web.Site(host).HandleFunc("/*", func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("WWW-Authenticate", "Basic realm=x")
						w.Header().Set("Set-Cookie", "new=s3cret-value; Path=/")
						w.WriteHeader(map[bool]int{true: 200, false: 401}[r.Header.Get(c.field) == c.want])
					})
				}
				for url, want := range map[string]string{
					"http://a.test/1": "200", "http://c.test:8080/": "200",
					"https://a.test/": "401", "http://b.test/": "401", "http://a.test:8080/": "401", "http://c.test/": "401",
				} {
					if c.cfg.Kind == "cookies" && strings.Contains(url, "c.test") {
						want = "401" // the cookies are of a.test
					}
					r, err := b.client.Get(t.Context(), fetch.Request{URL: parse(t, url)})
					if err != nil || fmt.Sprint(r.Status) != want {
						t.Errorf("%s: %v, want %s", url, err, want)
						continue
					}
					if want == "200" && (r.RequestHeader.Get(c.field) != fetch.Masked || r.Header.Get("Set-Cookie") != "new=***; Path=/") {
						t.Errorf("kept: %v, %v", r.RequestHeader, r.Header)
					}
				}
				if _, got := b.get(t, "http://a.test/logout"); got != "!refused" {
					t.Error(got)
				}
				if (b.session.State() != login.State{}) {
					t.Errorf("%+v", b.session.State())
				}
			})
		})
	}
}

// TestOAuth: tokens that end, that are withdrawn, and that are not given.
func TestOAuth(t *testing.T) {
	for _, body := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, login.Config{
				Kind: "oauth2", Origin: "http://a.test", URL: "https://id.test/token", User: "client id", Secret: "env:PW", AuthBody: body,
				Scopes: []string{"read", "list"}, Fields: map[string]string{"audience": "a"},
			}, 0)
			var mu sync.Mutex
			issued, valid, life := 0, "", `3600`
			b.web.Site("id.test").HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				r.ParseForm()
				id, pw, _ := r.BasicAuth()
				want := "client+id s3cret%26pass+word"
				if body {
					id, pw, want = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret"), "client id "+password
				}
				if id+" "+pw != want || r.PostForm.Get("grant_type") != "client_credentials" || r.PostForm.Get("scope") != "read list" || r.PostForm.Get("audience") != "a" {
					w.WriteHeader(400)
					fmt.Fprint(w, `{"error":"invalid_client"}`)
					return
				}
				issued++
				valid = fmt.Sprint("s3cret", issued)
				fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":%s}`, valid, life)
			})
			b.web.Site("a.test").HandleFunc("/*", func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				if r.Header.Get("Authorization") != "Bearer "+valid {
					w.WriteHeader(401)
				}
			})
			check := func(want string, tokens int) {
				t.Helper()
				var wg sync.WaitGroup
				for range 8 {
					wg.Go(func() {
						r, err := b.client.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/x")})
						if got := fmt.Sprint(r.Status); err != nil || got != want {
							t.Errorf("%s (%v), want %s", got, err, want)
						}
					})
				}
				wg.Wait()
				if issued != tokens {
					t.Errorf("%d tokens, want %d", issued, tokens)
				}
			}
			check("200", 1)
			time.Sleep(time.Hour - time.Minute)
			check("200", 1)
			time.Sleep(45 * time.Second) // a quarter of a minute before its end
			check("200", 2)
			mu.Lock()
			valid = "withdrawn"
			mu.Unlock()
			time.Sleep(time.Second)
			check("200", 3)
			life = `"60"`
			time.Sleep(time.Hour)
			check("200", 4)
			time.Sleep(54 * time.Second)
			check("200", 5)
		})
	}
	for name, answer := range map[string]string{
		"no json": "<html>", "no token": `{"token_type":"bearer"}`, "another type": `{"access_token":"s3cret","token_type":"mac"}`,
		"line break": `{"access_token":"s3cret\r\nX: y"}`, "too large": `{"access_token":"s3cret","x":"` + strings.Repeat("x", 65<<10) + `"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, login.Config{Kind: "oauth2", Origin: "http://a.test", URL: "https://id.test/token", User: "c", Secret: "env:PW"}, 0)
			b.web.Site("id.test").Page("/token", crawltest.Page{HTML: answer})
			if _, got := b.get(t, "http://a.test/x"); got != "!needs-auth" {
				t.Errorf("%s: %s", name, got)
			}
			var lerr *login.Error
			if _, err := b.client.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/x")}); !errors.As(err, &lerr) || time.Until(lerr.RetryAt) != time.Minute {
				t.Errorf("%s: %v", name, err)
			}
			if n := b.web.Hits("id.test", "/token"); n != 1 {
				t.Errorf("%s: %d requests", name, n)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // a refused token is not renewed for ever
		b := newBench(t, login.Config{Kind: "oauth2", Origin: "http://a.test", URL: "http://a.test/token", User: "c", Secret: "env:PW"}, 0)
		b.web.Site("a.test").Page("/token", crawltest.Page{HTML: `{"access_token":"x"}`})
		b.web.Site("a.test").Page("/p", crawltest.Page{Status: 401})
		for range 100 {
			if _, got := b.get(t, "http://a.test/p"); got != "!needs-auth" {
				t.Error(got)
			}
			time.Sleep(time.Minute)
		}
		if n := b.web.Hits("a.test", "/token"); n > 8 {
			t.Errorf("%d tokens", n)
		}
	})
}

// TestNew: configurations that cannot work are refused, without their secrets.
func TestNew(t *testing.T) {
	for _, c := range []login.Config{
		{}, {Kind: "basic", Origin: "a.test", Secret: "env:PW"}, {Kind: "basic", Origin: "http://a.test/path", Secret: "env:PW"},
		{Kind: "basic", Origin: "http://a.test"}, {Kind: "basic", Origin: "http://a.test", Secret: "env:NONE"}, {Kind: "magic", Origin: "http://a.test", Secret: "env:PW"},
		{Kind: "header", Origin: "http://a.test", Secret: "env:PW"}, {Kind: "header", Header: "Host", Origin: "http://a.test", Secret: "env:PW"},
		{Kind: "header", Header: "X:", Origin: "http://a.test", Secret: "env:PW"}, {Kind: "cookies", Origin: "http://a.test", Secret: "env:PW"},
		{Kind: "form", Origin: "http://a.test", Secret: "env:PW"}, {Kind: "form", URL: "/login", Origin: "http://a.test", Secret: "env:PW"},
		{Kind: "form", URL: "http://a.test/login", Origin: "http://a.test", Secret: "env:PW", Expired: "("}, {Kind: "oauth2", Origin: "http://a.test", Secret: "env:PW"},
		{Kind: "basic", Origin: "http://a.test", Secret: "env:PW", Logout: []string{"("}}, {Kind: "basic", Origin: "http://a.test", Secret: "env:PW", Keep: []string{"("}},
		{Kind: "form", URL: "http://a.test/login", Origin: "http://a.test", Secret: "env:PW", Success: login.Success{Match: "("}},
	} {
		if s, err := login.New(c, secrets, nil); err == nil || s != nil || strings.Contains(err.Error(), password) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := login.New(formConfig(), nil, nil); err == nil {
		t.Error("no store of secrets")
	}
	b, err := json.Marshal(formConfig())
	if err != nil || !strings.Contains(string(b), `"password":"env:PW"`) {
		t.Errorf("%s, %v", b, err)
	}
}
