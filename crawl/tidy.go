package crawl

import (
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
// and credentials, without parameters for tracking and sessions.
func tidy(u weburl.URL) weburl.URL {
	u = u.Page()
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

func idle(name string) bool {
	if len(name) < 4 || len(name) > 12 {
		return strings.HasPrefix(strings.ToLower(name), "utm_") || strings.HasPrefix(name, "ASPSESSIONID")
	}
	name = strings.ToLower(name)
	return tracking[name] || sessions[name] || strings.HasPrefix(name, "utm_")
}
