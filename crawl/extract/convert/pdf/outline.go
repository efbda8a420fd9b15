package pdf

import (
	"fmt"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// outline walks the bookmarks. The binding's own GetBookmarks runs on for ever
// in a ring; here the number of steps is bounded, which is all a ring can cost.
func (r *reading) outline() error {
	steps := 0
	var walk func(parent *references.FPDF_BOOKMARK, level int) error
	walk = func(parent *references.FPDF_BOOKMARK, level int) error {
		if level > maxOutlineDepth {
			return nil
		}
		c, err := r.in.FPDFBookmark_GetFirstChild(&requests.FPDFBookmark_GetFirstChild{Document: r.doc, Bookmark: parent})
		if err != nil {
			return trap(err)
		}
		for at := c.Bookmark; at != nil; {
			if steps++; steps > maxOutline {
				r.file.cut(fmt.Sprintf("%v: %d outline entries", ErrLimit, maxOutline))
				return nil
			}
			if err := r.entry(*at, level); err != nil {
				return err
			}
			if err := walk(at, level+1); err != nil {
				return err
			}
			next, err := r.in.FPDFBookmark_GetNextSibling(&requests.FPDFBookmark_GetNextSibling{Document: r.doc, Bookmark: *at})
			if err != nil {
				return trap(err)
			}
			at = next.Bookmark
		}
		return nil
	}
	return walk(nil, 1)
}

func (r *reading) entry(b references.FPDF_BOOKMARK, level int) error {
	t, err := r.in.FPDFBookmark_GetTitle(&requests.FPDFBookmark_GetTitle{Bookmark: b})
	if err != nil {
		return trap(err)
	}
	title := oneLine(t.Title, maxMetaBytes)
	if title == "" {
		return nil
	}
	page, err := r.target(b)
	r.file.Outline = append(r.file.Outline, Entry{Level: level, Title: title, Page: page})
	return err
}

// target returns the page, from 1, that a bookmark leads to, itself or by its
// action; 0 if there is none.
func (r *reading) target(b references.FPDF_BOOKMARK) (int, error) {
	var dest *references.FPDF_DEST
	d, err := r.in.FPDFBookmark_GetDest(&requests.FPDFBookmark_GetDest{Document: r.doc, Bookmark: b})
	if trap(err) != nil {
		return 0, err
	}
	if err == nil {
		dest = d.Dest
	}
	if dest == nil {
		a, err := r.in.FPDFBookmark_GetAction(&requests.FPDFBookmark_GetAction{Bookmark: b})
		if err != nil || a.Action == nil {
			return 0, trap(err)
		}
		ad, err := r.in.FPDFAction_GetDest(&requests.FPDFAction_GetDest{Document: r.doc, Action: *a.Action})
		if err != nil || ad.Dest == nil {
			return 0, trap(err)
		}
		dest = ad.Dest
	}
	at, err := r.in.FPDFDest_GetDestPageIndex(&requests.FPDFDest_GetDestPageIndex{Document: r.doc, Dest: *dest})
	if err != nil || at.Index < 0 || at.Index >= r.file.PageCount {
		return 0, trap(err)
	}
	return at.Index + 1, nil
}
