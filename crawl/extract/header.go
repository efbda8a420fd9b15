package extract

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// maxHeaderLinks bounds the entries read of all Link header lines of a page.
const maxHeaderLinks = 200

// A headerLink is one entry of a Link header: an address and what it is to the
// page. Parameters other than these are not kept.
type headerLink struct {
	url                                weburl.URL
	rel                                []string // lower case
	anchor, hreflang, media, mediaType string
}

// linkHeader reads Link header lines by RFC 8288, section 3. An entry that does
// not parse, names no relation or no address is left out.
func linkHeader(base weburl.URL, lines []string, limit int) []headerLink {
	var out []headerLink
	for _, s := range lines {
		for len(out) < limit {
			s = strings.TrimLeft(s, " \t,")
			if s == "" {
				break
			}
			var target string
			var params [][2]string
			var ok bool
			target, params, s, ok = linkValue(s)
			if !ok {
				continue
			}
			if l, ok := newHeaderLink(base, target, params); ok {
				out = append(out, l)
			}
		}
	}
	return out
}

// linkValue cuts one link-value from the front of s.
func linkValue(s string) (target string, params [][2]string, rest string, ok bool) {
	if s[0] != '<' {
		_, rest, _ = strings.Cut(s, ",")
		return "", nil, rest, false
	}
	target, rest, ok = strings.Cut(s[1:], ">")
	if !ok {
		return "", nil, "", false
	}
	for {
		rest = strings.TrimLeft(rest, " \t")
		if !strings.HasPrefix(rest, ";") {
			break
		}
		rest = strings.TrimLeft(rest[1:], " \t")
		i := strings.IndexAny(rest, "=;,")
		if i < 0 {
			i = len(rest)
		}
		name := strings.ToLower(strings.TrimSpace(rest[:i]))
		rest = rest[i:]
		value := ""
		if strings.HasPrefix(rest, "=") {
			value, rest = paramValue(strings.TrimLeft(rest[1:], " \t"))
		}
		if name != "" && len(params) < 32 {
			params = append(params, [2]string{name, value})
		}
	}
	if _, after, found := strings.Cut(rest, ","); found {
		rest = after
	} else {
		rest = ""
	}
	return target, params, rest, true
}

// paramValue cuts a token or quoted string from the front of s.
func paramValue(s string) (value, rest string) {
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		return quotedString(quoted)
	}
	i := strings.IndexAny(s, ";,")
	if i < 0 {
		i = len(s)
	}
	return strings.TrimRight(s[:i], " \t"), s[i:]
}

func newHeaderLink(base weburl.URL, target string, params [][2]string) (headerLink, bool) {
	var l headerLink
	for i := len(params) - 1; i >= 0; i-- { // the first of a name wins
		value := params[i][1]
		switch params[i][0] {
		case "rel":
			l.rel = strings.Fields(strings.ToLower(value))
		case "anchor":
			l.anchor = value
		case "hreflang":
			l.hreflang = value
		case "media":
			l.media = value
		case "type":
			l.mediaType = value
		}
	}
	u, err := base.Join(strings.TrimSpace(target))
	if err != nil || len(l.rel) == 0 {
		return l, false
	}
	l.url = u
	return l, true
}

// parseRefresh reads a Refresh header or <meta http-equiv=refresh>: WHATWG
// "shared declarative refresh steps". Without an address the page itself is
// meant.
func parseRefresh(base, page weburl.URL, s string) (u weburl.URL, delay time.Duration, ok bool) {
	s = strings.TrimLeft(s, " \t\n\f\r")
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	if n == 0 && !strings.HasPrefix(s, ".") {
		return weburl.URL{}, 0, false
	}
	seconds := 0
	for _, c := range s[:n] {
		seconds = min(seconds*10+int(c-'0'), 1<<30)
	}
	delay = time.Duration(seconds) * time.Second
	s = strings.TrimLeft(s[n:], "0123456789.")
	if s == "" {
		return page, delay, true
	}
	if strings.IndexByte(";, \t\n\f\r", s[0]) < 0 {
		return weburl.URL{}, 0, false
	}
	s = strings.TrimLeft(s, " \t\n\f\r")
	if s != "" && (s[0] == ';' || s[0] == ',') {
		s = strings.TrimLeft(s[1:], " \t\n\f\r")
	}
	s = refreshTarget(s)
	if s == "" {
		return page, delay, true
	}
	u, err := base.Join(s)
	if err != nil || !u.IsWeb() {
		return weburl.URL{}, 0, false
	}
	return u, delay, true
}

