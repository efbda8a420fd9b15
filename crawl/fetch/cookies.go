package fetch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const maxCookieFile = 1 << 20

// Import takes the cookies of a browser's file, and tells how many: cookies.txt
// as Netscape wrote it and curl, wget and yt-dlp do; or JSON, a list of cookies
// as browsers' extensions export them or an object with such a list, as
// Playwright keeps its state. Cookies that are over are passed over, as are
// those for a public suffix. An error names lines, never values.
func (j *Jar) Import(data []byte) (int, error) {
	if len(data) > maxCookieFile {
		return 0, fmt.Errorf("fetch: import cookies: more than %d bytes", maxCookieFile)
	}
	read := netscape
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if text := bytes.TrimSpace(data); len(text) > 0 && (text[0] == '[' || text[0] == '{') {
		read = cookieJSON
	}
	list, err := read(data)
	if err != nil {
		return 0, fmt.Errorf("fetch: import cookies: %w", err)
	}
	now := time.Now()
	n := 0
	for _, c := range list {
		usable := c.name != "" && c.domain != "" && strings.HasPrefix(c.path, "/") && len(c.name)+len(c.value) <= maxCookieBytes &&
			!strings.ContainsAny(c.name+c.value, "\r\n\x00;") && (c.hostOnly || !publicSuffix(c.domain) || isIP(c.domain))
		if usable && (c.expires.IsZero() || c.expires.After(now)) {
			j.put(c, true, now)
			n++
		}
	}
	if n == 0 {
		return 0, errors.New("fetch: import cookies: there is none that holds")
	}
	return n, nil
}

// netscape reads lines of: domain, whether for what is below it too, path,
// whether secure, end in Unix seconds or 0, name, value; parted by tabs.
func netscape(data []byte) (list []cookie, err error) {
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		line = strings.TrimPrefix(line, "#HttpOnly_")
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) == 6 {
			f = append(f, "") // an empty value that an editor trimmed
		}
		if len(f) != 7 {
			return nil, fmt.Errorf("line %d has %d fields, want 7", n, len(f))
		}
		end, err := strconv.ParseFloat(f[4], 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: no time in field 5", n)
		}
		list = append(list, cookie{
			domain: cookieDomain(f[0]), hostOnly: !strings.EqualFold(f[1], "TRUE"), path: f[2],
			secure: strings.EqualFold(f[3], "TRUE"), expires: unix(end), name: f[5], value: f[6],
		})
	}
	return list, nil
}

func cookieJSON(data []byte) (list []cookie, err error) {
	type entry struct {
		Name, Value, Domain, Path string
		HostOnly                  *bool
		Secure                    bool
		Expires, ExpirationDate   float64
	}
	var in []entry
	if bytes.TrimSpace(data)[0] == '{' {
		var state struct{ Cookies []entry }
		err = json.Unmarshal(data, &state)
		in = state.Cookies
	} else {
		err = json.Unmarshal(data, &in)
	}
	if err != nil {
		return nil, errors.New("no JSON list of cookies") // the decoder's error may quote
	}
	for _, e := range in {
		c := cookie{name: e.Name, value: e.Value, domain: cookieDomain(e.Domain), path: e.Path, secure: e.Secure}
		c.hostOnly = !strings.HasPrefix(e.Domain, ".")
		if e.HostOnly != nil {
			c.hostOnly = *e.HostOnly
		}
		if c.path == "" {
			c.path = "/"
		}
		c.expires = unix(max(e.Expires, e.ExpirationDate))
		list = append(list, c)
	}
	return list, nil
}

func cookieDomain(s string) string { return strings.ToLower(strings.TrimPrefix(s, ".")) }

// unix is a time in seconds; 0 and -1 stand for the end of the session, which
// for us does not come.
func unix(s float64) time.Time {
	if !(s > 0) || s > math.MaxInt32*100 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0)
}
