package api

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// A Source is what a collection is crawled from, and how. What is called a reference
// is "env:NAME" or "file:PATH", of the process that crawls: secrets themselves stand
// in no setting.
type Source struct {
	Seeds    []string `json:"seeds"`
	Sitemaps []string `json:"sitemaps,omitempty"` // read beside those that robots.txt names
	Scope    string   `json:"scope,omitempty"`    // host (default), domain, prefix or any
	Rules    []Rule   `json:"rules,omitempty"`    // the first that matches decides, before Include and Exclude
	Include  []string `json:"include,omitempty"`  // RE2 patterns; an address must match one
	Exclude  []string `json:"exclude,omitempty"`  // RE2 patterns; an address must match none
	Types    []string `json:"types,omitempty"`    // media types that are found, such as text/html or application/*; none: all that can be read
	MaxPages int64    `json:"max_pages,omitempty"`
	MaxDepth int      `json:"max_depth,omitempty"` // links from a seed; zero: no limit

	MaxBytes        int64    `json:"max_bytes,omitempty"`          // of answers in one crawl, as they come over the wire; zero: no limit
	MaxBytesPerHost int64    `json:"max_bytes_per_host,omitempty"` // likewise
	Schedule        []Window `json:"schedule,omitempty"`           // when sites may be fetched; a site that no window names: at any time

	Delay             Duration `json:"delay,omitempty"`               // between two requests to a host; zero: the crawler's default, below zero: none
	Parallel          int      `json:"parallel,omitempty"`            // requests in flight to a host; zero: 1
	ParallelByAddress int      `json:"parallel_by_address,omitempty"` // requests in flight to an IP address, of all its hosts; zero: Parallel; below zero: no limit
	Revisit           *Revisit `json:"revisit,omitempty"`             // pages are visited again by themselves; nil: only when a crawl is asked for

	Duplicates string `json:"duplicates,omitempty"` // drop (default): of pages with the same text one is found; keep
	Unmarked   string `json:"unmarked,omitempty"`   // keep (default); drop: HTML pages without data-pagefind-body or data-elastic-include are not found
	JavaScript string `json:"javascript,omitempty"` // off (default), auto: where a page has no text without it, all

	Logins  []Login `json:"logins,omitempty"`
	Proxies []Route `json:"proxies,omitempty"` // the first whose Sites match a host is its route
}

// A Rule allows or denies addresses by their path.
type Rule struct {
	Policy  string `json:"policy"`         // allow or deny
	Type    string `json:"type"`           // begins, ends, contains or regex
	Pattern string `json:"pattern"`        // * stands for anything; of a regex RE2, from the beginning of the path on
	Host    string `json:"host,omitempty"` // empty: any
}

// Revisit bounds how often a page is visited by itself; between the bounds that
// follows from how often it changes.
type Revisit struct {
	Min    Duration `json:"min,omitempty"`     // zero: 5 min
	Max    Duration `json:"max,omitempty"`     // zero: 90 days
	PerDay float64  `json:"per_day,omitempty"` // visits of all pages together; zero: as many as changes ask for
}

// A Login is an account at one or more origins.
type Login struct {
	Kind     string   `json:"kind"`               // basic, bearer, header, cookies, form or oauth2
	Origin   string   `json:"origin"`             // "https://example.org"
	Origins  []string `json:"origins,omitempty"`  // further origins of the same account
	User     string   `json:"user,omitempty"`     // of oauth2 the client's ID
	Password string   `json:"password,omitempty"` // reference to the password, the token, the field's value, the client's secret or the file of cookies

	Header        string            `json:"header,omitempty"` // header: the field's name
	URL           string            `json:"url,omitempty"`    // form: the page that it is on; oauth2: where tokens are had
	Form          string            `json:"form,omitempty"`   // its ID or name; empty: the first with a password field
	UserField     string            `json:"user_field,omitempty"`
	PasswordField string            `json:"password_field,omitempty"`
	Fields        map[string]string `json:"fields,omitempty"`  // further fields
	Success       string            `json:"success,omitempty"` // RE2 that the page behind the form matches; empty: it has no password field
	Expired       string            `json:"expired,omitempty"` // RE2 on the target of a redirect or the text of a page: log in again
	Scopes        []string          `json:"scopes,omitempty"`  // oauth2
	Logout        []string          `json:"logout,omitempty"`  // RE2 on addresses that are not asked for, besides what looks like a log-out
}

