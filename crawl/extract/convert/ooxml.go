package convert

import (
	"encoding/xml"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// A relationship is one entry of a .rels part. The type is the last segment of
// its URI, which is the same in the transitional and the strict dialect.
type relationship struct {
	id, kind, target string // target: a part's name, or an address if external
	external         bool
}

const maxRelationships = 10_000

// relationships reads those of a part; of the package itself for "".
func (c *container) relationships(part string) ([]relationship, error) {
	dir, file := path.Split(part)
	var out []relationship
	err := c.each(path.Join(dir, "_rels", file+".rels"), func(_ *xmlReader, t any) error {
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" {
			return nil
		}
		r := relationship{id: attr(e, "Id"), kind: path.Base(attr(e, "Type")), target: attr(e, "Target"),
			external: attr(e, "TargetMode") == "External"}
		if !r.external && !strings.HasPrefix(r.target, "/") {
			r.target = path.Join(dir, r.target)
		}
		if out = append(out, r); len(out) > maxRelationships {
			return fmt.Errorf("%w: %d relationships", ErrLimit, maxRelationships)
		}
		return nil
	})
	return out, err
}

func byKind(rels []relationship, kind string) string {
	i := slices.IndexFunc(rels, func(r relationship) bool { return r.kind == kind && !r.external })
	if i < 0 {
		return ""
	}
	return rels[i].target
}

func byID(rels []relationship, id string) string {
	i := slices.IndexFunc(rels, func(r relationship) bool { return r.id == id && !r.external })
	if i < 0 {
		return ""
	}
	return rels[i].target
}

func addLinks(b *builder, rels []relationship) {
	for _, r := range rels {
		if r.external && r.kind == "hyperlink" {
			b.link(r.target)
		}
	}
}

// readOOXML finds the main part and reads it as its root element says, whatever
// the media type was.
func readOOXML(c *container, b *builder) error {
	rels, err := c.relationships("")
	if err != nil {
		return err
	}
	main := byKind(rels, "officeDocument")
	if main == "" || !c.has(main) {
		return fmt.Errorf("%w: no main part", ErrDamaged)
	}
	if strings.HasSuffix(main, ".bin") {
		return fmt.Errorf("%w: Excel binary workbook (.xlsb)", ErrUnsupported)
	}
	if err := readProperties(c, b, byKind(rels, "core-properties")); err != nil {
		b.cut(err.Error())
	}
	parts, err := c.relationships(main)
	if err != nil {
		return err
	}
	root := ""
	err = c.each(main, func(_ *xmlReader, t any) error {
		if e, ok := t.(xml.StartElement); ok {
			root = e.Name.Local
			return errStop
		}
		return nil
	})
	if err != nil {
		return err
	}
	switch root {
	case "document":
		return readDocx(c, b, main, parts)
	case "presentation":
		return readPptx(c, b, main, parts)
	case "workbook":
		return readXlsx(c, b, main, parts)
	}
	return fmt.Errorf("%w: OOXML document with the root %s", ErrUnsupported, oneLine(root, 50))
}

// readProperties reads Dublin Core, as it stands in docProps/core.xml and in
// OpenDocument's meta.xml.
func readProperties(c *container, b *builder, part string) error {
	return c.each(part, func(x *xmlReader, t any) error {
		e, ok := t.(xml.StartElement)
		if !ok || x.depth == 1 {
			return nil
		}
		var to *string
		var at *time.Time
		switch e.Name.Local {
		case "title":
			to = &b.doc.Title
		case "creator", "initial-creator":
			to = &b.doc.Author
		case "language":
			to = &b.doc.Lang
		case "description", "subject":
			to = &b.doc.Description
		case "created", "creation-date":
			at = &b.doc.Published
		case "modified", "date":
			at = &b.doc.Modified
		case "document-statistic":
			b.doc.Pages = positive(attr(e, "page-count"))
			return nil
		default:
			return nil
		}
		s, err := x.text()
		if err != nil {
			return err
		}
		if at != nil {
			*at = parseDate(s)
		} else if *to == "" || e.Name.Local == "description" && strings.TrimSpace(s) != "" {
			*to = s
		}
		return nil
	})
}

// parseDate reads the W3C's profile of ISO 8601, in which all after the year
// may be missing; anything else is the zero time.
func parseDate(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// positive reads a small positive number, or 0.
func positive(s string) int {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' || n > 1_000_000 {
			return 0
		}
		n = 10*n + int(r-'0')
	}
	return n
}
