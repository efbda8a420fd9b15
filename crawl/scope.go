package crawl

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/weburl"
)

// A Scope says which addresses belong to a crawl. The zero value is all pages of
// the hosts of the seeds.
type Scope struct {
	Mode     string   // host (or empty), domain, prefix or any
	Hosts    []string // host and domain: "example.org", "example.org:8080"; empty: those of the seeds
	Prefixes []string // prefix: beginnings of addresses; empty: the folders of the seeds
	Include  []string // RE2, on the whole address; where there are any, one must match; seeds need not
	Exclude  []string // RE2; none may match
	Rules    []Rule   // the first that matches decides, before Include and Exclude are asked
}

// scope is a Scope that can be asked.
type scope struct {
	mode             string
	maxDepth         int
	maxURL           int // bytes of an address; 0: frontier.MaxURLBytes
	include, exclude []*regexp.Regexp
	rules            []rule
	seeded           bool // hosts or prefixes grow with the seeds

	mu       sync.RWMutex
	hosts    map[string]bool // host[:port] without www., or registrable domain
	prefixes []string
}

func newScope(s Scope, maxDepth int) (*scope, error) {
	out := &scope{mode: s.Mode, maxDepth: maxDepth, hosts: map[string]bool{}}
	switch s.Mode {
	case "":
		out.mode = "host"
	case "host", "domain", "prefix", "any":
	default:
		return nil, fmt.Errorf("crawl: scope mode %q: want host, domain, prefix or any", s.Mode)
	}
	for _, list := range []struct {
		from []string
		to   *[]*regexp.Regexp
	}{{s.Include, &out.include}, {s.Exclude, &out.exclude}} {
		for _, text := range list.from {
			re, err := regexp.Compile(text)
			if err != nil {
				return nil, fmt.Errorf("crawl: scope pattern %q: %w", text, err)
			}
			*list.to = append(*list.to, re)
		}
	}
	for i, r := range s.Rules {
		c, err := r.compile(i + 1)
		if err != nil {
			return nil, err
		}
		out.rules = append(out.rules, c)
	}
	for _, h := range s.Hosts {
		u, err := parseSeed(h)
		if err != nil {
			return nil, fmt.Errorf("crawl: scope host %q: %w", h, err)
		}
		out.hosts[out.name(u)] = true
	}
	for _, p := range s.Prefixes {
		u, err := parseSeed(p)
		if err != nil {
			return nil, fmt.Errorf("crawl: scope prefix %q: %w", p, err)
		}
		out.prefixes = append(out.prefixes, u.String())
	}
	out.seeded = len(out.hosts) == 0 && out.mode != "prefix" || len(out.prefixes) == 0 && out.mode == "prefix"
	return out, nil
}

// name is what the mode compares of an address: www.example.org and example.org
// are one host, since nearly every site that has both redirects one to the other.
func (s *scope) name(u weburl.URL) string {
	if s.mode == "domain" {
		return u.Site()
	}
	return strings.TrimPrefix(u.Host(), "www.")
}

// names tells whether the host of an address is wanted by its name, and not only met.
func (s *scope) names(u weburl.URL) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.mode != "any" && s.hosts[s.name(u)]
}

// addSeeds widens a scope that was given no hosts or prefixes.
func (s *scope) addSeeds(seeds []weburl.URL) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.seeded {
		return
	}
	for _, u := range seeds {
		s.hosts[s.name(u)] = true
		if s.mode == "prefix" {
			p := u.Origin() + u.Path()
			s.prefixes = append(s.prefixes, p[:strings.LastIndexByte(p, '/')+1])
		}
	}
}

// refuses tells why an address is not in scope; "" if it is.
func (s *scope) refuses(u weburl.URL, depth int, mark uint8) string {
	if !u.IsWeb() {
		return "bad-scheme"
	}
	if s.maxDepth > 0 && depth > s.maxDepth && mark&(markSitemap|markFeed) == 0 {
		return "depth"
	}
	text := u.String()
	if len(text) > min(cmp.Or(s.maxURL, frontier.MaxURLBytes), frontier.MaxURLBytes) {
		return "url-too-long"
	}
	if why := s.place(u, text, mark); why != "" {
		return why
	}
	if r := decide(s.rules, u); r != nil {
		if !r.Allow {
			return r.name
		}
		return trap(u)
	}
	for _, re := range s.exclude {
		if re.MatchString(text) {
			return "scope-exclude " + re.String()
		}
	}
	if len(s.include) > 0 && mark == 0 && !matches(s.include, text) {
		return "scope-include"
	}
	return trap(u)
}

// place asks the mode. A sitemap stands at the root, outside of any prefix.
func (s *scope) place(u weburl.URL, text string, mark uint8) string {
	if s.mode == "any" {
		return ""
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.mode != "prefix" {
		if !s.hosts[s.name(u)] {
			return "scope-" + s.mode
		}
		return ""
	}
	for _, p := range s.prefixes {
		if mark&markSitemap != 0 {
			if q, err := weburl.Parse(p); err == nil && q.Host() == u.Host() {
				return ""
			}
		}
		if strings.HasPrefix(text, p) {
			return ""
		}
	}
	return "scope-prefix"
}

func matches(list []*regexp.Regexp, text string) bool {
	for _, re := range list {
		if re.MatchString(text) {
			return true
		}
	}
	return false
}
