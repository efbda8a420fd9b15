package convert

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// readEPUB reads a book: the package document's metadata, then the chapters of
// its spine in order, each once.
func readEPUB(c *container, b *builder) error {
	opf := ""
	err := c.each("META-INF/container.xml", func(_ *xmlReader, t any) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "rootfile" {
			opf = attr(e, "full-path")
			return errStop
		}
		return nil
	})
	if err != nil {
		return err
	}
	if opf == "" || !c.has(opf) {
		return fmt.Errorf("%w: no package document", ErrDamaged)
	}
	p := &opfWalk{b: b, dir: path.Dir(opf), manifest: map[string]string{}}
	if err := c.each(opf, p.token); err != nil {
		return err
	}
	locked, err := lockedParts(c)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, id := range p.spine {
		part := p.manifest[id]
		if part == "" || seen[part] || b.full() {
			continue
		}
		seen[part] = true
		if locked[partKey(part)] {
			return ErrEncrypted
		}
		if err := readChapter(c, b, part); err != nil {
			return err
		}
	}
	return nil
}

// An opfWalk follows the elements of the package document.
type opfWalk struct {
	b        *builder
	dir      string
	manifest map[string]string // part by id; XHTML only
	spine    []string          // ids
}

func (p *opfWalk) token(x *xmlReader, t any) error {
	e, ok := t.(xml.StartElement)
	if !ok {
		return nil
	}
	d := p.b.doc
	var to *string
	switch e.Name.Local {
	case "item":
		if mt := attr(e, "media-type"); mt == "application/xhtml+xml" || mt == "text/html" {
			p.manifest[attr(e, "id")] = partOf(p.dir, attr(e, "href"))
		}
		return nil
	case "itemref":
		p.spine = append(p.spine, attr(e, "idref"))
		return nil
	case "title":
		to = &d.Title
	case "creator":
		to = &d.Author
	case "language":
		to = &d.Lang
	case "description":
		to = &d.Description
	case "date":
		s, err := x.text()
		if d.Published.IsZero() {
			d.Published = parseDate(s)
		}
		return err
	case "meta":
		if attr(e, "property") == "dcterms:modified" {
			s, err := x.text()
			d.Modified = parseDate(s)
			return err
		}
		return nil
	default:
		return nil
	}
	s, err := x.text()
	switch s = strings.TrimSpace(s); {
	case *to == "":
		*to = s
	case to == &d.Author && len(d.Author) < maxMetaBytes:
		d.Author += ", " + s
	}
	if to == &d.Description && strings.Contains(s, "<") {
		d.Description = htmlText(s) // publishers put markup there
	}
	return err
}

// partOf resolves a reference of the package document.
func partOf(dir, href string) string {
	href, _, _ = strings.Cut(href, "#")
	if u, err := url.PathUnescape(href); err == nil {
		href = u
	}
	return path.Join(dir, href)
}

// lockedParts lists what is encrypted. Mangled fonts are not counted: they are
// in many open books, and text does not need them.
func lockedParts(c *container) (map[string]bool, error) {
	locked := map[string]bool{}
	algorithm := ""
	err := c.each("META-INF/encryption.xml", func(_ *xmlReader, t any) error {
		e, ok := t.(xml.StartElement)
		switch {
		case !ok:
		case e.Name.Local == "EncryptionMethod":
			algorithm = attr(e, "Algorithm")
		case e.Name.Local == "CipherReference" &&
			algorithm != "http://www.idpf.org/2008/embedding" && algorithm != "http://ns.adobe.com/pdf/enc#RC":
			locked[partKey(partOf("", attr(e, "URI")))] = true
		}
		return nil
	})
	return locked, err
}

func readChapter(c *container, b *builder, part string) error {
	r, err := c.open(part)
	if r == nil || err != nil {
		return err
	}
	defer r.Close()
	b.section(0, "", "")
	return readHTML(b, r, c.expired)
}
