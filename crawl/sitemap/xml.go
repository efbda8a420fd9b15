package sitemap

import (
	"strconv"
	"strings"
	"time"
)

// maxDepth bounds the elements whose names are kept; what is nested deeper is
// passed over.
const maxDepth = 64

// An item is an entry being read.
type item struct {
	Entry
	open bool
	loc  string // address: of loc, link
	id   string // address to take if there is no other: of guid
	own  []byte // text that stands in the item itself
}

// xmlReader walks the elements of a document.
type xmlReader struct {
	*parser
	s      *scanner
	path   []string // local names of the open elements that count, else ""
	deep   int      // open elements below maxDepth
	prefix string   // of the root
	cur    item
	list   *[]Entry
	value  []byte // text of the open field
	closed bool   // the root's end was seen
}

// xml reads any of the formats of XML. Its root names it.
func (p *parser) xml(s *scanner) {
	x := &xmlReader{parser: p, s: s}
	for {
		switch s.next() {
		case kindEnd:
			x.finish()
			return
		case kindText:
			x.text()
		case kindStart:
			if !x.start() {
				return
			}
		case kindEmpty:
			if !x.start() {
				return
			}
			if !x.end() {
				return
			}
		case kindClose:
			if !x.close(s.name) {
				return
			}
		}
	}
}

// start opens an element. False: this is no sitemap, or there is no more room.
func (x *xmlReader) start() bool {
	if len(x.path) == 0 {
		return x.root()
	}
	if len(x.path) >= maxDepth {
		x.deep++
		return true
	}
	name := x.known(x.s.prefix, x.s.name)
	if x.path[len(x.path)-1] == "loc" { // <loc><url>http://...</url></loc>
		x.path = append(x.path, "")
		return true
	}
	ok := true
	switch {
	case x.isItem(name):
		ok = x.endItem() // the one before was not closed
		x.beginItem(name)
	case x.inItem() && (name == "loc" || name == "link" && x.out.Type == TypeRSS) && x.cur.loc != "":
		list, kind := x.list, x.out.Type
		if kind == TypeURLSet || kind == TypeIndex { // two entries in one element
			ok = x.endItem()
			x.cur, x.list = item{open: true}, list
			x.cur.Priority = defaultPriority
		}
	case x.inItem() && name == "link" && x.out.Type == TypeAtom:
		if rel := attr(x.s.attrs, "rel"); x.cur.loc == "" && (rel == "" || rel == "alternate") {
			x.cur.loc = attr(x.s.attrs, "href")
		}
	}
	x.path = append(x.path, name)
	x.value = x.value[:0]
	return ok
}

// root decides by its first element what a document is.
func (x *xmlReader) root() bool {
	if x.closed {
		return false
	}
	switch strings.ToLower(x.s.name) {
	case "urlset":
		x.out.Type = TypeURLSet
	case "sitemapindex":
		x.out.Type = TypeIndex
	case "rss", "rdf":
		x.out.Type = TypeRSS
	case "feed":
		x.out.Type = TypeAtom
	default:
		return false
	}
	x.prefix = x.s.prefix
	x.namespace()
	x.path = append(x.path, x.s.name)
	return true
}

// namespace looks at that of the root, which the protocol asks for.
func (x *xmlReader) namespace() {
	name := "xmlns"
	if x.prefix != "" {
		name += ":" + x.prefix
	}
	if (x.out.Type == TypeURLSet || x.out.Type == TypeIndex) && attr(x.s.attrs, name) != "http://www.sitemaps.org/schemas/sitemap/0.9" {
		x.out.Faults |= FaultNamespace
	}
}

// known is the name of an element that may mean something here: of the root's
// prefix (images and films have a loc of their own), or of RSS and Dublin Core.
func (x *xmlReader) known(prefix, name string) string {
	switch {
	case prefix == x.prefix:
		return name
	case x.out.Type == TypeRSS && prefix == "":
		return name
	case x.out.Type == TypeRSS && prefix == "dc" && name == "date":
		return "pubDate"
	}
	return ""
}

func (x *xmlReader) isItem(name string) bool {
	switch x.out.Type {
	case TypeURLSet, TypeIndex:
		return name == "url" || name == "sitemap"
	case TypeRSS:
		return name == "item"
	}
	return name == "entry"
}

// inItem tells whether the innermost open element is an item.
func (x *xmlReader) inItem() bool {
	return x.cur.open && x.isItem(x.path[len(x.path)-1])
}

