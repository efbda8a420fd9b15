package fetch_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
)

func TestJar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		check := func(from, line, to, want string) {
			t.Helper()
			var j fetch.Jar
			j.Set(parse(t, from), http.Header{"Set-Cookie": {line}})
			if got := j.Cookies(parse(t, to)); got != want {
				t.Errorf("%s set %q; to %s goes %q, want %q", from, line, to, got, want)
			}
		}
		check("http://a.test/", "n=v", "http://a.test/x/y", "n=v")
		check("http://a.test/x/y", "n=v", "http://a.test/x/", "n=v")
		check("http://a.test/x/y", "n=v", "http://a.test/x", "n=v")
		check("http://a.test/x/y", "n=v", "http://a.test/xy", "")
		check("http://a.test/x/y", "n=v; Path=/", "http://a.test/xy", "n=v")
		check("http://a.test/", "n=v; Path=/x/", "http://a.test/x", "")
		check("http://a.test/", "n=v", "http://b.a.test/", "")
		check("http://a.test/", "n=v; Domain=a.test", "http://b.a.test/", "n=v")
		check("http://b.a.test/", "n=v; Domain=.A.test", "http://c.a.test:81/", "n=v")
		check("http://b.a.test/", "n=v; Domain=c.a.test", "http://c.a.test/", "")
		check("http://xa.test/", "n=v; Domain=a.test", "http://a.test/", "")
		check("http://a.test/", "n=v; Domain=test", "http://b.test/", "")
		check("http://a.co.uk/", "n=v; Domain=co.uk", "http://b.co.uk/", "")
		check("http://a.github.io/", "n=v; Domain=github.io", "http://b.github.io/", "")
		check("http://a.github.io/", "n=v; Domain=github.io", "http://a.github.io/", "")
		check("http://github.io/", "n=v; Domain=github.io", "http://github.io/", "n=v")
		check("http://github.io/", "n=v; Domain=github.io", "http://b.github.io/", "")
		check("http://1.2.3.4/", "n=v; Domain=2.3.4", "http://1.2.3.4/", "")
		check("http://1.2.3.4/", "n=v; Domain=1.2.3.4", "http://1.2.3.4/", "n=v")
		check("http://1.2.3.4/", "n=v; Domain=3.4", "http://9.9.3.4/", "")
		check("https://a.test/", "n=v; Secure", "http://a.test/", "")
		check("https://a.test/", "n=v; Secure", "https://a.test/", "n=v")
		check("http://a.test/", "n=v; Secure", "https://a.test/", "")
		check("https://a.test/", "__Host-n=v; Secure; Path=/", "https://a.test/", "__Host-n=v")
		check("https://a.test/", "__Host-n=v; Secure; Path=/; Domain=a.test", "https://a.test/", "")
		check("https://a.test/", "__Secure-n=v", "https://a.test/", "")
		check("http://a.test/", "n=v; Max-Age=0", "http://a.test/", "")
		check("http://a.test/", "n=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://a.test/", "")
		check("http://a.test/", `n="a b"; HttpOnly; SameSite=Strict`, "http://a.test/", `n="a b"`)
		check("http://a.test/", "novalue", "http://a.test/", "")
		check("http://a.test/", "n="+strings.Repeat("x", 5000), "http://a.test/", "")

		var j fetch.Jar
		u := parse(t, "http://a.test/x/")
		set := func(lines ...string) { j.Set(u, http.Header{"Set-Cookie": lines}) }
		set("a=1; Path=/", "b=2; Max-Age=60", "c=3; Path=/x/y")
		set("a=4; Path=/", "d=5")
		if got := j.Cookies(parse(t, "http://a.test/x/y")); got != "c=3; b=2; d=5; a=4" {
			t.Error(got)
		}
		if v, ok := j.Value(u, "a"); !ok || v != "4" {
			t.Error(v)
		}
		time.Sleep(time.Minute)
		set("a=; Path=/; Max-Age=-1")
		if got := j.Cookies(u); got != "d=5" {
			t.Error(got)
		}
		j.Set(parse(t, "https://a.test/x/"), http.Header{"Set-Cookie": {"d=safe; Secure"}})
		set("d=forged")
		if got := j.Cookies(parse(t, "https://a.test/x/")); got != "d=safe" {
			t.Error(got)
		}
		for i := range 1000 {
			set(fmt.Sprintf("n%d=%s", i, strings.Repeat("x", 4000)))
		}
		if j.Len() != 300 {
			t.Errorf("%d cookies kept", j.Len())
		}
		j.Clear()
		many := make([]string, 200)
		for i := range many {
			many[i] = fmt.Sprintf("m%d=1", i)
		}
		set(many...)
		if j.Len() != 50 {
			t.Errorf("%d cookies of one answer", j.Len())
		}
	})
}

