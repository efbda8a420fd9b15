package convert

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	maxRatio      = 200
	ratioFrom     = 10 << 20 // decoded bytes before the ratio counts: small files of one letter are honest
	mimetypeBytes = 200
)

// A container is a zip file whose entries are counted before they are listed
// and whose decoded bytes are counted as they are read, whatever it claims.
type container struct {
	expired func() error // says whether the time of this Read is up
	files   map[string]*zip.File
	left    int64 // decoded bytes
	decoded int64 // of all entries together, at most
}

func openContainer(ctx context.Context, opt Options, body []byte) (*container, error) {
	// archive/zip makes an object of each header of the directory before anyone
	// can count them; 100,000 of them take 60 MB.
	if n := bytes.Count(body, []byte("PK\x01\x02")); n > opt.MaxEntries {
		return nil, fmt.Errorf("%w: %d zip entries", ErrLimit, n)
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		if bytes.HasPrefix(body, oleMagic) {
			return nil, readLegacy(typeZip, body)
		}
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	c := &container{expired: ctx.Err, files: map[string]*zip.File{}, left: opt.MaxDecoded, decoded: opt.MaxDecoded}
	for _, f := range z.File {
		if key := partKey(f.Name); c.files[key] == nil {
			c.files[key] = f
		}
	}
	return c, nil
}

// partKey compares names as the formats do: without case, from the root.
func partKey(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

func (c *container) has(name string) bool { return c.files[partKey(name)] != nil }

// open returns an entry, or nil if there is none of that name.
func (c *container) open(name string) (io.ReadCloser, error) {
	f := c.files[partKey(name)]
	if f == nil {
		return nil, nil
	}
	if f.Flags&1 != 0 {
		return nil, ErrEncrypted
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: open %s: %w", ErrDamaged, f.Name, err)
	}
	return &entry{ReadCloser: r, c: c, packed: int64(f.CompressedSize64)}, nil
}

// head returns the first bytes of an entry as text; empty if it is not there.
func (c *container) head(name string, limit int64) string {
	r, err := c.open(name)
	if r == nil || err != nil {
		return ""
	}
	defer r.Close()
	b, _ := io.ReadAll(io.LimitReader(r, limit)) // what there is will do
	return string(b)
}

type entry struct {
	io.ReadCloser
	c            *container
	packed, read int64
}

func (e *entry) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	e.read += int64(n)
	e.c.left -= int64(n)
	switch {
	case e.c.left < 0:
		return 0, fmt.Errorf("%w: %d MiB decoded", ErrLimit, e.c.decoded>>20)
	case e.read > ratioFrom && e.read > maxRatio*e.packed:
		return 0, fmt.Errorf("%w: compressed more than %d:1", ErrLimit, maxRatio)
	case err != nil && err != io.EOF:
		return n, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return n, err
}

// each reads the XML of an entry token by token; an entry that is not there has
// none. A visitor ends the walk early with errStop.
func (c *container) each(name string, visit func(x *xmlReader, token any) error) error {
	r, err := c.open(name)
	if r == nil || err != nil {
		return err
	}
	defer r.Close()
	x := newXMLReader(c.expired, r)
	for {
		t, err := x.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = visit(x, t)
		}
		if errors.Is(err, errStop) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w (%s)", err, name)
		}
	}
}

var errStop = errors.New("stop")

// readContainer reads whichever format the entries prove the file to be.
func readContainer(ctx context.Context, b *builder, body []byte) error {
	c, err := openContainer(ctx, b.opt, body)
	if err != nil {
		return err
	}
	mt := bareType(c.head("mimetype", mimetypeBytes))
	switch {
	case mt == typeEPUB || c.has("META-INF/container.xml") && !c.has("content.xml"):
		return readEPUB(c, b)
	case strings.HasPrefix(mt, odfPrefix) || c.has("content.xml") && c.has("META-INF/manifest.xml"):
		return readODF(c, b)
	case c.has("[Content_Types].xml"):
		return readOOXML(c, b)
	}
	return fmt.Errorf("%w: zip archive", ErrUnsupported)
}
