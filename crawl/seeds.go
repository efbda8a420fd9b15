package crawl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/internal/durable"
	"github.com/trawlsearch/trawl/weburl"
)

// Marks that travel with an address through the frontier.
const (
	markSeed    = 1 << iota // in scope whatever Include says
	markSitemap             // read as a list of addresses, not as a page
	markFeed                // read as a list of what is new
	markProbe               // an address that should not exist: see package learn
)

// maxSeeds bounds the file of seeds, which is read whole at Open.
const maxSeeds = 100_000

// seedsFile is seeds.json: what the scope is derived from where Scope names no
// hosts, so it must outlive the process.
type seedsFile struct {
	Version int      `json:"version"`
	Seeds   []string `json:"seeds"`
}

func parseSeed(text string) (weburl.URL, error) {
	full := strings.TrimSpace(text)
	if !strings.Contains(full, "://") {
		full = "https://" + full
	}
	u, err := weburl.Parse(full)
	if err != nil {
		return u, fmt.Errorf("crawl: seed %q: %w", text, err)
	}
	if !u.IsWeb() {
		return u, fmt.Errorf("crawl: seed %q: not http or https", text)
	}
	return tidy(u), nil
}

// parseSeeds makes items like one of addresses; the error tells which are none.
func parseSeeds(texts []string, like frontier.Item) (urls []weburl.URL, items []frontier.Item, bad error) {
	for _, text := range texts {
		u, err := parseSeed(text)
		if err != nil {
			bad = errors.Join(bad, err)
			continue
		}
		like.URL = u
		urls, items = append(urls, u), append(items, like)
	}
	return urls, items, bad
}

func readSeeds(dir string) ([]weburl.URL, error) {
	name := filepath.Join(dir, "seeds.json")
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("crawl: read seeds: %w", err)
	}
	var f seedsFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("crawl: read %s: %w", name, err)
	}
	if f.Version != 1 {
		return nil, fmt.Errorf("crawl: %s has version %d, this build reads 1: upgrade Trawl", name, f.Version)
	}
	var out []weburl.URL
	for _, s := range f.Seeds {
		if u, err := weburl.Parse(s); err == nil {
			out = append(out, u)
		}
	}
	return out, nil
}

// keepSeeds widens the scope by new seeds, durably.
func (c *Crawler) keepSeeds(urls []weburl.URL) error {
	c.seedsMu.Lock()
	defer c.seedsMu.Unlock()
	known, err := readSeeds(c.opt.Dir)
	if err != nil {
		return err
	}
	n := len(known)
	for _, u := range urls {
		if !slices.Contains(known, u) {
			known = append(known, u)
		}
	}
	if len(known) > maxSeeds {
		return fmt.Errorf("crawl: more than %d seeds", maxSeeds)
	}
	if len(known) > n {
		f := seedsFile{Version: 1}
		for _, u := range known {
			f.Seeds = append(f.Seeds, u.String())
		}
		err := durable.Replace(filepath.Join(c.opt.Dir, "seeds.json"), func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", " ")
			return enc.Encode(f)
		})
		if err != nil {
			return fmt.Errorf("crawl: keep seeds: %w", err)
		}
	}
	c.scope.addSeeds(urls)
	return nil
}
