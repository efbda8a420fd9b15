package robots

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

const (
	// MaxBytes of a file are read; RFC 9309 asks for at least 500 KiB.
	MaxBytes = 512_000

	// maxLine bytes of a line are read: eight times the longest URL that
	// Internet Explorer took, Google's bound.
	maxLine = 2083*8 - 1

	// maxDelay is the longest Crawl-delay told; longer ones are cut to it.
	maxDelay = 30 * 24 * time.Hour
)

// Parse reads a robots.txt. It cannot fail: a line it does not understand is
// ignored, and a file that is none, such as a page that says "not found", has
// no rules.
func Parse(body []byte) *Rules {
	p := parser{rules: &Rules{agents: map[string][]int32{}, delays: map[string]time.Duration{}}}
	body = trimBOM(utf8Of(truncate(body)))
	for line := int32(1); len(body) > 0; line++ {
		text := body
		if i := bytes.IndexAny(body, "\r\n"); i >= 0 {
			text = body[:i]
			if body[i] == '\r' && i+1 < len(body) && body[i+1] == '\n' {
				i++
			}
			body = body[i+1:]
		} else {
			body = nil
		}
		p.line(text, line)
	}
	p.endGroup()
	return p.finish()
}

// truncate keeps MaxBytes, and drops the line that this cuts in two.
func truncate(body []byte) []byte {
	if len(body) <= MaxBytes {
		return body
	}
	if next := body[MaxBytes]; next == '\r' || next == '\n' {
		return body[:MaxBytes]
	}
	body = body[:MaxBytes]
	return body[:bytes.LastIndexAny(body, "\r\n")+1]
}

// utf8Of decodes a file that begins with the byte order mark of UTF-16. The RFC
// asks for UTF-8, but who wrote "Disallow: /" in another encoding meant it.
func utf8Of(body []byte) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return body
	}
	units := make([]uint16, 0, len(body)/2)
	for body = body[2:]; len(body) >= 2; body = body[2:] {
		units = append(units, order.Uint16(body))
	}
	return []byte(string(utf16.Decode(units)))
}

// trimBOM drops a byte order mark, or what is left of one.
func trimBOM(body []byte) []byte {
	for _, c := range []byte("\xef\xbb\xbf") {
		if len(body) == 0 || body[0] != c {
			break
		}
		body = body[1:]
	}
	return body
}

// A parser is in a group from its first User-agent line to the one after its
// last rule. Other records, such as Sitemap, neither open nor close it.
type parser struct {
	rules *Rules

	// The patterns of all rules, one after another, until finish makes
	// strings of them: one allocation, and nothing of body is kept.
	patterns []byte
	spans    []span

	// The group that is read.
	start   int      // of its rules in spans
	open    bool     // it has a User-agent line
	ruled   bool     // it has a rule: the next User-agent line is another group's
	waiting []string // its agents that have no Crawl-delay yet

	seen map[string]bool // sitemaps
}

// A span is a rule whose pattern is patterns[from:to].
type span struct {
	from, to int
	weight   int32
	group    int32
	line     int32
	allow    bool
}

// line reads one line, without its end.
func (p *parser) line(text []byte, number int32) {
	key, value, ok := keyValue(text)
	if !ok {
		return
	}
	switch directive(key) {
	case userAgent:
		p.agent(string(value))
	case allow:
		p.rule(string(value), number, true)
	case disallow:
		p.rule(string(value), number, false)
	case sitemap:
		p.sitemap(string(value))
	case crawlDelay:
		p.delay(string(value))
	}
}

// keyValue splits a line at its ':', or, if it has just two words, between
// them.
func keyValue(line []byte) (key, value []byte, ok bool) {
	const space = " \t\n\v\f\r"
	line = line[:min(len(line), maxLine)]
	if i := bytes.IndexAny(line, "#\x00"); i >= 0 {
		line = line[:i]
	}
	line = bytes.Trim(line, space)
	sep := bytes.IndexByte(line, ':')
	if sep < 0 {
		if sep = bytes.IndexAny(line, " \t"); sep < 0 {
			return nil, nil, false
		}
		if value := bytes.TrimLeft(line[sep:], " \t"); bytes.ContainsAny(value, " \t") {
			return nil, nil, false
		}
	}
	key = bytes.Trim(line[:sep], space)
	return key, bytes.Trim(line[sep+1:], space), len(key) > 0
}

// What a line may be.
const (
	other = iota
	userAgent
	allow
	disallow
	sitemap
	crawlDelay
)

