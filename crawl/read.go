package crawl

import (
	"context"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/crawl/extract/convert"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/sitemap"
	"github.com/trawlsearch/trawl/langid"
	"github.com/trawlsearch/trawl/weburl"
)

// maxConvertBytes bounds what a document may take while it is read: with what the
// sandbox around it takes, 256 MiB.
const maxConvertBytes = 192 << 20

// Reading is how bodies are read, and within which limits; the zero value works.
type Reading struct {
	HTML         extract.Options // Agent and Now are the crawl's own
	Files        convert.Options // what is no page: PDF, office; of MaxMemory 0 is 192 MiB, of MaxLinks 0 that of HTML
	Sitemaps     sitemap.Options
	SitemapDepth int      // of indexes of sitemaps that are in an index; 0: 2
	Types        []string // media types that have documents, in lower case, "text/html" or "text/*"; none: all that can be read. XHTML counts as HTML
}

const defaultSitemapDepth = 2

// A reader makes pages of bodies, whatever their type. Any goroutine may call it.
type reader struct {
	opt   Reading
	files *convert.Reader
}

func newReader(agent string, opt Reading) *reader {
	if opt.Files.MaxMemory == 0 {
		opt.Files.MaxMemory = maxConvertBytes
	}
	if opt.Files.MaxLinks == 0 {
		opt.Files.MaxLinks = opt.HTML.MaxLinks
	}
	if opt.SitemapDepth == 0 {
		opt.SitemapDepth = defaultSitemapDepth
	}
	opt.HTML.Agent = agent
	return &reader{opt: opt, files: convert.New(opt.Files)}
}

func (rd *reader) close() error { return rd.files.Close() }

// wants tells whether documents of a media type are kept.
func (o *Reading) wants(mediaType string) bool {
	if isHTML(mediaType) {
		mediaType = "text/html"
	}
	return len(o.Types) == 0 || slices.ContainsFunc(o.Types, func(t string) bool {
		if main, any := strings.CutSuffix(t, "*"); any {
			return strings.HasPrefix(mediaType, main)
		}
		return t == mediaType || isHTML(t) && mediaType == "text/html"
	})
}

// read reads an answer. unread tells why there is no text, and the page has only what
// the header said, or why there is not all of it.
func (rd *reader) read(ctx context.Context, u weburl.URL, header http.Header, body []byte) (p *extract.Page, unread string) {
	opt := rd.opt.HTML
	name := path.Base(u.Path())
	if declared := header.Get("Content-Type"); !isHTML(extract.Sniff(declared, body)) {
		if kind := convert.Sniff(declared, name, body[:min(len(body), 4<<10)]); convert.Reads(kind) && !isHTML(kind) {
			p, _ = extract.Document(u, header, nil, opt) // what the header says
			p.MediaType, _, _ = strings.Cut(kind, ";")
			if !rd.opt.wants(p.MediaType) {
				return p, "type " + p.MediaType
			}
			return p, rd.file(ctx, p, u, kind, name, body)
		}
	}
	p, readable := extract.Document(u, header, body, opt)
	if !readable {
		return p, "type " + p.MediaType
	}
	p.Lang = language(p, u, header)
	if p.Truncated && p.Body != "" {
		return p, convert.Class(convert.ErrLimit) // its links may be missing too
	}
	return p, ""
}

func isHTML(mediaType string) bool {
	return mediaType == "text/html" || mediaType == "application/xhtml+xml"
}

// file reads a document that is no page into p.
func (rd *reader) file(ctx context.Context, p *extract.Page, u weburl.URL, kind, name string, body []byte) (unread string) {
	d, err := rd.files.Read(ctx, kind, name, body)
	if err != nil {
		class := convert.Class(err)
		if class == "" {
			class = "unreadable"
		}
		return class + " " + p.MediaType
	}
	p.Title, p.Description, p.Lang = d.Title, d.Description, d.Lang
	p.Published, p.Modified, p.Truncated = d.Published, d.Modified, d.Truncated
	if d.Author != "" {
		p.Authors = []string{d.Author}
	}
	var b strings.Builder
	for _, s := range d.Sections {
		if s.Heading != "" {
			p.Headings = append(p.Headings, extract.Heading{Level: s.Level, Text: s.Heading, Anchor: s.Anchor})
		}
		p.Sections = append(p.Sections, extract.Section{Level: s.Level, Heading: s.Heading, Anchor: s.Anchor, Text: s.Text})
		if b.Len() > 0 && s.Text != "" {
			b.WriteByte('\n')
		}
		b.WriteString(s.Text)
	}
	p.Body = b.String()
	for _, l := range d.Links {
		if v, err := u.Join(l); err == nil && v.IsWeb() {
			p.Links = append(p.Links, extract.Link{URL: v})
		}
	}
	sum := newHash()
	sum.add(p.Title, p.Body)
	p.ContentHash = sum.hash()
	p.Lang = language(p, u, nil)
	return d.Why
}

// language is that of the text, which the author's word is weighed against: templates
// say what they were made for. The author's tag stays where it only says more.
func language(p *extract.Page, u weburl.URL, header http.Header) string {
	text := p.Body
	if len(text) < 200 {
		text = p.Title + "\n" + text + "\n" + p.Boilerplate
	}
	host := u.Hostname()
	tag, _ := langid.DetectWith(text, langid.Hint{
		HTMLLang: p.Lang, ContentLanguage: header.Get("Content-Language"), TLD: host[strings.LastIndexByte(host, '.')+1:],
	})
	own, _, _ := strings.Cut(strings.ToLower(p.Lang), "-")
	if tag == "" || own == tag || own == "no" && (tag == "nb" || tag == "nn") {
		return p.Lang
	}
	return tag
}

// feed reads the links of a list of what is new; it is false of anything else.
func feed(resp *fetch.Response) (*convert.Feed, bool) {
	f, err := convert.ReadFeed(resp.Body, resp.Header.Get("Content-Type"))
	return f, err == nil
}
