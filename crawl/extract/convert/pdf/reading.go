package pdf

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// A reading is one file in one fresh instance. Its methods return an error only
// if the instance can do no more; what a file lacks is left empty.
type reading struct {
	in   pdfium.Pdfium
	opt  Options
	doc  references.FPDF_DOCUMENT
	file *File
	text int             // bytes so far
	seen map[string]bool // links
}

// knownErrors are what PDFium says of a file while it is well itself.
var knownErrors = []error{
	pdfiumerrors.ErrSuccess, pdfiumerrors.ErrUnknown, pdfiumerrors.ErrFile, pdfiumerrors.ErrFormat,
	pdfiumerrors.ErrPage, pdfiumerrors.ErrUnexpected,
}

// isTrap says whether an error comes from beneath the sandbox: a trap, an exit,
// a cancelled context or memory that was refused. The binding has no kinds for
// these, and its own complaints ("Could not get title") are plain texts too.
func isTrap(err error) bool {
	if err == nil || errors.Is(err, ErrDamaged) || errors.Is(err, ErrEncrypted) {
		return false
	}
	s := err.Error()
	for _, mark := range []string{"wasm error", "module closed", "module \"", "panic occurred",
		"could not allocate memory", "could not write"} {
		if strings.Contains(s, mark) {
			return true
		}
	}
	return false
}

// trap passes on what stops the reading and drops what a file merely lacks.
func trap(err error) error {
	if isTrap(err) {
		return err
	}
	return nil
}

func (r *reading) run(body []byte) error {
	if err := r.open(body); err != nil {
		return err
	}
	if err := r.meta(); err != nil {
		return err
	}
	n, err := r.in.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: r.doc})
	if err != nil {
		return orDamaged(err)
	}
	r.file.PageCount = n.PageCount
	if n.PageCount <= 0 {
		return fmt.Errorf("%w: no pages", ErrDamaged)
	}
	// The outline first: it is short, and a bomb among the pages would take it along.
	if err := r.outline(); err != nil {
		return err
	}
	return r.pages()
}

func (r *reading) open(body []byte) error {
	d, err := r.in.OpenDocument(&requests.OpenDocument{File: &body})
	switch {
	case err == nil:
		r.doc = d.Document
		return nil
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return ErrEncrypted
	}
	return orDamaged(err)
}

// orDamaged marks what PDFium said of the file itself.
func orDamaged(err error) error {
	if slices.ContainsFunc(knownErrors, func(k error) bool { return errors.Is(err, k) }) || !isTrap(err) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func (r *reading) meta() error {
	f := r.file
	var created, modified string
	for _, m := range []struct {
		tag string
		to  *string
	}{{"Title", &f.Title}, {"Author", &f.Author}, {"Subject", &f.Subject}, {"CreationDate", &created}, {"ModDate", &modified}} {
		v, err := r.in.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: r.doc, Tag: m.tag})
		if trap(err) != nil {
			return err
		}
		if err == nil {
			*m.to = oneLine(v.Value, maxMetaBytes)
		}
	}
	f.Created, f.Modified = parseDate(created), parseDate(modified)
	lang, err := r.in.FPDFCatalog_GetLanguage(&requests.FPDFCatalog_GetLanguage{Document: r.doc})
	if err == nil {
		f.Lang = oneLine(lang.Language, 64)
	}
	return trap(err)
}

func (r *reading) pages() error {
	n := min(r.file.PageCount, r.opt.MaxPages)
	for i := range n {
		text, err := r.page(i)
		if err != nil {
			return err
		}
		r.file.Pages = append(r.file.Pages, text)
		if r.text >= r.opt.MaxText {
			r.file.cut(fmt.Sprintf("%v: %d bytes of text", ErrLimit, r.opt.MaxText))
			return nil
		}
	}
	if n < r.file.PageCount {
		r.file.cut(fmt.Sprintf("%v: %d pages", ErrLimit, n))
	}
	return nil
}

// page reads one page; one that PDFium cannot load is empty.
func (r *reading) page(i int) (string, error) {
	p, err := r.in.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: r.doc, Index: i})
	if err != nil {
		return "", trap(err)
	}
	page := requests.Page{ByReference: &p.Page}
	text, err := r.pageText(page, i == 0)
	if err == nil {
		err = r.links(page)
	}
	if err != nil {
		return "", err
	}
	_, err = r.in.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: p.Page})
	return text, trap(err)
}

func (r *reading) pageText(page requests.Page, first bool) (string, error) {
	tp, err := r.in.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: page})
	if err != nil {
		return "", trap(err)
	}
	n, err := r.in.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: tp.TextPage})
	if err != nil {
		return "", trap(err)
	}
	count := min(n.Count, r.opt.MaxText-r.text)
	if count <= 0 {
		_, err = r.in.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: tp.TextPage})
		return "", trap(err)
	}
	t, err := r.in.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: tp.TextPage, Count: count})
	if err != nil {
		return "", trap(err)
	}
	if first {
		if err := r.largestLine(tp.TextPage, count); err != nil {
			return "", err
		}
	}
	_, err = r.in.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: tp.TextPage})
	text := paragraphs(t.Text)
	r.text += len(text)
	return text, trap(err)
}

// links collects the addresses of a page's link annotations.
func (r *reading) links(page requests.Page) error {
	for pos := 0; len(r.file.Links) < r.opt.MaxLinks; {
		l, err := r.in.FPDFLink_Enumerate(&requests.FPDFLink_Enumerate{Page: page, StartPos: pos})
		if err != nil || l.Link == nil || l.NextStartPos == nil || *l.NextStartPos <= pos {
			return trap(err)
		}
		pos = *l.NextStartPos
		a, err := r.in.FPDFLink_GetAction(&requests.FPDFLink_GetAction{Link: *l.Link})
		if trap(err) != nil {
			return err
		}
		if err != nil || a.Action == nil {
			continue
		}
		u, err := r.in.FPDFAction_GetURIPath(&requests.FPDFAction_GetURIPath{Document: r.doc, Action: *a.Action})
		if trap(err) != nil {
			return err
		}
		if err == nil && u.URIPath != nil && *u.URIPath != "" && len(*u.URIPath) <= maxLinkBytes {
			r.link(*u.URIPath)
		}
	}
	return nil
}

func (r *reading) link(u string) {
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	if !r.seen[u] {
		r.seen[u] = true
		r.file.Links = append(r.file.Links, u)
	}
}
