package warc

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// dateFormat is W3C-DTF with microseconds, which WARC 1.1 allows.
const dateFormat = "2006-01-02T15:04:05.000000Z"

// complete fills in what Append promises: ID, date, content type, digests.
func (r *Record) complete(now time.Time) {
	if r.ID == "" {
		r.ID = NewID()
	}
	if r.Date.IsZero() {
		r.Date = now
	}
	if r.ContentType == "" {
		switch r.Type {
		case TypeResponse, TypeRevisit:
			r.ContentType = contentResponse
		case TypeRequest:
			r.ContentType = contentRequest
		case TypeWarcinfo, TypeMetadata:
			r.ContentType = contentFields
		default:
			r.ContentType = "application/octet-stream"
		}
	}
	if r.BlockDigest == "" {
		r.BlockDigest = Digest(r.Block)
	}
	if r.PayloadDigest == "" && r.Type == TypeResponse && isHTTP(r.ContentType) {
		if payload, ok := httpPayload(r.Block); ok {
			r.PayloadDigest = Digest(payload)
		}
	}
}

// appendTo writes the record, uncompressed, behind dst.
func (r *Record) appendTo(dst []byte) []byte {
	dst = append(dst, "WARC/1.1\r\n"...)
	field := func(name, value string) {
		if value != "" {
			dst = appendField(dst, name, value)
		}
	}
	id := func(name, value string) {
		if value != "" {
			dst = appendField(dst, name, "<"+value+">")
		}
	}
	field("WARC-Type", r.Type)
	id("WARC-Record-ID", r.ID)
	field("WARC-Date", r.Date.UTC().Format(dateFormat))
	field("WARC-Target-URI", r.TargetURI)
	field("WARC-IP-Address", r.IP)
	field("WARC-Truncated", r.Truncated)
	for _, c := range r.ConcurrentTo {
		id("WARC-Concurrent-To", c)
	}
	id("WARC-Refers-To", r.RefersTo)
	field("WARC-Refers-To-Target-URI", r.RefersToURI)
	if !r.RefersToDate.IsZero() {
		field("WARC-Refers-To-Date", r.RefersToDate.UTC().Format(dateFormat))
	}
	field("WARC-Profile", r.Profile)
	for _, f := range r.Header {
		field(f[0], f[1])
	}
	field("WARC-Block-Digest", r.BlockDigest)
	field("WARC-Payload-Digest", r.PayloadDigest)
	field("Content-Type", r.ContentType)
	field("Content-Length", strconv.Itoa(len(r.Block)))
	dst = append(dst, "\r\n"...)
	dst = append(dst, r.Block...)
	return append(dst, "\r\n\r\n"...)
}

// appendField writes one header line. Line ends and NULs in a value would let
// a web server write header lines of its own: they become spaces.
func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	at := len(dst)
	dst = append(dst, value...)
	for i := at; i < len(dst); i++ {
		if dst[i] == '\r' || dst[i] == '\n' || dst[i] == 0 {
			dst[i] = ' '
		}
	}
	return append(dst, "\r\n"...)
}

// set puts a field that was read where it belongs.
func (r *Record) set(name, value string) {
	switch strings.ToLower(name) {
	case "warc-type":
		r.Type = strings.ToLower(value)
	case "warc-record-id":
		r.ID = bare(value)
	case "warc-date":
		r.Date = parseDate(value)
	case "warc-target-uri":
		r.TargetURI = bare(value)
	case "warc-ip-address":
		r.IP = value
	case "warc-truncated":
		r.Truncated = value
	case "warc-concurrent-to":
		r.ConcurrentTo = append(r.ConcurrentTo, bare(value))
	case "warc-refers-to":
		r.RefersTo = bare(value)
	case "warc-refers-to-target-uri":
		r.RefersToURI = bare(value)
	case "warc-refers-to-date":
		r.RefersToDate = parseDate(value)
	case "warc-profile":
		r.Profile = value
	case "warc-block-digest":
		r.BlockDigest = value
	case "warc-payload-digest":
		r.PayloadDigest = value
	case "content-type":
		r.ContentType = value
	default:
		r.Header = append(r.Header, [2]string{name, value})
	}
}

// bare takes away the angle brackets that the ID fields have, and that wget
// before 1.20 put around target addresses too.
func bare(s string) string {
	if strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">") {
		return s[1 : len(s)-1]
	}
	return s
}

// parseDate reads W3C-DTF in any of its precisions. A date that it cannot read
// is the zero time: a capture is worth more than its date.
func parseDate(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006", "20060102150405"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// isHTTP says whether a block is an HTTP message.
func isHTTP(contentType string) bool {
	return len(contentType) >= 16 && strings.EqualFold(contentType[:16], "application/http")
}

// httpPayload is what follows the header of an HTTP message.
func httpPayload(block []byte) ([]byte, bool) {
	if i := bytes.Index(block, []byte("\r\n\r\n")); i >= 0 {
		return block[i+4:], true
	}
	if i := bytes.Index(block, []byte("\n\n")); i >= 0 {
		return block[i+2:], true
	}
	return nil, false
}
