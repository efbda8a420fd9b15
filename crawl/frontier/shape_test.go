package frontier

import (
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/weburl"
)

func TestShape(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"/", "/"},
		{"/about", "/w"},
		{"/product/12345.html", "/product/0.html"},
		{"/product/9.HTML", "/product/0.html"},
		{"/2024/05/17/some-words", "/0/0/0/w"},
		{"/list.php?page=7&sort=price", "/list.php?page&sort"},
		{"/list.php?sort=a&page=1&page=2", "/list.php?page&sort"},
		{"/t/calendar?y=2024&m=5&d=1", "/t/calendar?d&m&y"},
		{"/a/b/c/d/", "/a/b/*/*/"},
		{"/shop/item-77/reviews", "/shop/a0/w"},
		{"/x?123=1&456=2", "/x?0"},
		{"/wiki/Main_Page", "/wiki/w"},
		{"/" + strings.Repeat("x/", 40), "/x/x/*/*/*/*/*/*/*/*/*/*/..."},
	} {
		if got := shapeOf(addr(t, "http://a.test"+c.url)); got != c.want {
			t.Errorf("%s: %q, want %q", c.url, got, c.want)
		}
	}
}

// FuzzShape: any address has a shape, and it is short.
func FuzzShape(f *testing.F) {
	f.Add("http://a.test/a//b/.x/1?=&&a=1;2")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := weburl.Parse(s)
		if err != nil || !u.IsWeb() {
			return
		}
		if got := shapeOf(u); len(got) > 2000 || got == "" {
			t.Errorf("%q: %q", s, got)
		}
	})
}
