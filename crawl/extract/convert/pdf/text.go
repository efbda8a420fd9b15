package pdf

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

const (
	titleChars = 1500 // of the first page, in which its largest line is sought
	minTitle   = 4    // letters
)

// paragraphs joins the lines of a page that a paragraph was broken into. PDF
// has no paragraphs: a line is taken for the last of one if it is clearly
// shorter than the page's lines are, or if the next begins with a bullet.
func paragraphs(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\r' || r == '\n' })
	for i, l := range lines {
		lines[i] = strings.Join(strings.FieldsFunc(l, isSpace), " ")
	}
	lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
	full := usualLength(lines)
	var b strings.Builder
	b.Grow(len(s))
	for i, l := range lines {
		last := i+1 == len(lines)
		switch head, broken := cutHyphen(l); {
		case broken && !last:
			b.WriteString(head)
		case last:
			b.WriteString(head)
		case endsParagraph(l, lines[i+1], full):
			b.WriteString(l)
			b.WriteByte('\n')
		default:
			b.WriteString(l)
			b.WriteByte(' ')
		}
	}
	return strings.Map(visible, b.String())
}

// usualLength is the length in bytes that nine in ten lines do not exceed.
func usualLength(lines []string) int {
	if len(lines) == 0 {
		return 0
	}
	n := make([]int, len(lines))
	for i, l := range lines {
		n[i] = len(l)
	}
	slices.Sort(n)
	return n[len(n)*9/10]
}

func endsParagraph(l, next string, full int) bool {
	if 4*len(l) < 3*full {
		return true
	}
	r, _ := utf8.DecodeRuneInString(next)
	return strings.ContainsRune("•◦▪‣–—*·", r)
}

// cutHyphen cuts the hyphen at which a word was broken. PDFium marks it as
// U+0002, or as U+FFFE in older files.
func cutHyphen(l string) (string, bool) {
	for _, mark := range []string{"\x02", "\ufffe", "\u00ad"} {
		if head, ok := strings.CutSuffix(l, mark); ok {
			return head, true
		}
	}
	return l, false
}

func isSpace(r rune) bool { return unicode.IsSpace(r) || r == 0 }

// visible drops what is no text: controls, PDFium's marks, halves of pairs.
func visible(r rune) rune {
	switch {
	case r == '\n':
		return r
	case unicode.IsControl(r), r == '\u00ad', r == '\ufffe', r == '\uffff', r == utf8.RuneError:
		return -1
	}
	return r
}

// oneLine makes one line of what an author wrote, of at most limit bytes.
func oneLine(s string, limit int) string {
	s = strings.Map(visible, strings.Join(strings.FieldsFunc(s, isSpace), " "))
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// largestLine finds the text in the largest type at the top of the first page,
// over the lines that it spans. It costs two calls a character.
func (r *reading) largestLine(tp references.FPDF_TEXTPAGE, count int) error {
	var best, run strings.Builder
	var bestSize, size float64
	end := func() {
		if letters(run.String()) >= minTitle && size > bestSize {
			bestSize = size
			best.Reset()
			best.WriteString(run.String())
		}
		run.Reset()
	}
	for i := range min(count, titleChars) {
		u, err := r.in.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: tp, Index: i})
		if err != nil {
			return trap(err)
		}
		c := rune(u.Unicode)
		if isSpace(c) || unicode.IsControl(c) { // has no size of its own
			run.WriteByte(' ')
			continue
		}
		s, err := r.in.FPDFText_GetFontSize(&requests.FPDFText_GetFontSize{TextPage: tp, Index: i})
		if err != nil {
			return trap(err)
		}
		if s.FontSize < 0.99*size || s.FontSize > 1.01*size {
			end()
			size = s.FontSize
		}
		run.WriteRune(c)
	}
	end()
	r.file.LargestLine = oneLine(best.String(), 300)
	return nil
}

func letters(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// parseDate reads D:YYYYMMDDHHmmSSOHH'mm' of which all after the year may be
// missing (ISO 32000-2, 7.9.4); anything else is the zero time.
func parseDate(s string) time.Time {
	s = strings.ReplaceAll(strings.TrimPrefix(s, "D:"), "'", "")
	digits := 0
	for digits < len(s) && digits < 14 && '0' <= s[digits] && s[digits] <= '9' {
		digits++
	}
	const layout = "20060102150405"
	if digits < 4 || digits%2 != 0 {
		return time.Time{}
	}
	t, err := time.Parse(layout[:digits], s[:digits])
	if err != nil {
		return time.Time{}
	}
	if zone, err := time.Parse("-0700", s[digits:]); err == nil {
		_, offset := zone.Zone()
		t = t.Add(-time.Duration(offset) * time.Second)
	}
	return t.UTC()
}