func (x *xmlReader) beginItem(name string) {
	x.cur = item{open: true}
	x.cur.Priority = defaultPriority
	x.list = &x.out.Entries
	if name == "sitemap" {
		x.list = &x.out.Children
	}
}

// text keeps the characters of a field, or of an item that wraps its address in
// nothing more.
func (x *xmlReader) text() {
	if !x.cur.open || x.deep > 0 || len(x.path) == 0 {
		return
	}
	if x.inItem() {
		if len(x.cur.own) < maxPiece {
			x.cur.own = append(x.cur.own, x.s.value...)
		}
		return
	}
	if x.s.atEnd {
		x.value = x.value[:0] // nobody knows what is missing
		return
	}
	if len(x.value) < maxPiece {
		x.value = append(x.value, x.s.value...)
	}
}

// close handles an end tag: it ends the innermost open element of its name, and
// those within it; nothing if there is none.
func (x *xmlReader) close(name string) bool {
	if x.deep > 0 {
		x.deep--
		return true
	}
	for i := len(x.path) - 1; i >= 0; i-- {
		if x.path[i] == name || x.path[i] == "" && i == len(x.path)-1 {
			if i < len(x.path)-1 {
				x.out.Faults |= FaultMalformed
			}
			for len(x.path) > i {
				if !x.end() {
					return false
				}
			}
			return true
		}
	}
	x.out.Faults |= FaultMalformed
	return true
}

// end closes the innermost element.
func (x *xmlReader) end() bool {
	if x.deep > 0 {
		x.deep--
		return true
	}
	if len(x.path) == 0 {
		return true
	}
	name := x.path[len(x.path)-1]
	x.path = x.path[:len(x.path)-1]
	switch {
	case len(x.path) == 0:
		x.closed = true
		return x.endItem()
	case x.isItem(name):
		return x.endItem()
	case x.inItem():
		x.field(name, strings.TrimFunc(string(x.value), isBlank))
	}
	if x.path[len(x.path)-1] != "loc" {
		x.value = x.value[:0]
	}
	return true
}

// field sets what the element just closed says of the current item.
func (x *xmlReader) field(name, value string) {
	switch name {
	case "loc":
		x.cur.loc = value
	case "link":
		if x.out.Type == TypeRSS && x.cur.loc == "" {
			x.cur.loc = value
		}
	case "guid":
		x.cur.id = value
	case "lastmod", "pubDate", "updated", "modified":
		if t, ok := parseTime(value); ok {
			x.cur.LastMod = t
		}
	case "published", "issued":
		if t, ok := parseTime(value); ok && x.cur.LastMod.IsZero() {
			x.cur.LastMod = t
		}
	case "priority":
		if v, err := strconv.ParseFloat(value, 64); err == nil && v >= 0 && v <= 1 {
			x.cur.Priority = v
		}
	case "changefreq":
		switch v := strings.ToLower(value); v {
		case "always", "hourly", "daily", "weekly", "monthly", "yearly", "never":
			x.cur.ChangeFreq = v
		}
	}
}

// endItem hands the current item over, if there is one.
func (x *xmlReader) endItem() bool {
	it := x.cur
	x.cur = item{}
	if !it.open {
		return true
	}
	for _, loc := range []string{it.loc, it.id, strings.TrimFunc(string(it.own), isBlank)} {
		if loc != "" {
			return x.add(x.list, loc, it.Entry)
		}
	}
	return true
}

// finish ends a document that may have been cut off: a field whose end tag had
// begun is whole, another is not.
func (x *xmlReader) finish() {
	if len(x.path) == 0 {
		return
	}
	x.out.Truncated = true
	for len(x.path) > 0 && x.end() {
	}
}

var timeFormats = []string{
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02", "2006-01", "2006", "20060102",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05",
	time.RFC1123Z, time.RFC1123, "Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST",
	"Mon, 2 Jan 06 15:04:05 -0700", "Mon, 2 Jan 06 15:04:05 MST", "2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 MST",
	"2 Jan 06 15:04:05 -0700", "2 Jan 06 15:04:05 MST", "Mon, 2 Jan 2006 15:04 -0700", "Mon, 2 Jan 2006 15:04 MST",
}

// parseTime reads the dates of W3C (as sitemaps and Atom have them) and of RFC
// 822 (as RSS has them), in UTC.
func parseTime(s string) (time.Time, bool) {
	if s == "" || len(s) > 64 {
		return time.Time{}, false
	}
	for _, f := range timeFormats {
		if t, err := time.Parse(f, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
