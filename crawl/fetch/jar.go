package fetch

import (
	"cmp"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

const (
	// maxCookies is what a Jar keeps, maxCookieBytes of one cookie (RFC 6265,
	// 6.1, asks for 50 of a domain and 4096 bytes), maxSetCookies what one
	// answer may set.
	maxCookies     = 300
	maxCookieBytes = 4 << 10
	maxSetCookies  = 50
)

// A Jar keeps the cookies of one visitor, by RFC 6265 with the rules for
// secure cookies and prefixes of its successor (RFC 6265bis, 5.7), and the
// Public Suffix List against cookies for all of "co.uk". It is bounded: of too
// many cookies the one that was set first goes. Any goroutine may call it. The
// zero Jar is empty.
type Jar struct {
	mu   sync.Mutex
	list []cookie // in the order in which they were first set
}

type cookie struct {
	name, value  string
	domain, path string
	hostOnly     bool // for domain itself, not for what is below it
	secure       bool
	expires      time.Time // zero: it stays
}

// Set takes the cookies of an answer's header.
func (j *Jar) Set(u weburl.URL, h http.Header) {
	lines := h["Set-Cookie"]
	for _, line := range lines[:min(len(lines), maxSetCookies)] {
		c, err := http.ParseSetCookie(line)
		if err == nil && len(c.Name)+len(c.Value) <= maxCookieBytes && len(c.Path) <= maxCookieBytes {
			j.set(u, c)
		}
	}
}

func (j *Jar) set(u weburl.URL, c *http.Cookie) {
	host := cookieHost(u)
	k := cookie{name: c.Name, value: c.Value, domain: host, hostOnly: true, path: c.Path, secure: c.Secure}
	if c.Quoted {
		k.value = `"` + c.Value + `"`
	}
	if d := strings.ToLower(strings.TrimPrefix(c.Domain, ".")); d != "" && d != host {
		if !below(host, d) || publicSuffix(d) {
			return
		}
		k.domain, k.hostOnly = d, false
	} else if d == host && !publicSuffix(d) && !isIP(host) {
		k.hostOnly = false
	}
	if k.path == "" || k.path[0] != '/' {
		k.path = "/"
		if i := strings.LastIndexByte(u.Path(), '/'); i > 0 {
			k.path = u.Path()[:i]
		}
	}
	safe := u.Scheme() == "https"
	switch lower := strings.ToLower(k.name); {
	case k.secure && !safe,
		strings.HasPrefix(lower, "__secure-") && !k.secure,
		strings.HasPrefix(lower, "__host-") && (!k.secure || c.Domain != "" || c.Path != "/"):
		return
	}
	now := time.Now()
	switch {
	case c.MaxAge < 0:
		k.expires = now
	case c.MaxAge > 0:
		k.expires = now.Add(time.Duration(min(c.MaxAge, 400*24*3600)) * time.Second)
	case !c.Expires.IsZero():
		k.expires = c.Expires
	}
	j.put(k, safe, now)
}

// put replaces the cookie of the same name, domain and path, which one from an
// unsafe page may not do to a secure one.
func (j *Jar) put(k cookie, safe bool, now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !safe && slices.ContainsFunc(j.list, func(c cookie) bool { return c.secure && c.name == k.name && c.domain == k.domain }) {
		return
	}
	at := slices.IndexFunc(j.list, func(c cookie) bool {
		return c.name == k.name && c.domain == k.domain && c.hostOnly == k.hostOnly && c.path == k.path
	})
	dead := !k.expires.IsZero() && !k.expires.After(now)
	switch {
	case at >= 0 && dead:
		j.list = slices.Delete(j.list, at, at+1)
	case dead:
	case at >= 0:
		j.list[at] = k
	default:
		if len(j.list) >= maxCookies {
			j.list = slices.Delete(j.list, 0, 1)
		}
		j.list = append(j.list, k)
	}
}

// Cookies is the Cookie field for a request, "" if there is none to send.
func (j *Jar) Cookies(u weburl.URL) string {
	now := time.Now()
	host, path := cookieHost(u), u.Path()
	var send []cookie
	j.mu.Lock()
	for _, c := range j.list {
		if c.name != "" && c.goesTo(host, path, u.Scheme() == "https") && (c.expires.IsZero() || c.expires.After(now)) {
			send = append(send, c)
		}
	}
	j.mu.Unlock()
	slices.SortStableFunc(send, func(a, b cookie) int { return cmp.Compare(len(b.path), len(a.path)) })
	var b strings.Builder
	for _, c := range send {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.name + "=" + c.value)
	}
	return b.String()
}

func (c *cookie) goesTo(host, path string, safe bool) bool {
	if c.secure && !safe || host != c.domain && (c.hostOnly || !below(host, c.domain)) {
		return false
	}
	rest, ok := strings.CutPrefix(path, c.path)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(c.path, "/"))
}

// Value gives a cookie that would be sent to u, and whether there is one.
func (j *Jar) Value(u weburl.URL, name string) (string, bool) {
	for pair := range strings.SplitSeq(j.Cookies(u), "; ") {
		if n, v, _ := strings.Cut(pair, "="); n == name {
			return v, true
		}
	}
	return "", false
}

// Clear forgets all.
func (j *Jar) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = nil
}

// Len is how many cookies there are.
func (j *Jar) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.list)
}

func cookieHost(u weburl.URL) string { return strings.TrimSuffix(u.Hostname(), ".") }

// below says whether host is a name below domain.
func below(host, domain string) bool {
	rest, ok := strings.CutSuffix(host, domain)
	return ok && strings.HasSuffix(rest, ".") && !isIP(host)
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// publicSuffix says whether strangers share the names below a domain: then the
// registrable domain of a name right below it is that name.
func publicSuffix(domain string) bool {
	u, err := weburl.Parse("http://x." + domain)
	return err != nil || u.Site() == u.Hostname()
}

// joinCookies puts the cookies of two Cookie fields into one; of a name in
// both the first holds.
func joinCookies(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	out := a
	for pair := range strings.SplitSeq(b, "; ") {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.Contains("; "+a, "; "+name+"=") {
			out += "; " + pair
		}
	}
	return out
}
