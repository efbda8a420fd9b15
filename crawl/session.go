package crawl

import (
	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/login"
	"github.com/trawlsearch/trawl/weburl"
)

// A session knows the links that end it. login.Session does.
type session interface {
	IsLogout(u weburl.URL, text string) bool
}

// sessionsOf are the sessions by the origins that they are for.
func sessionsOf(auth []fetch.Authenticator) map[string][]session {
	out := map[string][]session{}
	for _, a := range auth {
		s, ok := a.(session)
		if !ok {
			s = anySession{}
		}
		for _, o := range a.Origins() {
			out[o] = append(out[o], s)
		}
	}
	return out
}

// anySession goes by what links look like.
type anySession struct{}

func (anySession) IsLogout(u weburl.URL, text string) bool { return login.IsLogout(u, text) }

// endsSession tells whether a link would log us out of a site, or worse.
func (c *Crawler) endsSession(l extract.Link) bool {
	for _, s := range c.sessions[l.URL.Origin()] {
		if s.IsLogout(l.URL, l.Text) {
			return true
		}
	}
	return false
}
