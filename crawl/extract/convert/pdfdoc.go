package convert

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/trawlsearch/trawl/crawl/extract/convert/pdf"
)

// readPDF makes sections of pages and outline. Each page is a section with the
// anchor page=N; where entries of the outline lead into it, it is divided at
// those of their titles that are found in its text, in order.
func readPDF(b *builder, f *pdf.File) {
	d := b.doc
	d.Title, d.Author, d.Description, d.Lang = usefulTitle(f.Title), f.Author, f.Subject, f.Lang
	d.Published, d.Modified, d.Pages = f.Created, f.Modified, f.PageCount
	if d.Title == "" {
		d.Title = f.LargestLine
	}
	if f.Truncated {
		b.cut(f.Why)
	}
	for _, l := range f.Links {
		b.link(l)
	}
	byPage := map[int][]pdf.Entry{}
	for _, e := range f.Outline {
		if e.Page <= len(f.Pages) {
			byPage[e.Page] = append(byPage[e.Page], e)
		}
	}
	for i, text := range f.Pages {
		readPage(b, text, fmt.Sprintf("page=%d", i+1), byPage[i+1])
	}
}

func readPage(b *builder, text, anchor string, entries []pdf.Entry) {
	b.section(0, "", anchor)
	var f folded
	if len(entries) > 0 && len(text) <= maxFindPage {
		f = fold(text)
	}
	done := 0 // bytes of text
	for _, e := range entries {
		if from, to := f.find(e.Title, done); to > 0 {
			addLines(b, text[done:from])
			done = to
		}
		b.section(min(e.Level, 6), e.Title, anchor)
	}
	addLines(b, text[done:])
}

func addLines(b *builder, text string) {
	for line := range strings.Lines(text) {
		b.paragraph(line)
	}
}

const (
	maxFindBytes = 200       // of a title
	maxFindPage  = 256 << 10 // of a page; 1,000 titles are sought in it in 0.2 s
)

// A folded text is its letters and digits alone, in lower case: titles are
// compared without white space and punctuation.
type folded struct {
	text  string // as written
	bytes string
	at    []int // where each of the bytes came from
}

func fold(text string) folded {
	f := folded{text: text}
	var b strings.Builder
	for i, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
			for len(f.at) < b.Len() {
				f.at = append(f.at, i)
			}
		}
	}
	f.bytes = b.String()
	return f
}

// find returns where a title stands at or after a position, with the number
// before it ("2.1") that is not in the outline; 0, 0 where it does not.
func (f folded) find(title string, after int) (from, to int) {
	want := fold(truncate(title, maxFindBytes)).bytes
	start, _ := slices.BinarySearch(f.at, after)
	if len(want) < 3 || start >= len(f.bytes) {
		return 0, 0
	}
	i := strings.Index(f.bytes[start:], want)
	if i < 0 {
		return 0, 0
	}
	i += start
	to = len(f.text)
	if end := i + len(want); end < len(f.at) {
		to = f.at[end]
	}
	return f.lineStart(f.at[i], after), to
}

// lineStart moves back over a number that stands before a title on its line.
func (f folded) lineStart(from, after int) int {
	start := max(after, strings.LastIndexByte(f.text[:from], '\n')+1)
	if from-start < 12 && strings.Trim(f.text[start:from], "0123456789. §ABCDEFIVX") == "" {
		return start
	}
	return from
}