// A Route leads the requests for some sites through forward proxies, and never past
// them.
type Route struct {
	Sites     []string `json:"sites,omitempty"`      // host names, each with all below it; none: every host
	Proxies   []string `json:"proxies"`              // http://, https:// or socks5://, in turn
	User      string   `json:"user,omitempty"`       // of all of them
	Password  string   `json:"password,omitempty"`   // reference
	RemoteDNS bool     `json:"remote_dns,omitempty"` // names are resolved by the proxy, which decides what is reached
}

// Bounds of a source: it travels whole in the registry.
const (
	maxSeeds  = 10_000
	maxRules  = 1000
	maxLogins = 100
)

func (s *Source) check() error {
	for _, n := range []struct {
		what    string
		is, may int
	}{
		{"seeds", len(s.Seeds), maxSeeds}, {"sitemaps", len(s.Sitemaps), maxSeeds}, {"rules", len(s.Rules), maxRules},
		{"logins", len(s.Logins), maxLogins}, {"proxies", len(s.Proxies), maxLogins},
		{"windows of the schedule", len(s.Schedule), maxLogins}, {"types", len(s.Types), maxLogins},
	} {
		if n.is > n.may {
			return fmt.Errorf("%d %s: at most %d", n.is, n.what, n.may)
		}
	}
	if err := oneOf("scope", s.Scope, "", "host", "domain", "prefix", "any"); err != nil {
		return err
	}
	if err := oneOf("duplicates", s.Duplicates, "", "drop", "keep"); err != nil {
		return err
	}
	if err := oneOf("unmarked", s.Unmarked, "", "keep", "drop"); err != nil {
		return err
	}
	if err := oneOf("javascript", s.JavaScript, "", "off", "auto", "all"); err != nil {
		return err
	}
	for _, list := range [][]string{s.Include, s.Exclude} {
		for _, p := range list {
			if _, err := regexp.Compile(p); err != nil {
				return fmt.Errorf("pattern %q: %v", p, err)
			}
		}
	}
	for _, t := range s.Types {
		if main, sub, ok := strings.Cut(t, "/"); !ok || !isToken(main) || sub != "*" && !isToken(sub) {
			return fmt.Errorf("type %q: want a media type such as text/html, application/pdf or application/*", t)
		}
	}
	for i, r := range s.Rules {
		if err := r.check(); err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
	}
	for i, l := range s.Logins {
		if err := l.check(); err != nil {
			return fmt.Errorf("login %d: %w", i+1, err)
		}
	}
	for i, r := range s.Proxies {
		if err := r.check(); err != nil {
			return fmt.Errorf("proxies, route %d: %w", i+1, err)
		}
	}
	if r := s.Revisit; r != nil && (r.Min < 0 || r.Max < 0 || r.PerDay < 0 || r.Max > 0 && r.Min > r.Max) {
		return fmt.Errorf("revisit: min, max and per_day must not be below zero, nor min above max")
	}
	for i, w := range s.Schedule {
		if err := w.check(); err != nil {
			return fmt.Errorf("schedule, window %d: %w", i+1, err)
		}
	}
	if s.Parallel < 0 || s.MaxPages < 0 || s.MaxDepth < 0 || s.MaxBytes < 0 || s.MaxBytesPerHost < 0 {
		return fmt.Errorf("parallel, max_pages, max_depth, max_bytes and max_bytes_per_host must not be below zero")
	}
	return nil
}

