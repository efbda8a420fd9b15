package warc

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"
	"time"
)

// A Capture is one line of a CDXJ index: where the capture of an address
// stands. The format is that of pywb and cdxj-indexer, one line for each
// response, resource and revisit, sorted by its bytes:
//
//	com,example)/ 20261123104400 {"url": "http://example.com/", "mime": "text/html", "status": "200", "digest": "sha256:...", "length": "1228", "offset": "784", "filename": "x.warc.gz"}
type Capture struct {
	Key    string    // SURT of URL
	Time   time.Time // to the second
	URL    string    // as fetched
	MIME   string    // without parameters; "warc/revisit" of a revisit; empty: not known
	Status int       // of HTTP; 0: none
	Digest string    // of the payload, labelled; empty: not known
	Ref
}

// MIMERevisit stands in place of the type of a capture whose payload is kept
// by another record.
const MIMERevisit = "warc/revisit"

const stampFormat = "20060102150405"

// cdxjFields are the JSON object of a line. Numbers are text, as all writers
// have it.
type cdxjFields struct {
	URL      string `json:"url"`
	MIME     string `json:"mime,omitempty"`
	Status   string `json:"status,omitempty"`
	Digest   string `json:"digest,omitempty"`
	Length   string `json:"length,omitempty"`
	Offset   string `json:"offset"`
	Filename string `json:"filename"`
}

// appendTo writes the line, without its end, behind dst.
func (c *Capture) appendTo(dst []byte) []byte {
	dst = append(dst, c.Key...)
	dst = append(dst, ' ')
	dst = c.Time.UTC().AppendFormat(dst, stampFormat)
	open := " {"
	field := func(name, value string) {
		if value == "" {
			return
		}
		dst = append(dst, open...)
		dst = append(dst, '"')
		dst = append(dst, name...)
		dst = append(dst, `": `...)
		dst = appendJSON(dst, value)
		open = ", "
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	field("url", c.URL)
	field("mime", c.MIME)
	if c.Status > 0 {
		field("status", number(int64(c.Status)))
	}
	field("digest", c.Digest)
	field("length", number(c.Length))
	field("offset", number(c.Offset))
	field("filename", c.File)
	return append(dst, '}')
}

// appendJSON writes a JSON string of ASCII only, as Python's json does.
func appendJSON(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s { // bytes that are not UTF-8 become U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r >= 0x20 && r < 0x7f:
			dst = append(dst, byte(r))
		case r >= 0x10000:
			r -= 0x10000
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
	}
	return append(dst, '"')
}

// parseCapture reads a line of any writer.
func parseCapture(line string) (Capture, error) {
	key, rest, _ := strings.Cut(line, " ")
	stamp, object, ok := strings.Cut(rest, " ")
	if !ok || len(stamp) < 4 {
		return Capture{}, errors.New("no CDXJ line")
	}
	t, err := time.Parse(stampFormat[:min(len(stamp), len(stampFormat))], stamp[:min(len(stamp), len(stampFormat))])
	if err != nil {
		return Capture{}, fmt.Errorf("bad timestamp: %w", err)
	}
	var f cdxjFields
	if err := json.Unmarshal([]byte(object), &f); err != nil {
		return Capture{}, fmt.Errorf("bad JSON: %w", err)
	}
	c := Capture{Key: key, Time: t, URL: f.URL, MIME: f.MIME, Digest: f.Digest, Ref: Ref{File: f.Filename}}
	c.Status, _ = strconv.Atoi(f.Status) // "-" is written too
	if c.Offset, err = strconv.ParseInt(f.Offset, 10, 64); err != nil || c.Offset < 0 {
		return Capture{}, fmt.Errorf("bad offset %.40q", f.Offset)
	}
	c.Length, _ = strconv.ParseInt(f.Length, 10, 64)
	return c, nil
}

// capture is the line that a record has in an index; not all have one. ref says
// where the record stands.
func (r *Record) capture(ref Ref) (Capture, bool) {
	c := Capture{URL: r.TargetURI, Time: r.Date, Digest: r.PayloadDigest, Ref: ref}
	media := r.ContentType
	switch r.Type {
	case TypeResponse, TypeRevisit:
		if isHTTP(r.ContentType) {
			status, h, _, err := ParseResponse(r.Block)
			if err == nil {
				c.Status = status
			}
			media = h.Get("Content-Type")
		}
	case "resource":
		if media == contentFields {
			return c, false // a remark of the crawler's own
		}
	default:
		return c, false
	}
	if c.URL == "" {
		return c, false
	}
	c.Key = SURT(c.URL)
	c.MIME = mediaType(media)
	if r.Type == TypeRevisit {
		c.MIME = MIMERevisit
	}
	if c.Digest == "" && r.Type != TypeRevisit && !r.Cut {
		payload := r.Block
		if isHTTP(r.ContentType) {
			payload, _ = httpPayload(r.Block)
		}
		c.Digest = Digest(payload)
	}
	return c, true
}

// mediaType is the type without its parameters.
func mediaType(s string) string {
	if t, _, err := mime.ParseMediaType(s); err == nil {
		return t
	}
	t, _, _ := strings.Cut(s, ";")
	t, _, _ = strings.Cut(strings.TrimSpace(t), " ")
	return strings.ToLower(t)
}

// Counts say what became of the records of a file.
type Counts struct {
	Captures   int // lines written
	Unseekable int // captures left out, because one gzip stream holds the whole file
	Corrupt    int // places where no record could be read
}

// Index writes the sorted CDXJ index of a WARC file, of whatever writer. name
// is the file's name as the index gives it. Damage is counted and passed over;
// an error is one of reading or writing. Memory is bounded by a block of the
// file (64 MiB) and 4 MiB of lines; the rest is sorted in os.TempDir.
func Index(r io.Reader, name string, w io.Writer) (Counts, error) {
	s := &sorter{}
	n, err := indexInto(s, r, name)
	if err == nil {
		bw := bufio.NewWriterSize(w, 64<<10)
		if err = s.writeTo(bw); err == nil {
			err = bw.Flush()
		}
	}
	s.close()
	if err != nil {
		return n, fmt.Errorf("warc: index %s: %w", name, err)
	}
	return n, nil
}

// indexInto reads a file into a sorter.
func indexInto(s *sorter, r io.Reader, name string) (n Counts, err error) {
	rd := NewReader(r, ReaderOptions{})
	var line []byte
	for {
		rec, err := rd.Next()
		var corrupt *CorruptError
		switch {
		case err == io.EOF:
			return n, nil
		case errors.As(err, &corrupt):
			n.Corrupt++
			continue
		case err != nil:
			return n, err
		}
		c, ok := rec.capture(Ref{File: name, Offset: rec.Offset, Length: rec.Length})
		switch {
		case !ok:
			continue
		case rec.Length == 0:
			n.Unseekable++
			continue
		}
		n.Captures++
		line = c.appendTo(line[:0])
		if err := s.add(line); err != nil {
			return n, err
		}
	}
}
