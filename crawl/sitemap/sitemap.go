// Package sitemap reads what a site says of its own pages: sitemaps of XML and
// text, sitemap indexes, RSS and Atom feeds, plain or compressed by gzip.
//
// It is lenient: a wrong namespace, a missing end, a bad date or a bad address
// costs that piece, not the document. It is streaming: a document is never held
// in memory, only one tag and one text of it. It is bounded:
//
//	bytes read, after decompression   50 MiB (sitemaps.org's limit): Truncated
//	entries and children together     50,000 (likewise): Truncated
//	children                          1,000: Truncated
//	one tag, one text                 16 KiB; what is longer is cut
//	nesting looked at                 64 elements
//
// XML entities other than the five of the standard and character references
// are left as they stand; nothing is included, nothing is fetched. Which of the
// addresses are in scope is for the crawler to say.
//
// What a document or an address has against the protocol is noted (Sitemap.Faults,
// Entry.Outside), and costs nothing: of real sitemaps many would be lost.
//
// Sources: sitemaps.org protocol 0.9; RSS 2.0 and 1.0; RFC 4287 (Atom).
//
// Parse may be called from any number of goroutines.
package sitemap

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/trawlsearch/trawl/weburl"
)

const (
	defaultMaxBytes    = 50 << 20
	defaultMaxEntries  = 50_000
	defaultMaxChildren = 1000
	defaultPriority    = 0.5 // of an entry that names none, by the protocol
)

// ErrFormat is returned for a document that is no sitemap of any kind.
var ErrFormat = errors.New("not a sitemap")

// Options bound what is read.
type Options struct {
	MaxBytes    int64 // of the document, decompressed; 0 is 50 MiB
	MaxEntries  int   // 0 is 50,000
	MaxChildren int   // further sitemaps; 0 is 1,000
}

// The types of a Sitemap.
const (
	TypeURLSet = "urlset"
	TypeIndex  = "index"
	TypeText   = "text"
	TypeRSS    = "rss"
	TypeAtom   = "atom"
)

// A Sitemap is what a document lists.
type Sitemap struct {
	Type      string
	Entries   []Entry // pages
	Children  []Entry // further sitemaps
	Truncated bool    // a limit or the document's early end cut something off
	Faults    Fault   // what is against the protocol
}

// A Fault is a set of what a document has against the protocol.
type Fault uint8

const (
	// FaultMalformed: an end tag that closes nothing, or not what was opened
	// last. That is no whole check: other documents may be no XML either.
	FaultMalformed Fault = 1 << iota
	FaultNamespace       // of a urlset or an index: another than the protocol's, or none
	FaultOutside         // some entries are Outside
)

func (f Fault) String() string {
	var names []string
	for i, name := range []string{"malformed", "namespace", "outside"} {
		if f>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// An Entry is one address. Its URL has neither fragment nor credentials.
type Entry struct {
	URL        weburl.URL
	LastMod    time.Time // zero: not said, or not a date with a zone
	Priority   float64   // 0 to 1, as the site sees its own pages; 0.5 if not said
	ChangeFreq string    // always, hourly, daily, weekly, monthly, yearly, never, or empty
	// Outside: the page of a urlset or a text is not of the sitemap's origin and
	// folder, for which alone a sitemap speaks (sitemaps.org, Sitemap file
	// location), unless the robots.txt of the page's host names it.
	Outside bool
}

// Parse reads a document that was fetched from u. The header is not believed:
// what it is, and whether it is compressed, its bytes tell. The error is
// ErrFormat or says what is wrong with the compression.
func Parse(u weburl.URL, header http.Header, body []byte, opt Options) (*Sitemap, error) {
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = defaultMaxBytes
	}
	if opt.MaxEntries <= 0 {
		opt.MaxEntries = defaultMaxEntries
	}
	if opt.MaxChildren <= 0 {
		opt.MaxChildren = defaultMaxChildren
	}
	var src io.Reader = bytes.NewReader(body)
	if bytes.HasPrefix(body, []byte{0x1F, 0x8B}) {
		z, err := gzip.NewReader(src)
		if err != nil {
			return nil, fmt.Errorf("sitemap: open gzip of %s: %w", u, err)
		}
		defer z.Close()
		src = z
	}
	limited := &limitReader{r: src, left: opt.MaxBytes}
	p := &parser{base: u, opt: opt, out: &Sitemap{}}
	r, isXML := open(limited)
	if isXML {
		p.xml(newScanner(r))
	} else {
		p.text(r)
	}
	p.out.Truncated = p.out.Truncated || limited.cut
	if p.out.Type == "" {
		return nil, fmt.Errorf("sitemap: read %s: %w", u, ErrFormat)
	}
	return p.out, nil
}

// limitReader ends a stream after so many bytes, or where it breaks, and
// remembers that it did.
type limitReader struct {
	r    io.Reader
	left int64
	cut  bool
}

func (l *limitReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		var one [1]byte
		n, _ := l.r.Read(one[:])
		l.cut = l.cut || n > 0
		return 0, io.EOF
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	if err != nil && err != io.EOF { // corrupt gzip: what came before it counts
		l.cut = true
		err = io.EOF
	}
	return n, err
}

// open skips the byte order mark and white space before a document, undoes
// UTF-16, and tells whether a tag comes first.
func open(src io.Reader) (r *bufio.Reader, isXML bool) {
	r = bufio.NewReaderSize(src, 32<<10)
	head, _ := r.Peek(2)
	switch {
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}), bytes.HasPrefix(head, []byte{0, '<'}):
		r = bufio.NewReaderSize(&utf16Reader{r: r, big: true}, 32<<10)
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{'<', 0}):
		r = bufio.NewReaderSize(&utf16Reader{r: r}, 32<<10)
	}
	for {
		c, _, err := r.ReadRune()
		if err != nil {
			return r, false
		}
		if !isBlank(c) {
			r.UnreadRune()
			return r, c == '<'
		}
	}
}

