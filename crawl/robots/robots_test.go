package robots

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestConstants(t *testing.T) {
	var none *Rules
	for name, r := range map[string]*Rules{"nil": none, "AllowAll": AllowAll(), "empty": Parse(nil)} {
		if !r.Allowed("Trawl", "/x") || len(r.Sitemaps()) > 0 {
			t.Errorf("%s forbids", name)
		}
		if _, ok := r.Delay("Trawl"); ok {
			t.Errorf("%s has a delay", name)
		}
	}
	for _, target := range []string{"/", "/x?y", "", "http://a", "?q"} {
		if DenyAll().Allowed("Trawl", target) {
			t.Errorf("DenyAll allows %q", target)
		}
	}
}

func TestMatch(t *testing.T) {
	rules := Parse([]byte("\ufeff# ours\r\nUser-agent: *\rDisallow: /\n\nUSERAGENT: trawl/1.0\nuser agent: other\nDisalow: /a\nAllow /a/b$\n" +
		"Sitemap: http://h/s.xml\nCrawl-delay: 2.5s\nDisallow: /*.pdf\nAllow: /dir/index.html\nDisallow: /dir/\n\nUser-agent: Trawl\nDisallow: /late~x\n"))
	for _, c := range []struct {
		agent, target string
		allowed       bool
		line          int
		rule          string
	}{
		{"Trawl", "/", true, 0, ""},
		{"Trawl", "/a/c", false, 7, "Disallow: /a"},
		{"TRAWL", "http://h/a/b", true, 8, "Allow: /a/b$"},
		{"other", "/a/b", true, 8, "Allow: /a/b$"},
		{"trawl", "/a/b/", false, 7, "Disallow: /a"},
		{"Trawl", "/x/y.pdf?z#/", false, 11, "Disallow: /*.pdf"},
		{"Trawl", "/dir/", true, 12, "Allow: /dir/$"},
		{"Trawl", "/dir/x", false, 13, "Disallow: /dir/"},
		{"Trawl/2.0", "/late%7ex/y", false, 16, "Disallow: /late~x"},
		{"other", "/late~x", true, 0, ""},
		{"nobody", "/", false, 3, "Disallow: /"},
		{"Trawl", "//host/a", true, 0, ""},
	} {
		allowed, line, rule := rules.Match(c.agent, c.target)
		if allowed != c.allowed || line != c.line || rule != c.rule {
			t.Errorf("%s %s: %v by line %d %q, want %v, %d, %q", c.agent, c.target, allowed, line, rule, c.allowed, c.line, c.rule)
		}
		if rules.Allowed(c.agent, c.target) != c.allowed {
			t.Errorf("%s %s: Allowed is not Match", c.agent, c.target)
		}
	}
	if d, ok := rules.Delay("trawl"); d != 2500*time.Millisecond || !ok {
		t.Errorf("delay %v %v", d, ok)
	}
	if _, ok := rules.Delay("nobody"); ok {
		t.Error("nobody has a delay")
	}
}

func TestDelay(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"10": 10 * time.Second, "0": 0, "0.25": 250 * time.Millisecond, ".5": 500 * time.Millisecond, "3.": 3 * time.Second,
		"1<BR>": time.Second, "86400": 24 * time.Hour, "99999999999999999999999": maxDelay, "1.00000000000000000001": time.Second,
		"": -1, "-1": -1, "x": -1, ".": -1,
	} {
		got, ok := Parse([]byte("user-agent: *\ncrawl-delay: " + value)).Delay("Trawl")
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("Crawl-delay: %s is %v, %v, want %v", value, got, ok, want)
		}
	}
	// The longest of several, and each agent its own.
	r := Parse([]byte("user-agent: a\ncrawl-delay: 1\nuser-agent: b\ncrawl-delay: 2\n\nuser-agent: a\ndisallow:\ncrawl-delay: 3\nuser-agent: *\ncrawl-delay: 9"))
	for agent, want := range map[string]time.Duration{"a": 3 * time.Second, "b": 2 * time.Second, "c": 9 * time.Second} {
		if got, _ := r.Delay(agent); got != want {
			t.Errorf("delay of %s is %v, want %v", agent, got, want)
		}
	}
}

// TestMaxBytes is R08 of the hostile web: rules after byte 512,000 do not
// count, and neither does the line that straddles it.
func TestMaxBytes(t *testing.T) {
	file := func(last string, at int) []byte {
		b := []byte("user-agent: *\ndisallow: /early\n")
		b = append(b, '#')
		b = append(b, bytes.Repeat([]byte("x"), at-len(b)-1)...)
		return append(b, "\n"+last+"\ndisallow: /after\n"...)
	}
	const line = "disallow: /late"
	for _, c := range []struct {
		at   int
		late bool
	}{{1000, false}, {MaxBytes - len(line), false}, {MaxBytes - len(line) + 1, true}, {MaxBytes - 3, true}, {MaxBytes, true}, {MaxBytes + 5, true}} {
		r := Parse(file(line, c.at))
		if r.Allowed("Trawl", "/early") || r.Allowed("Trawl", "/late") != c.late || r.Allowed("Trawl", "/after") != (c.at > 1000) {
			t.Errorf("line at %d: early %v, late %v, after %v", c.at, r.Allowed("Trawl", "/early"), r.Allowed("Trawl", "/late"), r.Allowed("Trawl", "/after"))
		}
	}
}

