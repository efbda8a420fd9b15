package login_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

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
