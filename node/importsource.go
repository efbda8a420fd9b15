package node

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/trawlsearch/trawl/api"
)

// maxImportBytes bounds a configuration that is imported.
const maxImportBytes = 4 << 20

// An Imported is what another crawler's configuration means here.
type Imported struct {
	Collection string // a name that it suggests, or empty
	Source     api.Source
	Notes      []string // what could not be taken over, for people
}

// ImportSource reads the configuration of Elastic's Open Web Crawler (YAML, with
// domains) or of DocSearch's scraper (JSON, with start_urls; Meilisearch's and
// Typesense's are the same). What Trawl does in another way, or not, is noted.
func ImportSource(b []byte) (*Imported, error) {
	if len(b) > maxImportBytes {
		return nil, fmt.Errorf("the configuration is longer than %d bytes", maxImportBytes)
	}
	var keys map[string]any
	if err := yaml.Unmarshal(b, &keys); err != nil { // JSON is YAML
		return nil, fmt.Errorf("neither YAML nor JSON: %w", err)
	}
	im := &Imported{}
	var err error
	switch {
	case keys["domains"] != nil:
		err = im.elastic(b, keys)
	case keys["start_urls"] != nil || keys["sitemap_urls"] != nil:
		err = im.docSearch(b, keys)
	default:
		return nil, fmt.Errorf("it has neither domains (Elastic Open Web Crawler) nor start_urls (DocSearch)")
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(im.Notes)
	im.Notes = slices.Compact(im.Notes)
	if len(im.Source.Seeds)+len(im.Source.Sitemaps) == 0 {
		return nil, fmt.Errorf("it names no address to begin with")
	}
	return im, (&api.Collection{Name: "x", Source: &im.Source}).Check()
}

func (im *Imported) note(format string, args ...any) {
	im.Notes = append(im.Notes, fmt.Sprintf(format, args...))
}

// ignored notes keys that mean nothing here.
func (im *Imported) ignored(keys map[string]any, known ...string) {
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !slices.Contains(known, key) {
			im.note("%s is left out", key)
		}
	}
}

// elasticConfig is what we take of Elastic's crawler.yml.
type elasticConfig struct {
	Domains []struct {
		URL      string   `yaml:"url"`
		Seeds    []string `yaml:"seed_urls"`
		Sitemaps []string `yaml:"sitemap_urls"`
		Rules    []struct {
			Policy  string `yaml:"policy"`
			Type    string `yaml:"type"`
			Pattern string `yaml:"pattern"`
		} `yaml:"crawl_rules"`
		Extraction []any          `yaml:"extraction_rulesets"`
		Exclude    []string       `yaml:"exclude_tags"`
		Auth       map[string]any `yaml:"auth"`
	} `yaml:"domains"`
	MaxDepth      int    `yaml:"max_crawl_depth"`
	MaxURLs       int64  `yaml:"max_unique_url_count"`
	Index         string `yaml:"output_index"`
	Schedule      []any  `yaml:"schedule"`
	ProxyHost     string `yaml:"http_proxy_host"`
	ProxyPort     int    `yaml:"http_proxy_port"`
	ProxyProtocol string `yaml:"http_proxy_protocol"`
	ProxyUser     string `yaml:"http_proxy_username"`
}