// matchesSlowly tries every place for every star.
func matchesSlowly(path, pattern string) bool {
	switch {
	case pattern == "":
		return true
	case pattern == "$":
		return path == ""
	case pattern[0] == '*':
		return matchesSlowly(path, pattern[1:]) || path != "" && matchesSlowly(path[1:], pattern)
	}
	return path != "" && path[0] == pattern[0] && matchesSlowly(path[1:], pattern[1:])
}

func TestMatchesOracle(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	text := func(alphabet string, n int) string {
		b := make([]byte, random.IntN(n))
		for i := range b {
			b[i] = alphabet[random.IntN(len(alphabet))]
		}
		return string(b)
	}
	hits := 0
	for range 200_000 {
		path, pattern := text("ab/$", 10), text("ab/**$", 8)
		got, want := (&rule{pattern: pattern}).matches(path), matchesSlowly(path, pattern)
		if got != want {
			t.Fatalf("seed %d: %q on %q is %v, want %v", seed, pattern, path, got, want)
		}
		if got {
			hits++
		}
	}
	if hits < 10_000 {
		t.Errorf("only %d of 200,000 match: the test shows little", hits)
	}
}

func TestAllowedAllocatesNothing(t *testing.T) {
	r := Parse([]byte("user-agent: *\ndisallow: /a*b\nuser-agent: Trawl\ndisallow: /x\nallow: /x/%C3%A9*z$\n"))
	for _, target := range []string{"https://example.com/x/%C3%A9/z?q=1&r=%2F", "/x?y", "/"} {
		if n := testing.AllocsPerRun(100, func() { r.Allowed("Trawl", target) }); n != 0 {
			t.Errorf("%s: %v allocations", target, n)
		}
	}
}

// TestHostile bounds what one file can cost: 30,000 patterns of stars, and
// 30,000 agents that share a group and its delays.
func TestHostile(t *testing.T) {
	stars := []byte("user-agent: *\n" + strings.Repeat("allow: *a*b*c*d*e\n", 28_000))
	agents := []byte(strings.Repeat("user-agent: a\nuser-agent: b\ncrawl-delay: 1\n", 6_000) + strings.Repeat("disallow: /\n", 15_000))
	var tokens []byte
	for i := 0; len(tokens) < MaxBytes/2; i++ {
		tokens = fmt.Appendf(tokens, "user-agent: %s\ncrawl-delay: %d\n", lower(strings.Map(func(r rune) rune { return r - '0' + 'a' }, fmt.Sprint(i))), i)
	}
	tokens = append(tokens, strings.Repeat("disallow: /x\n", 15_000)...)
	path := "/" + strings.Repeat("abcd", 500)
	start := time.Now()
	for _, body := range [][]byte{stars, agents, tokens} {
		Parse(body).Allowed("b", path)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("three hostile files took %v", d)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("\xef\xbb\xbfUser-agent: *\nDisallow: /*.x$\nAllow: /index.html\rCrawl-delay: 1.5\r\nSitemap: a"), "Trawl", "http://h/a.x?b#c")
	f.Add([]byte("\xff\xfeU\x00:\x00"), "*", "//a/%7e")
	f.Add([]byte("useragent trawl\ndisalow /\xff%c3%\n"), "trawl/1", "?q")
	f.Fuzz(func(t *testing.T, body []byte, agent, target string) {
		r := Parse(body)
		allowed, line, rule := r.Match(agent, target)
		if allowed != r.Allowed(agent, target) || (line == 0) != (rule == "") || line < 0 || line > len(body)+1 {
			t.Fatalf("Match is %v, %d, %q", allowed, line, rule)
		}
		if d, _ := r.Delay(agent); d < 0 || d > maxDelay {
			t.Fatalf("delay %v", d)
		}
		for _, s := range r.Sitemaps() {
			if s == "" || strings.ContainsAny(s, "\r\n") {
				t.Fatalf("sitemap %q", s)
			}
		}
		path := normalPath(pathOf(target))
		if path == "" || path[0] != '/' || normalPath(path) != path {
			t.Fatalf("the path of %q is %q", target, path)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	body := typical()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(body)
	}
}

func BenchmarkAllowed(b *testing.B) {
	r := Parse(typical())
	b.ReportAllocs()
	for b.Loop() {
		r.Allowed("Trawl", "https://example.com/wiki/Web_crawler?action=view")
	}
}

// typical is a file of 60 rules, a third of them with stars.
func typical() []byte {
	b := []byte("User-agent: *\nCrawl-delay: 1\n")
	for i := range 20 {
		b = fmt.Appendf(b, "Disallow: /private%d/\nAllow: /private%d/open/\nDisallow: /*?session%d=\n", i, i, i)
	}
	return append(b, "\nUser-agent: BadBot\nDisallow: /\n\nSitemap: https://example.com/sitemap.xml\n"...)
}
