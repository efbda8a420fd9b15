package extract

import (
	"bytes"
	"net/http"
	"strings"
)

// sniffBytes is how much of a body the MIME Sniffing standard looks at.
const sniffBytes = 1445

// Sniff returns the media type of a body, without parameters. A declared type
// is believed, but for two lies that are common: a generic declaration
// (application/octet-stream, unknown) tells nothing, and bytes that begin like
// an image, archive, film or PDF are that, whatever the header says. Text
// declared as text/plain is never taken for HTML (WHATWG MIME Sniffing, 7).
func Sniff(contentType string, body []byte) string {
	head := body[:min(len(body), sniffBytes)]
	declared := mediaTypeOf(contentType)
	sniffed, _, _ := strings.Cut(http.DetectContentType(head), ";")
	if sniffed == "text/xml" && isXHTML(head) {
		sniffed = "application/xhtml+xml"
	}
	if sniffed == "application/octet-stream" && declared != "" && detectUTF16(head) != "" {
		sniffed = "text/plain" // zero bytes are no sign of binary data here
	}
	binary := !strings.HasPrefix(sniffed, "text/") && sniffed != "application/xhtml+xml"
	switch declared {
	case "", "*/*", "unknown/unknown", "application/unknown", "application/octet-stream", "binary/octet-stream":
		return sniffed
	case "text/xml", "application/xml":
		if sniffed == "application/xhtml+xml" {
			return sniffed
		}
	case "text/plain", "text/html", "application/xhtml+xml":
		if binary && len(head) > 0 {
			return sniffed
		}
	}
	if binary && sniffed != "application/octet-stream" && strings.HasPrefix(declared, "text/") {
		return sniffed
	}
	return declared
}

// mediaTypeOf is the type/subtype of a Content-Type value in lower case, or ""
// if it has none.
func mediaTypeOf(contentType string) string {
	m, _ := parseMIME(contentType)
	return m.essence
}

// charsetParam is the charset parameter of a Content-Type value, or "".
func charsetParam(contentType string) string {
	m, _ := parseMIME(contentType)
	return m.param("charset")
}

// isXHTML tells whether the first element of an XML document is html.
func isXHTML(head []byte) bool {
	for {
		i := bytes.IndexByte(head, '<')
		if i < 0 || i+1 >= len(head) {
			return false
		}
		head = head[i+1:]
		switch {
		case bytes.HasPrefix(head, []byte("!--")):
			end := bytes.Index(head, []byte("-->"))
			if end < 0 {
				return false
			}
			head = head[end:]
		case head[0] == '?', head[0] == '!':
		default:
			return len(head) >= 5 && bytes.EqualFold(head[:4], []byte("html")) && strings.IndexByte(" \t\r\n>/", head[4]) >= 0
		}
	}
}

// isPlainText lists the types that are read as they stand.
func isPlainText(mt string) bool {
	switch mt {
	case "text/plain", "text/markdown", "text/x-markdown", "text/x-rst", "text/prs.fallenstein.rst", "text/asciidoc", "text/x-org":
		return true
	}
	return false
}
