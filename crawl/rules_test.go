package crawl

import (
	"strconv"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// TestRules has the examples by which Elastic's Open Web Crawler documents its kinds.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		path, kind, pattern string
		want                bool
	}{
		{"/foo/bar", "begins", "/foo", true},
		{"/foo/bar", "begins", "/*oo", true},
		{"/bar/foo", "begins", "/foo", false},
		{"/foo/bar", "begins", "foo", false},
		{"/blog/posts/hello-world", "ends", "world", true},
		{"/blog/posts/hello-world", "ends", "hello-*", true},
		{"/fruits/bananas", "contains", "banana", true},
		{"/fruits/apples", "contains", "banana", false},
		{"/a.b", "contains", "a.b", true},
		{"/axb", "contains", "a.b", false},
		{"/2020", "regex", `\/[0-9]{3,5}`, true},
		{"/20", "regex", `\/[0-9]{3,5}`, false},
		{"/2020", "regex", "[0-9]{3,5}", false},
		{"/a|b", "regex", "/x|/a", true},
	} {
		s, err := newScope(Scope{Mode: "any", Rules: []Rule{{Kind: c.kind, Pattern: c.pattern}}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		u, err := weburl.Parse("http://a.test" + c.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.refuses(u, 0, 0) != ""; got != c.want {
			t.Errorf("%s %q matches %s: %v", c.kind, c.pattern, c.path, got)
		}
	}
}

func TestFirstRuleDecides(t *testing.T) {
	s, err := newScope(Scope{Mode: "any", Exclude: []string{"/blog/"}, Rules: []Rule{
		{Kind: "begins", Pattern: "/blog/2020", Allow: true}, {Kind: "begins", Pattern: "/blog"}, {Kind: "ends", Pattern: ".pdf", Host: "b.test"},
	}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"http://a.test/blog/2020/x": "",
		"http://a.test/blog/2021/x": "scope-rule 2: deny begins /blog",
		"http://a.test/x/blog/":     "scope-exclude /blog/",
		"http://a.test/x.pdf":       "",
		"http://b.test/x.pdf":       "scope-rule 3: deny ends .pdf",
	} {
		u, err := weburl.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.refuses(u, 0, 0); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	for _, r := range []Rule{{Kind: "like", Pattern: "x"}, {Kind: "regex", Pattern: "("}} {
		if _, err := newScope(Scope{Rules: []Rule{r}}, 0); err == nil {
			t.Errorf("%+v is taken", r)
		}
	}
}

func TestTraps(t *testing.T) {
	next := time.Now().Year() + 3
	for path, want := range map[string]string{
		"/a/b/a/b/c":             "",
		"/a/b/a/b/a/b/a/b":       "repeating-segments",
		"/x/a/b/c/a/b/c/a/b/c/a": "repeating-segments",
		"/1/1/2/2/3/3":           "",
		"/cal?y=2019&m=5":        "",
		"/cal?day=3&month=1&year=" + strconv.Itoa(next): "calendar",
		"/cal?date=" + strconv.Itoa(next) + "-01-02":    "calendar",
		"/cars?year=" + strconv.Itoa(next):              "",
	} {
		u, err := weburl.Parse("http://a.test" + path)
		if err != nil {
			t.Fatal(err)
		}
		if got := trap(u); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
