package convert

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html/charset"
)

const (
	maxXMLDepth   = 256
	maxXMLTokens  = 4_000_000 // 3 s
	maxTokenBytes = 1 << 20   // of one token; its attributes take 16 times that in memory
	timeEvery     = 4096      // tokens between looks at the clock
)

// An xmlReader is a decoder with bounds. It knows no entities but XML's own
// five and refuses to go on where a document declares some.
type xmlReader struct {
	expired func() error // looked at every timeEvery tokens
	d       *xml.Decoder
	guard   *guard
	depth   int
	tokens  int
}

func newXMLReader(expired func() error, r io.Reader) *xmlReader {
	g := &guard{r: bufio.NewReader(r)}
	// UTF-16 begins with a mark; once decoded, what the declaration says is past.
	decoded := false
	if mark, _ := g.r.Peek(2); string(mark) == "\xff\xfe" || string(mark) == "\xfe\xff" {
		if u, err := charset.NewReaderLabel("utf-16", g.r); err == nil {
			g.r, decoded = bufio.NewReader(u), true
		}
	}
	x := &xmlReader{expired: expired, guard: g, d: xml.NewDecoder(g)}
	x.d.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		if decoded {
			return in, nil
		}
		return charset.NewReaderLabel(label, in)
	}
	return x
}

// next returns the next start, end or text; io.EOF after the last. Text is valid
// until the next call.
func (x *xmlReader) next() (any, error) {
	for {
		x.guard.used = 0
		t, err := x.d.Token()
		if err != nil {
			return nil, x.problem(err)
		}
		if x.tokens++; x.tokens > maxXMLTokens {
			return nil, fmt.Errorf("%w: %d XML tokens", ErrLimit, maxXMLTokens)
		}
		if x.tokens%timeEvery == 0 && x.expired() != nil {
			return nil, fmt.Errorf("%w: out of time", ErrLimit)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if x.depth++; x.depth > maxXMLDepth {
				return nil, fmt.Errorf("%w: %d levels of XML", ErrLimit, maxXMLDepth)
			}
			return t, nil
		case xml.EndElement:
			x.depth--
			return t, nil
		case xml.CharData:
			return t, nil
		case xml.Directive:
			if strings.Contains(string(t), "<!ENTITY") {
				return nil, fmt.Errorf("%w: entity declarations", ErrLimit)
			}
		}
	}
}

func (x *xmlReader) problem(err error) error {
	if err == io.EOF || errors.Is(err, ErrLimit) || errors.Is(err, ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// skip reads past the element whose start was just returned.
func (x *xmlReader) skip() error {
	for end := x.depth - 1; x.depth > end; {
		if _, err := x.next(); err != nil {
			return unexpectedEOF(err)
		}
	}
	return nil
}

// text returns the text within the element whose start was just returned, that
// of its children too; of at most maxTokenBytes.
func (x *xmlReader) text() (string, error) {
	var b strings.Builder
	for end := x.depth - 1; x.depth > end; {
		t, err := x.next()
		if err != nil {
			return "", unexpectedEOF(err)
		}
		if c, ok := t.(xml.CharData); ok && b.Len() < maxTokenBytes {
			b.Write(c)
		}
	}
	return b.String(), nil
}

func unexpectedEOF(err error) error {
	if err == io.EOF {
		return fmt.Errorf("%w: %w", ErrDamaged, io.ErrUnexpectedEOF)
	}
	return err
}

// attr returns an attribute by its local name, which is unambiguous in all the
// elements that are looked at.
func attr(e xml.StartElement, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// A guard counts the bytes of a token. The decoder asks for single bytes, so
// that no token can grow past the limit.
type guard struct {
	r    *bufio.Reader
	used int
}

func (g *guard) ReadByte() (byte, error) {
	if g.used++; g.used > maxTokenBytes {
		return 0, fmt.Errorf("%w: an XML token of more than %d bytes", ErrLimit, maxTokenBytes)
	}
	return g.r.ReadByte()
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if g.used += n; g.used > maxTokenBytes {
		return 0, fmt.Errorf("%w: an XML token of more than %d bytes", ErrLimit, maxTokenBytes)
	}
	return n, err
}
