package convert

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html/charset"
)

const (
	maxFeedBytes   = 10 << 20
	maxFeedItems   = 1000
	maxFeedTokens  = 1_000_000
	maxSummary     = 500 // bytes of text
	feedHeadBytes  = 4096
	typeRSS        = "application/rss+xml"
	typeAtom       = "application/atom+xml"
	typeJSONFeed   = "application/feed+json"
	jsonFeedMarker = "jsonfeed.org/version"
)

// A Feed is a list of what is new, at most 1,000 items, newest first where the
// items have dates.
type Feed struct {
	Title, Link string // as written; the link is that of the site
	Items       []Item
	Truncated   bool // items are missing
}

// An Item is one entry of a feed.
type Item struct {
	Title, Link, GUID  string    // as written; a GUID that is an address stands for a missing link
	Published, Updated time.Time // zero: not given or unreadable
	Summary            string    // text without markup, at most 500 bytes
}

// ReadFeed reads RSS 0.9 to 2.0, Atom 0.3 and 1.0 and JSON Feed. The content
// type is that of the response, whose charset holds if it names one; it may be
// empty. A feed that breaks off is read up to its last whole item.
func ReadFeed(body []byte, contentType string) (*Feed, error) {
	truncated := len(body) > maxFeedBytes
	kind := feedType(body[:min(len(body), feedHeadBytes)])
	if kind == "" {
		return nil, fmt.Errorf("convert: read feed: %w: no feed", ErrUnsupported)
	}
	body, cut, err := bound(kind, body[:min(len(body), maxFeedBytes)], contentType)
	if err != nil {
		return nil, fmt.Errorf("convert: read feed: %w", err)
	}
	parsed, err := parseFeed(body)
	if err != nil {
		return nil, fmt.Errorf("convert: read feed: %w: %w", ErrDamaged, err)
	}
	return newFeed(parsed, truncated || cut), nil
}

func bound(kind string, body []byte, contentType string) (bounded []byte, cut bool, err error) {
	if kind == typeJSONFeed {
		return boundJSONFeed(body)
	}
	text, err := decodeXML(body, contentType)
	if err != nil {
		return nil, false, err
	}
	return boundFeed(text)
}

// parseFeed keeps a panic of the parser from the crawl.
func parseFeed(body []byte) (feed *gofeed.Feed, err error) {
	defer func() {
		if p := recover(); p != nil {
			feed, err = nil, fmt.Errorf("gofeed panicked: %v", p)
		}
	}()
	return gofeed.NewParser().Parse(bytes.NewReader(body))
}

func newFeed(parsed *gofeed.Feed, truncated bool) *Feed {
	f := &Feed{Title: oneLine(parsed.Title, maxTitleBytes), Link: strings.TrimSpace(parsed.Link), Truncated: truncated}
	for _, p := range parsed.Items {
		if len(f.Items) == maxFeedItems {
			f.Truncated = true
			break
		}
		item := Item{Title: htmlText(p.Title), Link: strings.TrimSpace(p.Link), GUID: strings.TrimSpace(p.GUID),
			Summary: truncate(htmlText(truncate(cmp.Or(p.Description, p.Content), 16*maxSummary)), maxSummary)}
		if item.Link == "" && strings.Contains(item.GUID, "://") {
			item.Link = item.GUID
		}
		if p.PublishedParsed != nil {
			item.Published = p.PublishedParsed.UTC()
		}
		if p.UpdatedParsed != nil {
			item.Updated = p.UpdatedParsed.UTC()
		}
		f.Items = append(f.Items, item)
	}
	slices.SortStableFunc(f.Items, func(a, b Item) int { return b.at().Compare(a.at()) })
	return f
}

func (i Item) at() time.Time {
	if i.Published.IsZero() {
		return i.Updated
	}
	return i.Published
}

// feedType knows a feed by its root element, or by the version of a JSON Feed.
func feedType(head []byte) string {
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	switch {
	case bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(jsonFeedMarker)),
		bytes.HasPrefix(head, []byte("{")) && bytes.Contains(bytes.ReplaceAll(head, []byte(`\/`), []byte("/")), []byte(jsonFeedMarker)):
		return typeJSONFeed
	case bytes.HasPrefix(head, []byte("\xff\xfe<\x00")), bytes.HasPrefix(head, []byte("\xfe\xff\x00<")):
		head = bytes.ReplaceAll(head[2:], []byte{0}, nil) // UTF-16 of ASCII, enough to see the root
	}
	name, rest := rootElement(head)
	switch _, local, ok := strings.Cut(name, ":"); {
	case name == "rss":
		return typeRSS
	case name == "feed" && bytes.Contains(rest, []byte("tom")), ok && local == "feed" && bytes.Contains(rest, []byte("Atom")):
		return typeAtom
	case strings.EqualFold(local, "rdf") && bytes.Contains(rest, []byte("purl.org/rss/")),
		strings.EqualFold(local, "rdf") && bytes.Contains(rest, []byte("netscape.com/rdf")):
		return typeRSS
	}
	return ""
}

