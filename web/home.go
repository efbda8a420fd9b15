package web

import (
	"net/http"
	"net/url"
	"time"
)

// pageWait is how long a page waits for fresh figures; it goes out with older
// ones, or with none, while a broker that would tell them is away.
const pageWait = 150 * time.Millisecond

type homePage struct {
	frame
	Empty    bool // there is no collection yet
	Standing *standing
}

func (s *server) home(w http.ResponseWriter, r *http.Request) error {
	name, all := s.collection(r)
	p := homePage{frame: s.frame("home", "Trawl", "", name, all), Empty: len(all) == 0}
	p.Description = "Search the sites that this server has crawled."
	if name != "" {
		st, err := s.standing(r, name, all)
		if err != nil {
			return err
		}
		p.Standing = st
	}
	return s.render(w, http.StatusOK, "home", p)
}

// A standing is how a collection stands, and where to follow it.
type standing struct {
	Progress
	Source string
}

// Running tells whether results are still to come.
func (s *standing) Running() bool { return s.State == "running" || s.Pending > 0 }

// Known counts the pages that the crawl knows of: the bar's whole.
func (s *standing) Known() int64 { return s.Pages + s.Queued + s.Failed }

// Crawled counts those of them that are done with.
func (s *standing) Crawled() int64 { return s.Pages + s.Failed }

// standing is nil while nobody can tell.
func (s *server) standing(r *http.Request, name string, all []string) (*standing, error) {
	p, ok, err := s.seen.get(r.Context(), name, all, pageWait)
	switch {
	case err != nil && s.opt.NotFound(err):
		return nil, err
	case err != nil:
		s.opt.Log.Warn("web: no figures for a page", "collection", name, "err", err)
		return nil, nil
	case !ok:
		return nil, nil
	}
	return &standing{Progress: p, Source: "/progress?c=" + url.QueryEscape(name)}, nil
}
