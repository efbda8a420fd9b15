package login_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/login"
)

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
