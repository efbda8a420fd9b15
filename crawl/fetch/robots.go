package fetch

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/crawl/robots"
	"github.com/trawlsearch/trawl/weburl"
)

const (
	// maxRobotsHops: RFC 9309, 2.3.1.2, at least five.
	maxRobotsHops = 5
	// How long an answer holds: a day (2.4), less if Cache-Control says so,
	// and a minute where we could not read the rules.
	robotsTTL      = 24 * time.Hour
	minRobotsTTL   = 5 * time.Minute
	robotsFaultTTL = time.Minute
	// maxRetryAfter bounds what a server may ask us to wait.
	maxRetryAfter = 24 * time.Hour
)

// A RobotsAnswer is what an origin lets us fetch.
type RobotsAnswer struct {
	Rules   *robots.Rules // never nil
	Status  int           // of the last answer; 0: none came
	Class   Class         // why the rules could not be read; empty: they could, or the status says it
	Body    []byte        // of a 2xx answer, at most Options.MaxRobotsBytes, for robots.Parse
	Expires time.Time     // ask again then
	Hops    int           // redirects followed
}

// Robots fetches /robots.txt of the origin of u, by RFC 9309: rules from 2xx;
// all is allowed on 4xx, and where redirects lead nowhere; nothing is allowed
// on 429, 5xx, and whatever else keeps the rules from being read whole, for a
// minute or as long as Retry-After asks (the caller backs off further). At
// most five redirects are followed, to any origin, each checked by the guard.
func (c *Client) Robots(ctx context.Context, u weburl.URL) RobotsAnswer {
	a := RobotsAnswer{Rules: robots.DenyAll()}
	next, err := u.Page().Join("/robots.txt")
	if err != nil {
		a.Class = ClassBadScheme
		a.Expires = time.Now().Add(robotsFaultTTL)
		return a
	}
	for {
		resp, err := c.signed(ctx, call{
			Request: Request{URL: next, Accept: "text/plain,*/*;q=0.5"},
			limits:  limits{body: c.opt.MaxRobotsBytes, wire: c.opt.MaxRobotsBytes, total: c.opt.Timeout},
		})
		if resp != nil {
			a.Status = resp.Status
		}
		if resp == nil || !redirect(resp.Status) {
			a.judge(resp, err)
			return a
		}
		if err != nil || a.Hops == maxRobotsHops {
			// A redirect that cannot be followed is no rules, as a 404 is.
			a.Class = ClassOf(err)
			if err == nil {
				a.Class = ClassRedirectLimit
			}
			a.Rules = robots.AllowAll()
			a.Expires = time.Now().Add(robotsTTL)
			return a
		}
		a.Hops++
		next = resp.Location
	}
}

// judge turns the last answer into rules.
func (a *RobotsAnswer) judge(resp *Response, err error) {
	now := time.Now()
	a.Expires = now.Add(robotsFaultTTL)
	switch {
	case resp == nil:
		a.Class = ClassOf(err)
	case 400 <= resp.Status && resp.Status < 500 && resp.Status != http.StatusTooManyRequests:
		a.Rules = robots.AllowAll() // the body does not matter
		a.Expires = now.Add(robotsTTL)
	case err != nil:
		a.Class = ClassOf(err)
	case resp.Truncated && resp.Cut != ClassBodyLimit:
		a.Class = resp.Cut
	case 200 <= resp.Status && resp.Status < 300:
		a.Body = resp.Body
		a.Rules = robots.Parse(resp.Body)
		a.Expires = now.Add(robotsLife(resp.Header))
	default:
		if wait, ok := RetryAfter(resp.Header, now); ok && wait > robotsFaultTTL {
			a.Expires = now.Add(wait)
		}
	}
}

// robotsLife is how long rules hold: a day, or what max-age says if it is
// less, but five minutes at least.
func robotsLife(h http.Header) time.Duration {
	for _, line := range h["Cache-Control"] {
		for d := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(d), "=")
			if !strings.EqualFold(name, "max-age") {
				continue
			}
			s, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err == nil {
				return min(max(time.Duration(s)*time.Second, minRobotsTTL), robotsTTL)
			}
		}
	}
	return robotsTTL
}

// RetryAfter reads how long a server asks us to wait (RFC 9110, 10.2.3), as
// seconds or as a date: at least nothing, at most a day.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0, false
	}
	if strings.Trim(value, "0123456789") == "" {
		s, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return maxRetryAfter, true // more digits than a wait can have
		}
		return min(time.Duration(s)*time.Second, maxRetryAfter), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(0, at.Sub(now)), maxRetryAfter), true
}
