package extract

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

const (
	maxAuthors     = 20
	maxAuthorBytes = 100
	maxKeywords    = 100
	maxOpenGraph   = 100
	maxFactBytes   = 2000 // of a value as written
)

// facts are what a page's head says about it, as written.
type facts struct {
	published, modified     datum
	authors, keywords       [][]byte
	siteName, ogType, image []byte
	openGraph               []Attribute
	attributes              []Attribute
	data                    [][]byte // scripts of JSON-LD
	dataBytes               int
	vouching                string // the text of the article, as JSON-LD gives it
	authorLink              int    // index of the first link with rel=author plus one
}

// fact keeps what a <meta> of that name or property says.
func (s *scanner) fact(name string, content []byte) {
	if len(content) == 0 || len(content) > maxFactBytes {
		return
	}
	if d, ok := dateNames[name]; ok {
		s.offerDate(d.published, content, d.rank)
	}
	switch name {
	case "author", "article:author", "dc.creator", "dcterms.creator", "citation_author", "parsely-author", "sailthru.author", "byl":
		if len(s.authors) < maxAuthors {
			s.authors = append(s.authors, content)
		}
	case "keywords", "news_keywords", "article:tag", "parsely-tags", "sailthru.tags":
		if len(s.keywords) < maxKeywords {
			s.keywords = append(s.keywords, content)
		}
	case "og:site_name":
		s.siteName = content
	case "application-name":
		if len(s.siteName) == 0 {
			s.siteName = content
		}
	case "og:image", "og:image:url", "twitter:image":
		if len(s.image) == 0 {
			s.image = content
		}
	}
	prefix, rest, ok := strings.Cut(name, ":")
	if !ok {
		return
	}
	switch prefix {
	case "docsearch":
		for v := range strings.SplitSeq(string(content), ",") {
			s.attribute(rest, v)
		}
	case "og", "article", "book", "profile", "product", "video", "music", "twitter":
		if len(s.openGraph) < maxOpenGraph {
			s.openGraph = append(s.openGraph, Attribute{cutText(name, maxAttributeName), collapse(content, maxAttributeValue)})
		}
	}
}

func (s *scanner) offerDate(published bool, raw []byte, rank dateRank) {
	if published {
		s.published.offer(raw, rank)
	} else {
		s.modified.offer(raw, rank)
	}
}

// itemFact reads a date from microdata or <time>.
func (s *scanner) itemFact() {
	z := s.z
	raw := z.attr(attrDatetime)
	if len(raw) == 0 {
		raw = z.attr(attrContent)
	}
	if len(raw) == 0 || len(raw) > maxDateBytes {
		return
	}
	if d, ok := dateNames[strings.ToLower(string(z.attr(attrItemprop)))]; ok {
		s.offerDate(d.published, raw, d.rank)
	} else if z.tag == tagTime {
		s.offerDate(true, raw, dateOfTime)
	}
}

// keepData keeps a script of JSON-LD.
func (s *scanner) keepData(text []byte) {
	if len(s.data) < maxDataScripts && s.dataBytes+len(text) <= maxDataBytes {
		s.data, s.dataBytes = append(s.data, text), s.dataBytes+len(text)
	}
}

// assembleFacts fills in what structured data and the head say.
func (o *outline) assembleFacts(p *Page, base weburl.URL, now time.Time) {
	p.Type = cutText(string(o.ogType), maxAttributeName)
	authors, keywords := o.authors, o.keywords
	p.SiteName = collapse(o.siteName, maxTitleBytes)
	if t := mainThing(p.Things); t != nil {
		p.Type = t.Type
		o.published.offer([]byte(t.First("datePublished")), dateOfData)
		o.modified.offer([]byte(t.First("dateModified")), dateOfData)
		for _, a := range t.Properties {
			switch a.Name {
			case "author", "author.name", "creator", "creator.name":
				authors = append(authors, []byte(a.Value))
			case "keywords", "keywords.name":
				keywords = append(keywords, []byte(a.Value))
			case "publisher.name", "isPartOf.name":
				if p.SiteName == "" {
					p.SiteName = cutText(a.Value, maxTitleBytes)
				}
			}
		}
	}
	p.Published, p.Modified = pageDate(o.published.raw, now), pageDate(o.modified.raw, now)
	if p.Modified.Before(p.Published) {
		p.Modified = time.Time{} // as good as none
	}
	if len(authors) == 0 && o.authorLink > 0 {
		authors = append(authors, []byte(o.links[o.authorLink-1].text(o)))
	}
	p.Authors = names(authors, maxAuthors, "")
	p.Keywords = names(keywords, maxKeywords, ",;")
	p.OpenGraph = o.openGraph
	if len(o.image) > 0 {
		if u, err := base.Join(strings.TrimSpace(string(o.image))); err == nil && u.IsWeb() {
			p.Image = u
		}
	}
}

// mainThing is the thing that a page is about: the first that is a work or a
// product, else nil.
func mainThing(things []Thing) *Thing {
	for i := range things {
		t := things[i].Type
		for _, end := range []string{"Article", "Posting", "Product", "Recipe", "Report", "Review", "Event", "Course", "Book", "VideoObject", "FAQPage", "QAPage", "HowTo", "SoftwareApplication", "Dataset"} {
			if strings.HasSuffix(t, end) {
				return &things[i]
			}
		}
	}
	return nil
}

// names are the values of a list without repetitions and addresses. Those of a
// value that the signs of seps part are several.
func names(list [][]byte, limit int, seps string) []string {
	var out []string
	for _, v := range list {
		for piece := range bytes.FieldsFuncSeq(v, func(r rune) bool { return strings.ContainsRune(seps, r) }) {
			s := collapse(piece, maxAuthorBytes)
			if !hasWord([]byte(s)) || strings.Contains(s, "://") || len(out) >= limit || slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, s) }) {
				continue
			}
			out = append(out, s)
		}
	}
	return out
}
