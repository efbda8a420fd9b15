package web

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"slices"
)

// hostHeader is a host and port as a browser sends it.
var hostHeader = regexp.MustCompile(`^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?$`)

type openSearchDescription struct {
	XMLName       xml.Name        `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
	ShortName     string          `xml:"ShortName"` // at most 16 characters
	Description   string          `xml:"Description"`
	InputEncoding string          `xml:"InputEncoding"`
	Image         openSearchImage `xml:"Image"`
	URLs          []openSearchURL `xml:"Url"`
	SearchForm    string          `xml:"http://www.mozilla.org/2006/browser/search/ SearchForm"`
}

type openSearchImage struct {
	Type string `xml:"type,attr"`
	Addr string `xml:",chardata"`
}

type openSearchURL struct {
	Type     string `xml:"type,attr"`
	Rel      string `xml:"rel,attr,omitempty"`
	Template string `xml:"template,attr"`
}

// openSearch describes the search page to browsers. Addresses must be absolute,
// and are those under which this request came.
func (s *server) openSearch(w http.ResponseWriter, r *http.Request) error {
	if !hostHeader.MatchString(r.Host) {
		return failure(http.StatusBadRequest, "The request names no host.")
	}
	base := "http://" + r.Host
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		base = "https://" + r.Host
	}
	name, scope, form := "Trawl", "", "/"
	if c := r.URL.Query().Get("c"); c != "" {
		if !slices.Contains(s.opt.Collections(), c) {
			return failure(http.StatusNotFound, "There is no collection of that name.")
		}
		name, scope, form = shorten("Trawl "+c, 15), "&c="+url.QueryEscape(c), homeLink(c)
	}
	self := base + r.URL.RequestURI()
	body, err := xml.MarshalIndent(openSearchDescription{
		ShortName: name, Description: "Search the sites that this server has crawled.", InputEncoding: "UTF-8",
		Image: openSearchImage{"image/svg+xml", base + s.assets.path("icon.svg")},
		URLs: []openSearchURL{
			{Type: "text/html", Template: base + "/search?q={searchTerms}" + scope + "&page={startPage?}"},
			{Type: "application/opensearchdescription+xml", Rel: "self", Template: self},
		},
		SearchForm: base + form,
	}, "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "private, max-age=3600")
	write(w, http.StatusOK, "application/opensearchdescription+xml", append(bytes.Join([][]byte{[]byte(xml.Header), body}, nil), '\n'))
	return nil
}

// robotsTxt lets crawlers read the manual. Results would be a trap without end.
const robotsTxt = "User-agent: *\nDisallow: /search\nDisallow: /progress\nDisallow: /api/\nAllow: /\n"

func robots(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=3600")
	write(w, http.StatusOK, "text/plain; charset=utf-8", []byte(robotsTxt))
	return nil
}
