package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

const (
	prescanBytes = 1024     // how far the standard looks for <meta charset> before it begins to parse
	lateBytes    = 64 << 10 // how far we do where the bytes alone are no proof
)

// decode turns a body into valid UTF-8 and names the encoding it took. The
// order is the WHATWG's: byte order mark, transport header, <meta> within the
// first 1,024 bytes (only of HTML), then what the bytes look like
// (charsetdetect.go), then windows-1252. A later <meta>, for which a browser
// begins anew ("change the encoding", WHATWG HTML 13.2.3.4), beats a guess, but
// not bytes that are UTF-8 or UTF-16. UTF-7 is never considered.
func decode(body []byte, contentType string, isHTML bool) (text []byte, name string) {
	name, skip := sniffCharset(body, contentType, isHTML)
	body = body[skip:]
	if name == "utf-8" {
		if utf8.Valid(body) {
			return body, name
		}
		return bytes.ToValidUTF8(body, []byte("\uFFFD")), name
	}
	e, _ := charset.Lookup(name)
	text, err := e.NewDecoder().Bytes(body)
	if err != nil || !utf8.Valid(text) { // a decoder of x/text replaces, it does not fail; be sure
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	return text, name
}

// sniffCharset names the encoding of a body and the length of its byte order
// mark.
func sniffCharset(body []byte, contentType string, isHTML bool) (name string, skip int) {
	switch {
	case bytes.HasPrefix(body, []byte{0xEF, 0xBB, 0xBF}):
		return "utf-8", 3
	case bytes.HasPrefix(body, []byte{0xFE, 0xFF}):
		return "utf-16be", 2
	case bytes.HasPrefix(body, []byte{0xFF, 0xFE}):
		return "utf-16le", 2
	}
	if _, name := charset.Lookup(charsetParam(contentType)); name != "" {
		return name, 0
	}
	if isHTML {
		if name := prescan(body[:min(len(body), prescanBytes)]); name != "" {
			return name, 0
		}
	}
	guess := detect(body)
	if isHTML && !strings.HasPrefix(guess, "utf-") {
		if late := metaPrescan(body[:min(len(body), lateBytes)]); late != "" {
			return late, 0
		}
	}
	return guess, 0
}