// isBlank tells what may stand around a document, an address or a date.
func isBlank(c rune) bool {
	return unicode.IsSpace(c) || c == '\uFEFF' || c == '\u200B' || c == 0
}

type parser struct {
	base weburl.URL
	opt  Options
	out  *Sitemap
}

// full tells whether a limit is reached.
func (p *parser) full() bool {
	return len(p.out.Entries)+len(p.out.Children) >= p.opt.MaxEntries || len(p.out.Children) >= p.opt.MaxChildren
}

// add keeps an address, if it is one. It returns false once there is no room.
func (p *parser) add(to *[]Entry, loc string, e Entry) bool {
	u, ok := p.address(loc)
	if !ok {
		return true
	}
	if p.full() {
		p.out.Truncated = true
		return false
	}
	e.URL = u
	if to == &p.out.Entries && (p.out.Type == TypeURLSet || p.out.Type == "") && !p.below(u) {
		e.Outside = true
		p.out.Faults |= FaultOutside
	}
	*to = append(*to, e)
	return true
}

// below tells whether a page is of the sitemap's origin and folder.
func (p *parser) below(u weburl.URL) bool {
	path := p.base.Path()
	return u.Origin() == p.base.Origin() && strings.HasPrefix(u.Path(), path[:strings.LastIndexByte(path, '/')+1])
}

// address reads an address as sitemaps spell it: in full, or by mistake without
// its scheme or its host.
func (p *parser) address(s string) (weburl.URL, bool) {
	s = strings.TrimFunc(s, isBlank)
	var u weburl.URL
	var err error
	switch host := p.base.Host(); {
	case s == "":
		return weburl.URL{}, false
	case strings.HasPrefix(s, "/"):
		u, err = p.base.Join(s)
	case host != "" && len(s) > len(host) && strings.EqualFold(s[:len(host)], host) && s[len(host)] == '/':
		u, err = weburl.Parse(p.base.Scheme() + "://" + s)
	default:
		u, err = weburl.Parse(s)
	}
	if err != nil || !u.IsWeb() {
		return weburl.URL{}, false
	}
	return u.Page(), true
}

// maxLine bounds a line of a text sitemap: addresses longer than 2,048 bytes
// are against the protocol.
const maxLine = 16 << 10

// text reads one address a line. It is a sitemap if it has any.
func (p *parser) text(r *bufio.Reader) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), maxLine)
	s.Split(scanLines)
	for s.Scan() {
		if !p.add(&p.out.Entries, s.Text(), Entry{Priority: defaultPriority}) {
			break
		}
	}
	if s.Err() != nil {
		p.out.Truncated = true
	}
	if len(p.out.Entries) > 0 {
		p.out.Type = TypeText
	}
}

// scanLines parts lines at LF, CR or both.
func scanLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}
