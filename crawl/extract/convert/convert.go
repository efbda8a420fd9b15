// Package convert reads documents that are not HTML into text with structure:
// PDF, the office formats on zip, EPUB, Markdown and plain text; and feeds into
// lists of items.
//
//	application/pdf                                    package pdf beneath
//	...wordprocessingml, presentationml, spreadsheetml  docx pptx xlsx, their templates and macro kinds
//	application/vnd.oasis.opendocument.*               odt odp ods and templates
//	application/epub+zip                               epub
//	text/markdown                                      headings with GitHub's anchors
//	text/plain, text/x-rst, text/asciidoc and kin      plain text
//
// Word, Excel and PowerPoint files of 1997 to 2003 and RTF are recognised and
// refused by name (ErrUnsupported). Nothing is fetched, no entity is expanded,
// no macro, formula or script is run.
//
// A limit or damage that leaves some text makes a Document that is Truncated and
// says Why; one that leaves none makes an error. Limits, besides those of
// package pdf, which hold for all formats where they can (50 MiB, 10 s, 10 MiB
// of text, 5,000 links):
//
//	zip entries      1,000 (Options.MaxEntries)
//	decoded          100 MiB over all entries of a file (Options.MaxDecoded)
//	ratio            200:1 of an entry past 10 MiB
//	XML              256 levels, 4,000,000 tokens of at most 1 MiB
//	sections         10,000; further headings are paragraphs
//	shared strings   1,000,000 of 32 MiB together (xlsx)
//
// Sources: ISO/IEC 29500 (OOXML), OASIS OpenDocument 1.3, W3C EPUB 3.3,
// CommonMark 0.31 and GitHub Flavored Markdown, RSS 2.0, RFC 4287 (Atom),
// JSON Feed 1.1.
package convert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trawlsearch/trawl/crawl/extract/convert/pdf"
)

// What a caller branches on; Class gives the word for each.
var (
	ErrEncrypted   = pdf.ErrEncrypted // needs a password or a licence
	ErrDamaged     = pdf.ErrDamaged   // is not what it says it is
	ErrLimit       = pdf.ErrLimit     // a limit, before any text was read
	ErrUnsupported = errors.New("unsupported")
)

// Class is the word for an error in statistics and logs: "encrypted",
// "damaged", "parse-limit", "unsupported", or "" for any other.
func Class(err error) string {
	for _, known := range []error{ErrEncrypted, ErrLimit, ErrUnsupported, ErrDamaged} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return ""
}

// Options bound what one document may cost; the zero value has the limits of
// the package's comment.
type Options struct {
	MaxBytes   int           // of a body; 0 is 50 MiB
	MaxPages   int           // of a PDF; 0 is 500
	MaxTime    time.Duration // CPU of one document, or four times as long by the wall clock; 0 is 10 s
	MaxMemory  int           // of PDFium for one document, in bytes; 0 is 256 MiB
	MaxText    int           // bytes of text kept; 0 is 10 MiB
	MaxLinks   int           // 0 is 5,000
	MaxEntries int           // of a zip; 0 is 1,000
	MaxDecoded int64         // bytes of all entries of a zip; 0 is 100 MiB
	Instances  int           // PDF files read at once; 0 is 2
	CacheDir   string        // for PDFium's compiled code, 21 MB; "" compiles it (3 s) in each process
	Compiler   string        // see pdf.Options; "": PDFium is compiled in this process, which takes 300 MiB
}

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 50 << 20
	}
	if o.MaxTime <= 0 {
		o.MaxTime = 10 * time.Second
	}
	if o.MaxText <= 0 {
		o.MaxText = 10 << 20
	}
	if o.MaxLinks <= 0 {
		o.MaxLinks = 5000
	}
	if o.MaxEntries <= 0 {
		o.MaxEntries = 1000
	}
	if o.MaxDecoded <= 0 {
		o.MaxDecoded = 100 << 20
	}
	return o
}

// A Document is what was read of a body.
type Document struct {
	Title               string // the author's if it is of use, else the largest or first line, else the file's name
	Author, Description string
	Lang                string // BCP 47 as the author gave it, or empty
	Published, Modified time.Time
	Sections            []Section // in reading order
	Links               []string  // as written, without repetitions
	Pages               int       // pages or slides; 0 where there are none
	Truncated           bool      // something is missing
	Why                 string    // what is, beginning with a word of Class: "parse-limit: 500 pages"
}

// A Section is a heading and the text up to the next one.
type Section struct {
	Level   int    // 1 to 6; 0: text without a heading of its own
	Heading string // or empty
	Anchor  string // the fragment that leads there, as in page=7, or empty
	Text    string // paragraphs, list items and table rows parted by \n; cells by \t
}

// A Reader reads documents. Any goroutines may call it.
type Reader struct {
	opt Options
	pdf *pdf.Pool
}

// New makes a Reader, which costs nothing; PDFium is compiled for the first PDF.
func New(opt Options) *Reader {
	opt = opt.withDefaults()
	return &Reader{opt: opt, pdf: pdf.New(pdf.Options{
		MaxBytes: opt.MaxBytes, MaxPages: opt.MaxPages, MaxTime: opt.MaxTime, MaxMemory: opt.MaxMemory,
		MaxText: opt.MaxText, MaxLinks: opt.MaxLinks, Instances: opt.Instances, CacheDir: opt.CacheDir, Compiler: opt.Compiler,
	})}
}

// Close frees what the Reader holds, after the documents being read.
func (r *Reader) Close() error { return r.pdf.Close() }

// Read reads a body of a type that Reads accepts. A parameter charset of the
// type holds for text; the name is the last segment of the address, or empty.
func (r *Reader) Read(ctx context.Context, mediaType, name string, body []byte) (*Document, error) {
	if len(body) > r.opt.MaxBytes {
		return nil, fmt.Errorf("convert: read %d bytes: %w: %d bytes", len(body), ErrLimit, r.opt.MaxBytes)
	}
	b := newBuilder(r.opt)
	err := r.read(ctx, b, mediaType, name, body)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("convert: read %s: %w", bareType(mediaType), context.Cause(ctx))
	}
	doc := b.finish(name)
	if err != nil {
		if !b.hasText || errors.Is(err, ErrEncrypted) || errors.Is(err, ErrUnsupported) {
			return nil, fmt.Errorf("convert: read %s: %w", bareType(mediaType), err)
		}
		b.cut(err.Error())
	}
	return doc, nil
}

func (r *Reader) read(ctx context.Context, b *builder, mediaType, name string, body []byte) error {
	mt := bareType(mediaType)
	switch kindOf(mt) {
	case kindPDF:
		file, err := r.pdf.Read(ctx, body)
		if err != nil {
			return err
		}
		readPDF(b, file)
		return nil
	case kindZip:
		ctx, cancel := context.WithTimeout(ctx, pdf.WallFactor*r.opt.MaxTime)
		defer cancel()
		return readContainer(ctx, b, body)
	case kindMarkdown:
		readMarkdown(b, decodeText(body, mediaType))
		return nil
	case kindText:
		readPlain(b, decodeText(body, mediaType))
		return nil
	case kindLegacy:
		return readLegacy(mt, body)
	}
	return fmt.Errorf("%w: %s", ErrUnsupported, mt)
}
