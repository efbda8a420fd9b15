package extract

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxDataScripts   = 32
	maxDataBytes     = 512 << 10 // of all JSON-LD of a page
	maxDataDepth     = 12
	maxThings        = 64
	maxProperties    = 200 // of one thing
	maxPropertyBytes = 1000
	maxDataText      = 256 << 10 // of an articleBody, which is evidence only
)

// A Thing is what a page's structured data (schema.org in JSON-LD) tells of one
// thing: an article, a product, questions and answers. Properties of what it
// consists of have names such as "offers.price"; a list repeats its name.
type Thing struct {
	Type       string // as given, without "http://schema.org/": NewsArticle, Product, FAQPage
	Properties []Attribute
}

// First is the value of the first property of that name, or empty.
func (t *Thing) First(name string) string {
	for i := range t.Properties {
		if t.Properties[i].Name == name {
			return t.Properties[i].Value
		}
	}
	return ""
}

// jsonLD reads one script of JSON-LD. It forgives what browsers' parsers and
// authors disagree about: comments around it, line ends in strings, commas too
// many. What it cannot make out ends it; what was read until then counts.
func jsonLD(script []byte, things []Thing) (out []Thing, body string) {
	script = bytes.TrimSpace(script)
	script = bytes.TrimPrefix(script, []byte("<!--"))
	script = bytes.TrimPrefix(bytes.TrimSpace(script), []byte("//<![CDATA["))
	script = bytes.TrimPrefix(script, []byte("<![CDATA["))
	p := &jsonReader{b: script, things: things}
	p.top(0)
	return p.things, p.body
}

type jsonReader struct {
	b      []byte
	i      int
	things []Thing
	cur    *Thing
	body   string // articleBody or text of the first thing that has one
}

// top reads a thing, a list of things, or an object with a @graph of them.
func (p *jsonReader) top(depth int) bool {
	switch p.peek() {
	case '[':
		return depth < maxDataDepth && p.list(func() bool { return p.top(depth + 1) })
	case '{':
		if len(p.things) >= maxThings {
			return false
		}
		t := Thing{}
		outer := p.cur
		p.cur = &t
		ok := p.object("", depth)
		p.cur = outer
		if t.Type != "" && len(p.things) < maxThings {
			p.things = append(p.things, t)
		}
		return ok
	}
	return p.skipValue(depth)
}

// object reads the members of an object into the current thing.
func (p *jsonReader) object(path string, depth int) bool {
	if depth >= maxDataDepth {
		return false
	}
	p.i++
	for {
		switch p.peek() {
		case ',':
			p.i++
			continue
		case '}':
			p.i++
			return true
		case '"':
		default:
			return false
		}
		key, ok := p.str(maxPropertyBytes)
		if !ok || p.peek() != ':' {
			return false
		}
		p.i++
		if !p.member(path, key, depth) {
			return false
		}
	}
}

func (p *jsonReader) member(path, key string, depth int) bool {
	switch {
	case key == "@graph" && path == "":
		return p.top(depth + 1)
	case key == "@type" && path == "":
		return p.value("@type", depth)
	case strings.HasPrefix(key, "@"):
		return p.skipValue(depth)
	case path != "":
		key = path + "." + key
	}
	return p.value(key, depth)
}

// value reads a value as the property of that name.
func (p *jsonReader) value(name string, depth int) bool {
	switch c := p.peek(); c {
	case '{':
		return p.object(name, depth+1)
	case '[':
		return depth < maxDataDepth && p.list(func() bool { return p.value(name, depth+1) })
	case '"':
		limit := maxPropertyBytes
		isBody := (name == "articleBody" || name == "text") && p.body == ""
		if isBody {
			limit = maxDataText
		}
		s, ok := p.str(limit)
		if isBody {
			p.body = s
		}
		p.set(name, cutText(s, maxPropertyBytes))
		return ok
	default:
		from := p.i
		for p.i < len(p.b) && strings.IndexByte(",]} \t\r\n", p.b[p.i]) < 0 {
			p.i++
		}
		word := string(p.b[from:min(p.i, from+maxPropertyBytes)])
		if word != "null" && word != "" && utf8.ValidString(word) {
			p.set(name, word)
		}
		return p.i > from
	}
}

func (p *jsonReader) set(name, v string) {
	v = strings.TrimSpace(v)
	switch {
	case v == "":
	case name == "@type":
		v = v[strings.LastIndexAny(v, "/:")+1:]
		if p.cur.Type == "" {
			p.cur.Type = cutText(v, 100)
		}
	case len(p.cur.Properties) < maxProperties:
		p.cur.Properties = append(p.cur.Properties, Attribute{Name: cutText(name, maxAttributeName), Value: v})
	}
}

func (p *jsonReader) list(item func() bool) bool {
	p.i++
	for {
		switch p.peek() {
		case ',':
			p.i++
			continue
		case ']':
			p.i++
			return true
		case 0:
			return false
		}
		if !item() {
			return false
		}
	}
}

// skipValue reads a value that is not kept.
func (p *jsonReader) skipValue(depth int) bool {
	keep := p.cur
	p.cur = &Thing{}
	ok := p.value("@skipped", depth)
	p.cur = keep
	return ok
}

// peek is the next byte that is no white space, or 0 at the end.
func (p *jsonReader) peek() byte {
	for p.i < len(p.b) && p.b[p.i] <= ' ' {
		p.i++
	}
	if p.i == len(p.b) {
		return 0
	}
	return p.b[p.i]
}

// str reads a string, of which limit bytes are kept.
func (p *jsonReader) str(limit int) (string, bool) {
	p.i++
	from := p.i
	n := bytes.IndexAny(p.b[from:], `"\`)
	if n < 0 {
		p.i = len(p.b)
		return "", false
	}
	if p.b[from+n] == '"' {
		p.i = from + n + 1
		return cutText(string(p.b[from:from+min(n, limit+utf8.UTFMax)]), limit), true
	}
	out := append(make([]byte, 0, 2*n+16), p.b[from:from+n]...)
	for p.i = from + n; p.i < len(p.b); {
		switch c := p.b[p.i]; {
		case c == '"':
			p.i++
			return cutText(string(out), limit), true
		case c == '\\':
			out = p.escape(out)
		default:
			out = append(out, c)
			p.i++
		}
		if len(out) > limit+utf8.UTFMax {
			out = out[:limit+utf8.UTFMax]
		}
	}
	return "", false
}

// escape reads an escape sequence.
func (p *jsonReader) escape(out []byte) []byte {
	if p.i+1 >= len(p.b) {
		p.i = len(p.b)
		return out
	}
	c := p.b[p.i+1]
	p.i += 2
	switch c {
	case 'n', 'r', 't', 'b', 'f':
		return append(out, ' ')
	case 'u':
		r := p.hex()
		if utf16.IsSurrogate(r) && p.i+1 < len(p.b) && p.b[p.i] == '\\' && p.b[p.i+1] == 'u' {
			p.i += 2
			r = utf16.DecodeRune(r, p.hex())
		}
		return utf8.AppendRune(out, r)
	}
	return append(out, c)
}

func (p *jsonReader) hex() rune {
	end := min(p.i+4, len(p.b))
	n, err := strconv.ParseUint(string(p.b[p.i:end]), 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	p.i = end
	return rune(n)
}
