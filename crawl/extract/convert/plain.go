package convert

import (
	"bytes"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// decodeText makes UTF-8 of a text: by its byte order mark, by the parameter
// charset of its type, as UTF-8 if it is that, else as windows-1252.
func decodeText(body []byte, mediaType string) string {
	_, params, _ := mime.ParseMediaType(mediaType) // without parameters on an error
	label := params["charset"]
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return strings.ToValidUTF8(string(body[3:]), "\ufffd")
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
		label, body = "utf-16le", body[2:]
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		label, body = "utf-16be", body[2:]
	case label == "" && utf8.Valid(body):
		return string(body)
	case label == "":
		label = "windows-1252"
	}
	r, err := charset.NewReaderLabel(label, bytes.NewReader(body))
	if err == nil {
		if decoded, err := io.ReadAll(r); err == nil {
			body = decoded
		}
	}
	return strings.ToValidUTF8(string(body), "\ufffd")
}

// readPlain reads text whose paragraphs are parted by empty lines. Lines of one
// sign repeated, which reStructuredText and AsciiDoc draw under their headings,
// part paragraphs too and are no text.
func readPlain(b *builder, text string) {
	var para strings.Builder
	end := func() {
		b.paragraph(para.String())
		para.Reset()
	}
	for line := range lines(text) {
		if b.full() {
			return
		}
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || isRule(trimmed) {
			end()
			continue
		}
		para.WriteString(trimmed)
		para.WriteByte(' ')
	}
	end()
}

// isRule says whether a line is drawn: three or more of one sign.
func isRule(s string) bool {
	return len(s) >= 3 && strings.IndexByte("=-~^\"'`#*+_.:", s[0]) >= 0 && strings.Trim(s, s[:1]) == ""
}

// lines walks over the lines of a text, ended by \n, \r\n or \r.
func lines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for text != "" {
			line, rest := text, ""
			if i := strings.IndexAny(text, "\r\n"); i >= 0 {
				line, rest = text[:i], text[i+1:]
				if text[i] == '\r' {
					rest = strings.TrimPrefix(rest, "\n")
				}
			}
			if text = rest; !yield(line) {
				return
			}
		}
	}
}
