package corrupt

import (
	"fmt"
	"io"
)

// dumpRow and dumpRows bound what Dump shows of one field: four rows of eight
// bytes, then a count of the rest.
const (
	dumpRow  = 8
	dumpRows = 4
)

// A Dump writes bytes with what they mean beside them, one field a line:
//
//	00000010  80 01                    docs: 128
//
// It is for people and for goldens in testdata: a change of format then shows
// in review as changed, labelled bytes. It goes through the bytes once, from
// the front, and marks a field that reaches past the end. One goroutine.
type Dump struct {
	w    io.Writer
	data []byte
	off  int
	base int
	err  error
}

// NewDump shows data, whose first byte is called offset base.
func NewDump(w io.Writer, data []byte, base int) *Dump {
	return &Dump{w: w, data: data, base: base}
}

// Off is the place of the next byte in data.
func (d *Dump) Off() int { return d.off }

// Len is the number of bytes not yet shown.
func (d *Dump) Len() int { return len(d.data) - d.off }

// Note writes a line without bytes: a heading.
func (d *Dump) Note(format string, args ...any) { d.printf("# "+format+"\n", args...) }

// Bytes shows the next n bytes under a label and returns them; fewer if there
// are fewer.
func (d *Dump) Bytes(n int, format string, args ...any) []byte {
	label := fmt.Sprintf(format, args...)
	cut := n < 0 || n > d.Len()
	if cut {
		label += fmt.Sprintf(" (cut short: %d bytes wanted, %d left)", n, d.Len())
		n = d.Len()
	}
	b := d.data[d.off : d.off+n]
	for row := 0; row*dumpRow < n || row == 0 && cut; row++ {
		from := row * dumpRow
		if row == dumpRows {
			d.printf("%10s... %d bytes more\n", "", n-from)
			break
		}
		d.printf("%08x  %-*x  %s\n", d.base+d.off+from, 3*dumpRow-1, spaced(b[from:min(n, from+dumpRow)]), label)
		label = ""
	}
	d.off += n
	return b
}

// Skip passes over n bytes without a line: somebody else shows them.
func (d *Dump) Skip(n int) { d.off += min(max(n, 0), d.Len()) }

// Err is the first error of the writer below, or nil.
func (d *Dump) Err() error { return d.err }

func (d *Dump) printf(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.w, format, args...)
	}
}

// spaced prints as "01 02 03".
type spaced []byte

func (s spaced) Format(f fmt.State, _ rune) {
	text := fmt.Sprintf("% x", []byte(s))
	width, _ := f.Width()
	fmt.Fprintf(f, "%-*s", width, text)
}