// spellings are the beginnings by which a directive is known, in the order of
// the search. The misspellings of the first four are Google's.
var spellings = []struct {
	prefix    string
	directive int
}{
	{"user-agent", userAgent}, {"useragent", userAgent}, {"user agent", userAgent},
	{"allow", allow},
	{"disallow", disallow}, {"dissallow", disallow}, {"dissalow", disallow},
	{"disalow", disallow}, {"diasllow", disallow}, {"disallaw", disallow},
	{"sitemap", sitemap}, {"site-map", sitemap},
	{"crawl-delay", crawlDelay}, {"crawldelay", crawlDelay}, {"crawl delay", crawlDelay},
}

func directive(key []byte) int {
	for _, s := range spellings {
		if len(key) >= len(s.prefix) && bytes.EqualFold(key[:len(s.prefix)], []byte(s.prefix)) {
			return s.directive
		}
	}
	return other
}

// agent reads a User-agent line: "*", perhaps with words after it, or a name of
// which the product token counts.
func (p *parser) agent(value string) {
	if p.ruled {
		p.endGroup()
	}
	p.open = true
	id := int32(len(p.rules.groups))
	if value != "" && value[0] == '*' && (len(value) == 1 || strings.IndexByte(" \t\n\v\f\r", value[1]) >= 0) {
		p.rules.global = appendNew(p.rules.global, id)
		p.waiting = append(p.waiting, "*")
		return
	}
	token := lower(value[:tokenLen(value)])
	p.rules.agents[token] = appendNew(p.rules.agents[token], id)
	p.waiting = append(p.waiting, token)
}

func appendNew(ids []int32, id int32) []int32 {
	if n := len(ids); n > 0 && ids[n-1] == id {
		return ids
	}
	return append(ids, id)
}

// rule reads an Allow or Disallow line. One without a pattern says nothing, but
// ends the list of agents.
func (p *parser) rule(value string, line int32, allow bool) {
	if !p.open {
		return
	}
	p.ruled = true
	if value == "" {
		return
	}
	p.add(value, line, allow)
	// A directory's index page stands for the directory itself.
	if slash := strings.LastIndexByte(value, '/'); allow && slash >= 0 && strings.HasPrefix(value[slash:], "/index.htm") {
		p.add(value[:slash+1]+"$", line, allow)
	}
}

func (p *parser) add(pattern string, line int32, allow bool) {
	from := len(p.patterns)
	p.patterns = appendNormal(p.patterns, pattern, true)
	weight := int32(len(pattern))
	for i := range len(pattern) {
		if pattern[i] >= 0x80 {
			weight += 2 // it counts as %XX
		}
	}
	p.spans = append(p.spans, span{from, len(p.patterns), weight, int32(len(p.rules.groups)), line, allow})
}

// delay reads a Crawl-delay line: seconds, for the agents named so far. The
// line is no part of the protocol and must not end a group, but nothing says
// that agents named after it share it.
func (p *parser) delay(value string) {
	d, ok := seconds(value)
	if !ok || !p.open {
		return
	}
	for _, token := range p.waiting {
		p.rules.delays[token] = max(p.rules.delays[token], d)
	}
	p.waiting = p.waiting[:0]
}

// seconds reads a decimal number and ignores what follows it.
func seconds(s string) (time.Duration, bool) {
	var d, unit time.Duration = 0, time.Second
	digits, point := 0, false
	for _, c := range []byte(s) {
		switch {
		case c == '.' && !point:
			point = true
			continue
		case c < '0' || c > '9':
			return min(d, maxDelay), digits > 0
		case point:
			unit /= 10
			d += time.Duration(c-'0') * unit
		default:
			d = min(d*10+time.Duration(c-'0')*time.Second, 10*maxDelay)
		}
		digits++
	}
	return min(d, maxDelay), digits > 0
}

func (p *parser) sitemap(value string) {
	if value == "" || p.seen[value] {
		return
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[value] = true
	p.rules.sitemaps = append(p.rules.sitemaps, value)
}

// endGroup closes the group that is read, if there is one.
func (p *parser) endGroup() {
	if p.open {
		p.rules.groups = append(p.rules.groups, make(group, 0, len(p.spans)-p.start))
	}
	p.start, p.open, p.ruled, p.waiting = len(p.spans), false, false, p.waiting[:0]
}

// finish gives the rules their patterns and their order.
func (p *parser) finish() *Rules {
	patterns := string(p.patterns)
	for _, s := range p.spans {
		g := &p.rules.groups[s.group]
		*g = append(*g, rule{patterns[s.from:s.to], s.weight, s.line, s.allow})
	}
	for _, g := range p.rules.groups {
		slices.SortStableFunc(g, func(a, b rule) int {
			switch {
			case a.beats(&b):
				return -1
			case b.beats(&a):
				return 1
			}
			return 0
		})
	}
	return p.rules
}