func TestImport(t *testing.T) {
	check := func(data, to, want string, n int) {
		t.Helper()
		var j fetch.Jar
		got, err := j.Import([]byte(data))
		if err != nil {
			if strings.Contains(err.Error(), "hunter") {
				t.Errorf("told: %v", err)
			}
			got = -1
		}
		if have := j.Cookies(parse(t, to)); got != n || have != want {
			t.Errorf("%.60q: %d, %q (%v); want %d, %q", data, got, have, err, n, want)
		}
	}
	const file = "# Netscape HTTP Cookie File\n\n.a.test\tTRUE\t/\tFALSE\t4102444800\tone\t1\n#HttpOnly_a.test\tFALSE\t/\tTRUE\t0\ttwo\t2\r\nb.test\tFALSE\t/\tFALSE\t1\told\tx\n.co.uk\tTRUE\t/\tFALSE\t0\twide\tx\na.test\tFALSE\t/x\tFALSE\t0\tthree\t\n"
	check(file, "https://a.test/x", "three=; one=1; two=2", 3)
	check("\ufeff"+file, "http://w.a.test/", "one=1", 3)
	check("a.test\tFALSE\t/\tFALSE\t0\thunter2\n", "http://a.test/", "hunter2=", 1)
	check("a.test\tFALSE\t/\thunter2\n", "http://a.test/", "", -1)
	check("a.test\tFALSE\t/\tFALSE\thunter2\tn\tv\n", "http://a.test/", "", -1)
	check("", "http://a.test/", "", -1)
	check(strings.Repeat("#\n", 1<<20), "http://a.test/", "", -1)
	const list = `[{"domain":".a.test","expirationDate":4102444800.5,"hostOnly":false,"httpOnly":true,"name":"one","path":"/","secure":true,"session":false,"value":"1"},
		{"domain":"a.test","hostOnly":true,"name":"two","path":"/","value":"2"},{"domain":"a.test","name":"bad","value":"a\r\nX: y"}]`
	check(list, "https://a.test/", "one=1; two=2", 2)
	check(list, "https://w.a.test/", "one=1", 2)
	check(`{"cookies":[{"name":"n","value":"v","domain":"a.test","path":"/","expires":-1,"httpOnly":false,"secure":false,"sameSite":"Lax"}],"origins":[]}`, "http://a.test/", "n=v", 1)
	check(`[{"domain":"a.test","value":hunter2}]`, "http://a.test/", "", -1)
	check(`{}`, "http://a.test/", "", -1)
}

func FuzzImport(f *testing.F) {
	f.Add([]byte("a.test\tFALSE\t/\tFALSE\t0\tn\tv\n"), "n=v; Domain=a.test; Path=/")
	f.Add([]byte(`[{"domain":"a.test","name":"n","value":"v"}]`), "__Host-n=v; Secure")
	u := parse(f, "https://a.test/x")
	f.Fuzz(func(t *testing.T, data []byte, line string) {
		var j fetch.Jar
		n, err := j.Import(data)
		if err == nil && j.Len() > n {
			t.Errorf("%d cookies of %d", j.Len(), n)
		}
		j.Set(u, http.Header{"Set-Cookie": {line}})
		if got := j.Cookies(u); strings.ContainsAny(got, "\r\n\x00") {
			t.Errorf("%q", got)
		}
	})
}
