package crawl

import (
	"strconv"
	"strings"

	"github.com/trawlsearch/trawl/weburl"
)

// tracking are parameters that tell a site where a visitor came from and never
// what to show; utm_* goes too.
var tracking = map[string]bool{
	"gclid": true, "gclsrc": true, "dclid": true, "gbraid": true, "wbraid": true, "fbclid": true, "msclkid": true,
	"yclid": true, "twclid": true, "ttclid": true, "igshid": true, "mc_cid": true, "mc_eid": true, "_hsenc": true,
	"_hsmi": true, "mkt_tok": true, "oly_anon_id": true, "oly_enc_id": true, "vero_id": true,
}

// sessions are parameters that carry a visitor's session.
var sessions = map[string]bool{
	"phpsessid": true, "jsessionid": true, "cfid": true, "cftoken": true, "sessionid": true, "zenid": true, "oscsid": true,
}

// tidy gives one address to pages that many addresses lead to: without fragment
// and credentials, without parameters for tracking and sessions, and with letters,
// digits and -._~ as themselves (RFC 3986, 6.2.2.2).
func tidy(u weburl.URL) weburl.URL {
	u = plain(u.Page())
	path, query := u.Path(), u.Query()
	session := strings.Contains(path, ";")
	if query == "" && !session {
		return u
	}
	var keep []string
	cut := false
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if idle(name) {
			cut = true
			continue
		}
		keep = append(keep, part)
	}
	if session {
		if i := strings.Index(strings.ToLower(path), ";jsessionid="); i >= 0 {
			cut = true
			end := strings.IndexAny(path[i+1:], ";/")
			if end < 0 {
				path = path[:i]
			} else {
				path = path[:i] + path[i+1+end:]
			}
		}
	}
	if !cut {
		return u
	}
	ref := u.Origin() + path
	if q := strings.Join(keep, "&"); q != "" {
		ref += "?" + q
	}
	if out, err := weburl.Parse(ref); err == nil {
		return out
	}
	return u
}

// plain undoes percent-encoding of what needs none.
func plain(u weburl.URL) weburl.URL {
	target := u.Target()
	at := strings.IndexByte(target, '%')
	if at < 0 {
		return u
	}
	var b []byte
	from := 0
	for ; at >= 0 && at+2 < len(target); at = next(target, at+1) {
		c, ok := unhex(target[at+1 : at+3])
		if ok && unreserved(c) {
			b = append(append(b, target[from:at]...), c)
			from = at + 3
		}
	}
	if b == nil {
		return u
	}
	if out, err := weburl.Parse(u.Origin() + string(append(b, target[from:]...))); err == nil {
		return out
	}
	return u
}

// next is the place of the next % from i on, or -1.
func next(s string, i int) int {
	if n := strings.IndexByte(s[i:], '%'); n >= 0 {
		return i + n
	}
	return -1
}

func unhex(s string) (byte, bool) {
	n, err := strconv.ParseUint(s, 16, 8)
	return byte(n), err == nil && s[0] != '+'
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

func idle(name string) bool {
	if len(name) < 4 || len(name) > 12 {
		return strings.HasPrefix(strings.ToLower(name), "utm_") || strings.HasPrefix(name, "ASPSESSIONID")
	}
	name = strings.ToLower(name)
	return tracking[name] || sessions[name] || strings.HasPrefix(name, "utm_")
}