// rootElement returns the name of the first element and what follows it.
func rootElement(head []byte) (string, []byte) {
	for {
		i := bytes.IndexByte(head, '<')
		if i < 0 || i+1 >= len(head) {
			return "", nil
		}
		head = head[i+1:]
		switch {
		case bytes.HasPrefix(head, []byte("!--")):
			_, after, found := bytes.Cut(head, []byte("-->"))
			if !found {
				return "", nil
			}
			head = after
		case head[0] == '?' || head[0] == '!':
			_, head, _ = bytes.Cut(head, []byte(">"))
		default:
			end := bytes.IndexAny(head, " \t\r\n/>")
			if end < 0 {
				end = len(head)
			}
			return string(head[:end]), head[end:]
		}
	}
}

// decodeXML makes UTF-8 of XML and takes off the declaration, which would say
// something else: by its byte order mark, the header, or the declaration.
func decodeXML(body []byte, contentType string) ([]byte, error) {
	_, params, _ := mime.ParseMediaType(contentType) // without parameters on an error
	label := params["charset"]
	if len(body) >= 2 && (body[0] == 0xff && body[1] == 0xfe || body[0] == 0xfe && body[1] == 0xff) {
		label = "utf-16"
		if body[0] == 0xfe {
			label = "utf-16be"
		}
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if label == "" {
		label = declaredEncoding(body)
	}
	if label != "" && !strings.EqualFold(label, "utf-8") {
		if r, err := charset.NewReaderLabel(label, bytes.NewReader(body)); err == nil {
			decoded, err := io.ReadAll(io.LimitReader(r, 3*maxFeedBytes))
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			body = decoded
		}
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if bytes.HasPrefix(body, []byte("<?xml")) {
		_, body, _ = bytes.Cut(body, []byte("?>"))
	}
	return bytes.ToValidUTF8(body, []byte("\ufffd")), nil
}

func declaredEncoding(body []byte) string {
	head := string(body[:min(len(body), 200)])
	if !strings.HasPrefix(strings.TrimSpace(head), "<?xml") {
		return ""
	}
	head, _, _ = strings.Cut(head, "?>")
	_, rest, _ := strings.Cut(head, "encoding")
	if i := strings.IndexAny(rest, `"'`); i >= 0 {
		label, _, _ := strings.Cut(rest[i+1:], rest[i:i+1])
		return label
	}
	return ""
}

// boundFeed walks a feed before gofeed does, which has no bounds: it recurses
// as deep as the elements go and makes an object of each item. Where there is
// too much, or the feed breaks off, it is closed after the last whole item.
func boundFeed(text []byte) (bounded []byte, cut bool, err error) {
	w := feedWalk{x: newXMLReader(func() error { return nil }, bytes.NewReader(text))}
	w.x.d.Strict = false
	for {
		w.x.guard.used = 0
		start := w.x.d.InputOffset()
		t, err := w.x.d.RawToken()
		if err == io.EOF && len(w.open) == 0 {
			return text, false, nil
		}
		if err == nil {
			err = w.token(t, start)
		}
		if err == nil {
			continue
		}
		if w.items == 0 {
			return nil, false, feedProblem(err)
		}
		bounded = slices.Clone(text[:w.end])
		for _, name := range slices.Backward(w.openAtEnd) {
			bounded = fmt.Appendf(bounded, "</%s>", name)
		}
		return bounded, true, nil
	}
}

func feedProblem(err error) error {
	if errors.Is(err, ErrLimit) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

type feedWalk struct {
	x         *xmlReader
	open      []string // elements, as they are written
	tokens    int
	items     int      // that are whole
	end       int64    // of the last one
	openAtEnd []string // what was open there
}

func (w *feedWalk) token(t xml.Token, start int64) error {
	if w.tokens++; w.tokens > maxFeedTokens {
		return fmt.Errorf("%w: %d XML tokens", ErrLimit, maxFeedTokens)
	}
	switch t := t.(type) {
	case xml.StartElement:
		if isItem(t.Name) && w.items >= maxFeedItems {
			return fmt.Errorf("%w: %d items", ErrLimit, maxFeedItems)
		}
		if w.open = append(w.open, written(t.Name)); len(w.open) > maxXMLDepth {
			return fmt.Errorf("%w: %d levels of XML", ErrLimit, maxXMLDepth)
		}
	case xml.EndElement:
		// Only what was opened is closed: </br> in a feed closes nothing.
		n := len(w.open)
		if n == 0 || w.open[n-1] != written(t.Name) {
			return nil
		}
		w.open = w.open[:n-1]
		if isItem(t.Name) {
			w.items++
			w.end = w.x.d.InputOffset()
			w.openAtEnd = slices.Clone(w.open)
		}
	case xml.Directive:
		if bytes.Contains(t, []byte("<!ENTITY")) {
			return fmt.Errorf("%w: entity declarations", ErrLimit)
		}
	}
	return nil
}

func isItem(n xml.Name) bool { return n.Local == "item" || n.Local == "entry" }

// written is a name with its prefix, which RawToken leaves in Space.
func written(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}
