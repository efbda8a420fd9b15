package warc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sort"
	"strconv"
	"strings"
)

// renamed are the header fields that speak of the message as it came over the
// wire. The stored body is decoded, so that they would be false of it.
var renamed = map[string]string{
	"Content-Encoding":  "X-Crawler-Content-Encoding",
	"Transfer-Encoding": "X-Crawler-Transfer-Encoding",
	"Content-Length":    "X-Crawler-Content-Length",
}

// Redacted is what stands in place of a secret.
const Redacted = "[redacted]"

// secret are the header fields by which one is let in. An archive is copied and
// published: none of them is ever written.
var secret = map[string]bool{
	"Authorization":       true,
	"Proxy-Authorization": true,
	"Cookie":              true,
	"Set-Cookie":          true,
}

// Response is the block of a response record: status line, header, body. The
// values of secret fields are redacted. The body is content-decoded. A captured HTTP/2 or HTTP/3 answer is written as
// HTTP/1.1, as every archive does; the record's WARC-Protocol may tell.
func Response(u string, status int, proto string, h http.Header, body []byte) []byte {
	var b bytes.Buffer
	b.Grow(512 + len(body))
	text := http.StatusText(status)
	if text == "" {
		text = "Unknown"
	}
	fmt.Fprintf(&b, "%s %03d %s\r\n", wireProto(proto), status, text)
	writeHeader(&b, h)
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(body))
	b.Write(body)
	return b.Bytes()
}

// Request is the block of a request record. The values of secret fields are
// redacted.
func Request(u string, proto string, h http.Header) []byte {
	var b bytes.Buffer
	target, host := "/", ""
	if p, err := url.Parse(u); err == nil {
		target, host = p.RequestURI(), p.Host
	}
	fmt.Fprintf(&b, "GET %s %s\r\nHost: %s\r\n", oneLine(target), wireProto(proto), oneLine(host))
	writeHeader(&b, h)
	b.WriteString("\r\n")
	return b.Bytes()
}

func wireProto(proto string) string {
	if proto == "HTTP/1.0" {
		return proto
	}
	return "HTTP/1.1"
}

// writeHeader writes the fields in the order of their names: a capture of the
// same answer is the same bytes.
func writeHeader(b *bytes.Buffer, h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		out := name
		if r, ok := renamed[name]; ok {
			out = r
		}
		for _, v := range h[name] {
			if secret[http.CanonicalHeaderKey(name)] {
				v = Redacted
			}
			b.WriteString(oneLine(out))
			b.WriteString(": ")
			b.WriteString(oneLine(v))
			b.WriteString("\r\n")
		}
	}
}

// ParseResponse takes apart the block of a response record, also one that
// others wrote: chunked bodies are joined where they are truly chunked. The
// body is part of block where it can be.
func ParseResponse(block []byte) (status int, h http.Header, body []byte, err error) {
	payload, ok := httpPayload(block)
	if !ok {
		return 0, nil, nil, errors.New("warc: HTTP header has no end")
	}
	head := block[:len(block)-len(payload)]
	line, rest, _ := bytes.Cut(head, []byte("\n"))
	proto, code, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
	code, _, _ = strings.Cut(strings.TrimSpace(code), " ")
	status, err = strconv.Atoi(code)
	if err != nil || !strings.HasPrefix(proto, "HTTP/") || status < 0 || status > 999 {
		return 0, nil, nil, fmt.Errorf("warc: bad status line %.60q", line)
	}
	h = http.Header{}
	last := ""
	for l := range strings.SplitSeq(string(rest), "\n") {
		l = strings.TrimRight(l, "\r")
		if last != "" && (strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t")) {
			vs := h[last]
			vs[len(vs)-1] += " " + strings.TrimSpace(l)
			continue
		}
		if name, value, ok := strings.Cut(l, ":"); ok && name != "" {
			last = http.CanonicalHeaderKey(strings.TrimSpace(name))
			h.Add(last, strings.TrimSpace(value))
		}
	}
	return status, h, joined(h, payload), nil
}

// joined undoes chunked coding where the header claims it and the body bears
// it out.
func joined(h http.Header, payload []byte) []byte {
	if !strings.EqualFold(h.Get("Transfer-Encoding"), "chunked") {
		return payload
	}
	body, err := io.ReadAll(httputil.NewChunkedReader(bufio.NewReader(bytes.NewReader(payload))))
	if err != nil && len(body) == 0 {
		return payload
	}
	return body
}
