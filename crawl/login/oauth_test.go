package login_test

import (
	"errors"
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