func (r Rule) check() error {
	if err := oneOf("policy", r.Policy, "allow", "deny"); err != nil {
		return err
	}
	if err := oneOf("type", r.Type, "begins", "ends", "contains", "regex"); err != nil {
		return err
	}
	if r.Type == "regex" {
		if _, err := regexp.Compile(r.Pattern); err != nil {
			return fmt.Errorf("pattern %q: %v", r.Pattern, err)
		}
	}
	return nil
}

func (l Login) check() error {
	if err := oneOf("kind", l.Kind, "basic", "bearer", "header", "cookies", "form", "oauth2"); err != nil {
		return err
	}
	for _, origin := range append([]string{l.Origin}, l.Origins...) {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("origin %q: want one such as https://example.org", origin)
		}
	}
	return reference("password", l.Password)
}

func (r Route) check() error {
	if len(r.Proxies) == 0 {
		return fmt.Errorf("it names no proxy")
	}
	for _, p := range r.Proxies {
		u, err := url.Parse(p)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
			return fmt.Errorf("want proxies such as http://10.0.0.1:3128 or socks5://10.0.0.1:1080")
		}
		if u.User != nil {
			return fmt.Errorf("a proxy's user and password do not belong in its address: set user, and password to env:NAME or file:PATH")
		}
	}
	if r.Password == "" {
		return nil
	}
	return reference("password", r.Password)
}

// reference checks what names a secret.
func reference(what, ref string) error {
	if kind, name, ok := strings.Cut(ref, ":"); !ok || name == "" || kind != "env" && kind != "file" {
		return fmt.Errorf("%s: want env:NAME or file:PATH of the process that crawls, not the secret itself", what)
	}
	return nil
}

func oneOf(what, value string, values ...string) error {
	for _, v := range values {
		if v == value {
			return nil
		}
	}
	var known []string
	for _, v := range values {
		if v != "" {
			known = append(known, v)
		}
	}
	last := len(known) - 1
	return fmt.Errorf("%s %q: want %s or %s", what, value, strings.Join(known[:last], ", "), known[last])
}

// isToken tells whether a text may be half of a media type (RFC 6838, 4.2), in lower case.
func isToken(s string) bool {
	return s != "" && len(s) <= 127 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+") == ""
}

// OrElse adds old's seeds before s's and fills what s leaves at zero from old.
func (s Source) OrElse(old Source) Source {
	s.Seeds, s.Sitemaps = union(old.Seeds, s.Seeds), union(old.Sitemaps, s.Sitemaps)
	fill(&s.Scope, old.Scope)
	fill(&s.Duplicates, old.Duplicates)
	fill(&s.Unmarked, old.Unmarked)
	fill(&s.JavaScript, old.JavaScript)
	fill(&s.Delay, old.Delay)
	fill(&s.Parallel, old.Parallel)
	fill(&s.ParallelByAddress, old.ParallelByAddress)
	fill(&s.MaxPages, old.MaxPages)
	fill(&s.MaxDepth, old.MaxDepth)
	fill(&s.MaxBytes, old.MaxBytes)
	fill(&s.MaxBytesPerHost, old.MaxBytesPerHost)
	fill(&s.Revisit, old.Revisit)
	if s.Schedule == nil {
		s.Schedule = old.Schedule
	}
	if s.Rules == nil {
		s.Rules = old.Rules
	}
	if s.Include == nil {
		s.Include = old.Include
	}
	if s.Exclude == nil {
		s.Exclude = old.Exclude
	}
	if s.Types == nil {
		s.Types = old.Types
	}
	if s.Logins == nil {
		s.Logins = old.Logins
	}
	if s.Proxies == nil {
		s.Proxies = old.Proxies
	}
	return s
}

// fill sets what is zero.
func fill[T comparable](to *T, from T) {
	var zero T
	if *to == zero {
		*to = from
	}
}

func union(a, b []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range append(append([]string(nil), a...), b...) {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