func (im *Imported) elastic(b []byte, keys map[string]any) error {
	var c elasticConfig
	if err := yaml.Unmarshal(b, &c); err != nil {
		return fmt.Errorf("crawler.yml: %w", err)
	}
	im.Collection = collectionOf(c.Index)
	src := &im.Source
	src.Scope, src.MaxPages = "host", c.MaxURLs
	for _, d := range c.Domains {
		u, err := url.Parse(d.URL)
		if err != nil || u.Host == "" {
			return fmt.Errorf("domain %q: want an address such as https://example.org", d.URL)
		}
		if len(d.Seeds) == 0 {
			d.Seeds = []string{d.URL}
		}
		src.Seeds = append(src.Seeds, d.Seeds...)
		src.Sitemaps = append(src.Sitemaps, d.Sitemaps...)
		for _, r := range d.Rules {
			src.Rules = append(src.Rules, api.Rule{Policy: r.Policy, Type: r.Type, Pattern: r.Pattern, Host: u.Host})
		}
		if len(d.Extraction) > 0 {
			im.note("extraction_rulesets of %s are left out: titles, headings, main text and dates are found without", u.Host)
		}
		if len(d.Exclude) > 0 {
			im.note("exclude_tags of %s are left out: what is no main text has a low weight", u.Host)
		}
		if len(d.Auth) > 0 {
			im.note("auth of %s: add a login with the password as env:NAME or file:PATH", u.Host)
		}
	}
	if c.MaxDepth > 0 {
		src.MaxDepth = c.MaxDepth - 1 // theirs counts seeds as 1
		if src.MaxDepth == 0 {
			return fmt.Errorf("max_crawl_depth 1 follows no link: name the pages as seeds and deny the rest by rules")
		}
	}
	if len(c.Schedule) > 0 {
		im.note("schedule is left out: revisit lets each page be visited as often as it changes")
	}
	if c.ProxyHost != "" {
		scheme := c.ProxyProtocol
		if scheme == "" {
			scheme = "http"
		}
		src.Proxies = []api.Route{{Proxies: []string{fmt.Sprintf("%s://%s:%d", scheme, c.ProxyHost, c.ProxyPort)}, User: c.ProxyUser}}
		if c.ProxyUser != "" {
			im.note("http_proxy_password: set the password of the proxy as env:NAME or file:PATH")
		}
	}
	im.ignored(keys, "domains", "max_crawl_depth", "max_unique_url_count", "output_index", "output_sink", "schedule", "http_proxy_host",
		"http_proxy_port", "http_proxy_protocol", "http_proxy_username", "http_proxy_password", "elasticsearch", "log_level", "event_logs")
	return nil
}

// docSearchConfig is what we take of a DocSearch configuration.
type docSearchConfig struct {
	Start    []docSearchStart `json:"start_urls"`
	Stop     []string         `json:"stop_urls"`
	Sitemaps []string         `json:"sitemap_urls"`
	Render   bool             `json:"js_render"`
}

// A docSearchStart is an address, or an object with one. It is a pattern too.
type docSearchStart struct{ URL string }

func (s *docSearchStart) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &s.URL) == nil {
		return nil
	}
	var o struct {
		URL string `json:"url"`
	}
	err := json.Unmarshal(b, &o)
	s.URL = o.URL
	return err
}

func (im *Imported) docSearch(b []byte, keys map[string]any) error {
	var c docSearchConfig
	if start, ok := keys["start_urls"].(string); ok { // one address need not be a list
		keys["start_urls"] = []any{start}
		b, _ = json.Marshal(keys)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return fmt.Errorf("DocSearch configuration: %w", err)
	}
	for _, name := range []string{"index_name", "index_uid"} {
		if s, ok := keys[name].(string); ok {
			im.Collection = collectionOf(s)
		}
	}
	src := &im.Source
	src.Scope, src.Sitemaps = "host", c.Sitemaps
	if c.Render {
		src.JavaScript = "all"
	}
	for _, s := range c.Start {
		if s.URL == "" {
			return fmt.Errorf("start_urls: an entry has no url")
		}
		plain := regexp.QuoteMeta(s.URL)
		switch {
		case !strings.ContainsAny(s.URL, "(*[|$^\\"):
			src.Seeds = append(src.Seeds, s.URL)
			src.Include = append(src.Include, "^"+plain)
		case validPattern(s.URL):
			src.Include = append(src.Include, "^"+s.URL)
			if at := strings.IndexAny(s.URL, "(*[|$^\\"); at > len("https://x") {
				src.Seeds = append(src.Seeds, s.URL[:strings.LastIndexByte(s.URL[:at], '/')+1])
			}
			im.note("start_urls: %s is a pattern: check where the crawl begins", s.URL)
		default:
			im.note("start_urls: %s is no RE2 pattern and left out", s.URL)
		}
	}
	for _, s := range c.Stop {
		if !validPattern(s) {
			im.note("stop_urls: %s is no RE2 pattern and left out", s)
			continue
		}
		src.Exclude = append(src.Exclude, s)
	}
	if keys["selectors"] != nil {
		im.note("selectors are left out: titles, headings, main text and anchors are found without")
	}
	im.ignored(keys, "index_name", "index_uid", "start_urls", "stop_urls", "sitemap_urls", "js_render", "selectors", "nb_hits", "conversation_id")
	return nil
}

func validPattern(s string) bool {
	_, err := regexp.Compile(s)
	return err == nil
}

var notInName = regexp.MustCompile(`[^a-z0-9_-]+`)

// collectionOf makes a collection's name of another one; empty if nothing is left.
func collectionOf(name string) string {
	name = strings.Trim(notInName.ReplaceAllString(strings.ToLower(name), "-"), "-_")
	return name[:min(len(name), 63)]
}
