package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/net/html/charset"
)

const (
	prescanBytes = 1024     // how far the standard looks for <meta charset>
	detectBytes  = 16 << 10 // how much the statistics are fed: they read 7 MB/s
)

// decode turns a body into valid UTF-8 and names the encoding it took. The
// order is the WHATWG's: byte order mark, transport header, <meta> within the
// first 1,024 bytes (only of HTML), then what the bytes look like, then
// windows-1252. UTF-7 is never considered.
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
	return detect(body), 0
}

// detect guesses from the bytes alone.
func detect(body []byte) string {
	if name := detectUTF16(body); name != "" {
		return name
	}
	head := body[:min(len(body), detectBytes)]
	ascii := true
	for _, b := range head {
		if b >= 0x80 || b == 0x1B {
			ascii = false
			break
		}
	}
	if ascii { // perhaps the rest is not
		if utf8.Valid(body) && !isASCII(body[len(head):]) {
			return "utf-8"
		}
		return "windows-1252"
	}
	if utf8.Valid(body) && !bytes.ContainsRune(head, 0x1B) {
		return "utf-8"
	}
	guess := strings.ToLower(chardet.Detect(head).Encoding)
	if strings.HasPrefix(guess, "utf-7") {
		return "windows-1252"
	}
	if _, name := charset.Lookup(guess); name != "" && name != "replacement" && name != "x-user-defined" {
		return name
	}
	if utf8.Valid(body) {
		return "utf-8"
	}
	return "windows-1252"
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// detectUTF16 recognises UTF-16 without a mark by the zero bytes of its markup:
// at least a quarter of the bytes on one side, and next to none on the other.
func detectUTF16(body []byte) string {
	head := body[:min(len(body), prescanBytes)&^1]
	var even, odd int
	for i := 0; i < len(head); i += 2 {
		if head[i] == 0 {
			even++
		}
		if head[i+1] == 0 {
			odd++
		}
	}
	half := len(head) / 2
	switch {
	case half < 4:
		return ""
	case odd*4 >= half && even*50 < half:
		return "utf-16le"
	case even*4 >= half && odd*50 < half:
		return "utf-16be"
	}
	return ""
}
