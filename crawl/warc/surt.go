package warc

import (
	"bytes"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/trawlsearch/trawl/weburl"
)

// SURT is the key by which indexes of archives are sorted: the host in reverse,
// then path and query, so that a site is one stretch of the file
// ("Sort-friendly URI Reordering Transform").
//
//	https://www.Example.com:8080/A/?b=2&a=1  ->  com,example:8080)/a?a=1&b=2
//
// What tells few captures apart is left out, as the Internet Archive's
// canonicaliser and after it every reader of CDXJ has it: scheme, "www.",
// default port, credentials, case, escapes, session IDs, the order of
// parameters, a last slash, the fragment. An address without a host (dns:,
// urn:) is its own key, and nothing is "-".
func SURT(address string) string {
	address = strings.TrimSpace(address)
	if address == "" {
		return "-"
	}
	u, err := weburl.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme() == "filedesc" {
		return string(escape([]byte(address)))
	}
	key := []byte(reversed(u.Hostname()))
	if port := u.Port(); port != "" {
		key = append(append(key, ':'), port...)
	}
	key = append(key, ')')
	key = append(key, surtPath(u.Path())...)
	if q := surtQuery(u.Query()); q != "" {
		key = append(append(key, '?'), q...)
	}
	return string(key)
}

var www = regexp.MustCompile(`^www\d*\.`)

// reversed puts the labels of a name in reverse. An IP address stays as it is.
func reversed(host string) string {
	host = strings.ToLower(host)
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	host = strings.Trim(www.ReplaceAllString(host, ""), ".")
	labels := strings.Split(string(escape([]byte(host))), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ",")
}

// aspSession are the session IDs that ASP.NET puts into paths.
var aspSession = regexp.MustCompile(`(?i)^(.*/)\((?:(?:[a-z]\([0-9a-z]{24}\))+|[0-9a-z]{24})\)/([^?]+\.aspx.*)$`)

func surtPath(path string) string {
	p := strings.ToLower(string(escape(tidy(unescape([]byte(path))))))
	p = aspSession.ReplaceAllString(p, "$1$2")
	if len(p) > 1 {
		p = strings.TrimSuffix(p, "/")
	}
	if p == "" {
		return "/"
	}
	return p
}

// tidy resolves dots and joins slashes, which escapes may have hidden.
func tidy(path []byte) []byte {
	if !bytes.Contains(path, []byte("//")) && !bytes.Contains(path, []byte("/.")) {
		return path
	}
	var out [][]byte
	for segment := range bytes.SplitSeq(path, []byte("/")) {
		switch string(segment) {
		case "", ".":
		case "..":
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
		default:
			out = append(out, segment)
		}
	}
	return append([]byte("/"), bytes.Join(out, []byte("/"))...)
}

// querySession are session IDs that stand as a parameter.
var querySession = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^(.*?)(?:jsessionid|phpsessid|sid)=[0-9a-z]{32}(?:&(.*))?$`),
	regexp.MustCompile(`(?i)^(.*?)aspsessionid[a-z]{8}=[a-z]{24}(?:&(.*))?$`),
	regexp.MustCompile(`(?i)^(.*?)cfid=[^&]+&cftoken=[^&]+(?:&(.*))?$`),
}

// surtQuery puts the parameters in the order of their names, then values. A
// name without '=' stands before the same name with one.
func surtQuery(query string) string {
	if query == "" {
		return ""
	}
	q := string(escape(unescape([]byte(query))))
	for _, re := range querySession {
		q = re.ReplaceAllString(q, "$1$2")
	}
	q = strings.ToLower(q)
	params := strings.Split(q, "&")
	slices.SortFunc(params, func(a, b string) int {
		an, av, ah := strings.Cut(a, "=")
		bn, bv, bh := strings.Cut(b, "=")
		switch {
		case an != bn:
			return strings.Compare(an, bn)
		case ah != bh:
			if ah {
				return 1
			}
			return -1
		}
		return strings.Compare(av, bv)
	})
	return strings.Join(params, "&")
}

// unescape undoes percent-encoding until none is left. Each round makes the
// text shorter; a run of "%25" goes in one round less than it is long, so that
// rounds are bounded lest a long address cost the square of its length.
func unescape(b []byte) []byte {
	const maxRounds = 16
	for range maxRounds {
		if !bytes.Contains(b, []byte("%")) {
			return b
		}
		out := make([]byte, 0, len(b))
		for i := 0; i < len(b); i++ {
			if b[i] == '%' && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]) {
				out = append(out, fromHex(b[i+1])<<4|fromHex(b[i+2]))
				i += 2
				continue
			}
			out = append(out, b[i])
		}
		if len(out) == len(b) {
			return b
		}
		b = out
	}
	return b
}

// escape encodes what may not stand in a key: blanks and controls, all that is
// not ASCII, and the two marks themselves.
func escape(b []byte) []byte {
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, len(b))
	for _, c := range b {
		if c <= 0x20 || c >= 0x7f || c == '%' || c == '#' {
			out = append(out, '%', digits[c>>4], digits[c&15])
			continue
		}
		out = append(out, c)
	}
	return out
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func fromHex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}