// refreshTarget takes "url=" and quotes off an address.
func refreshTarget(s string) string {
	if len(s) >= 3 && strings.EqualFold(s[:3], "url") {
		if t := strings.TrimLeft(s[3:], " \t\n\f\r"); strings.HasPrefix(t, "=") {
			s = strings.TrimLeft(t[1:], " \t\n\f\r")
		}
	}
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		s, _, _ = strings.Cut(s[1:], s[:1])
	}
	return strings.TrimSpace(s)
}

// applyHeader fills in what the response header says of a page. base is what
// relative references of the document resolve against, page its own address.
func (o *outline) applyHeader(p *Page, base, page weburl.URL, header http.Header, opt Options) {
	d := o.robots
	for _, line := range header.Values("X-Robots-Tag") {
		d.header(line, opt.Agent)
	}
	p.NoIndex = d.noIndex || !d.unavailableAfter.IsZero() && d.unavailableAfter.Before(opt.Now)
	p.NoFollow, p.NoArchive, p.NoSnippet = d.noFollow, d.noArchive, d.noSnippet
	p.UnavailableAfter = d.unavailableAfter

	links := append(linkHeader(page, header.Values("Link"), maxHeaderLinks), o.relLinks(base)...)
	p.Canonical = canonicalOf(links)
	for _, l := range links {
		p.addAlternate(l)
	}
	if v := header.Get("Refresh"); v != "" {
		p.Refresh, p.RefreshDelay, _ = parseRefresh(page, page, v)
	}
	if p.Refresh == (weburl.URL{}) && len(o.refresh) > 0 {
		p.Refresh, p.RefreshDelay, _ = parseRefresh(base, page, string(o.refresh))
	}
	if p.Lang == "" {
		p.Lang = cleanLang(header.Get("Content-Language"))
	}
}

// canonicalOf is the one address that all canonical links agree on. Google and
// RFC 6596 leave several that disagree undefined: they are ignored.
func canonicalOf(links []headerLink) (canonical weburl.URL) {
	for _, l := range links {
		if !slices.Contains(l.rel, "canonical") || l.anchor != "" || l.hreflang != "" || l.media != "" || l.mediaType != "" && l.mediaType != "text/html" || !l.url.IsWeb() {
			continue
		}
		u := l.url.Page()
		if canonical != (weburl.URL{}) && canonical != u {
			return weburl.URL{}
		}
		canonical = u
	}
	return canonical
}

// addAlternate keeps a link to a translation or a feed.
func (p *Page) addAlternate(l headerLink) {
	if !slices.Contains(l.rel, "alternate") || !l.url.IsWeb() {
		return
	}
	if l.hreflang != "" && len(p.Hreflang) < maxHreflang {
		if p.Hreflang == nil {
			p.Hreflang = make(map[string]weburl.URL)
		}
		if _, again := p.Hreflang[l.hreflang]; !again {
			p.Hreflang[l.hreflang] = l.url
		}
	}
	switch mediaTypeOf(l.mediaType) {
	case "application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml":
		if len(p.Feeds) < maxFeeds {
			p.Feeds = append(p.Feeds, l.url)
		}
	}
}

// cleanLang is the first language of a list in the form of BCP 47, or "".
func cleanLang(s string) string {
	s, _, _ = strings.Cut(s, ",")
	s = strings.ReplaceAll(strings.TrimSpace(s), "_", "-")
	if len(s) < 2 || len(s) > 35 {
		return ""
	}
	for i := range len(s) {
		if c := s[i]; c != '-' && !isLetter(c) && (c < '0' || c > '9') {
			return ""
		}
	}
	return s
}
