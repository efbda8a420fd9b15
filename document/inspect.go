package document

import (
	"fmt"
	"io"
	"time"
)

// Inspect writes an annotated dump of an encoded document.
func Inspect(w io.Writer, b []byte) error {
	d, err := Decode(b)
	if err != nil {
		return err
	}
	head := []struct {
		from, to int
		what     string
	}{
		{0, 4, "magic TRWD"}, {4, 5, fmt.Sprintf("format version %d", b[4])}, {5, 6, fmt.Sprintf("flags: deleted %t", d.Deleted)},
		{6, 22, "key"}, {22, 30, "version: " + time.UnixMicro(d.Version).UTC().Format(time.RFC3339Nano)},
	}
	for _, h := range head {
		fmt.Fprintf(w, "%06x  % -48x %s\n", h.from, b[h.from:h.to], h.what)
	}
	fmt.Fprintf(w, "%06x  id %q  url %q  lang %q\n", headerBytes, d.ID, d.URL, d.Lang)
	for _, f := range d.Fields {
		text := f.Text
		if len(text) > 60 {
			text = text[:60] + "…"
		}
		fmt.Fprintf(w, "        field %s, %d bytes: %q\n", f.Name, len(f.Text), text)
	}
	for _, g := range d.Groups {
		fmt.Fprintf(w, "        group %q\n", g)
	}
	_, err = fmt.Fprintf(w, "%06x  %x  CRC-32C of all before it, right\n", len(b)-4, b[len(b)-4:])
	return err
}
