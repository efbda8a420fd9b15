package node

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // zones of schedules, where the machine has none

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/crawl"
	"github.com/trawlsearch/trawl/crawl/dns"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/crawl/login"
)

// dedupPayloads is how many payloads a crawl remembers, so that the same one is kept
// once in its captures: 15 MB.
const dedupPayloads = 65_536

// options are for one crawl, which ends with ctx.
func (x *crawler) options(ctx context.Context, col api.Collection, generation int, dir string) (crawl.Options, error) {
	src, cfg := col.Source, x.node.cfg
	log := x.log.With("collection", col.Name)
	opt := crawl.Options{
		Dir: dir, Collection: col.Name, Shards: col.Shards, Workers: cfg.CrawlWorkers,
		Scope: scopeOf(src),
		Delay: time.Duration(src.Delay), PerHost: max(1, src.Parallel), PerIP: src.ParallelByAddress,
		MaxPages: src.MaxPages, MaxDepth: src.MaxDepth, MaxBytes: src.MaxBytes, MaxBytesPerHost: src.MaxBytesPerHost,
		KeepDuplicates: src.Duplicates == "keep", MarkedOnly: src.Unmarked == "drop",
		CacheBytes: x.node.budget.frontier / int64(max(1, x.node.catalog.sources())),
		Dedup:      dedupPayloads,
		Emit: func(ctx context.Context, id string, part uint32, docs [][]byte) error {
			events := make([][]byte, len(docs)) // docs are offered again as they are, should this fail
			for i := range docs {
				events[i] = pageEvent(generation, docs[i])
			}
			return x.node.append(ctx, logKey{col.Name, int(part)}, id, events)
		},
		Seal: func(path string) error { return x.node.keepWARC(ctx, col.Name, path) },
		Log:  log,
	}
	if opt.Delay == 0 {
		opt.Delay = cfg.CrawlDelay
	}
	if src.JavaScript != "off" {
		opt.JavaScript = src.JavaScript
	}
	if v := src.Revisit; v != nil {
		opt.Recrawl = frontier.Recrawl{Min: orElse(time.Duration(v.Min), minRevisit), Max: orElse(time.Duration(v.Max), maxRevisit), PerDay: v.PerDay}
	}
	opt.Fetch, opt.Read, opt.Render = FetchOptions(cfg, log), ReadOptions(cfg), cfg.Render
	opt.Read.Types = src.Types
	opt.Render.MaxHTML = cfg.Read.HTML.MaxBytes
	opt.Fetch.Resolver = x.resolver
	var err error
	if opt.Schedule, err = scheduleOf(src.Schedule); err != nil {
		return opt, err
	}
	if opt.Fetch.Proxies, err = routesOf(src.Proxies); err != nil {
		return opt, err
	}
	for _, l := range src.Logins {
		s, err := login.New(loginOf(l), secret, log)
		if err != nil {
			return opt, fmt.Errorf("node: login at %s: %w", l.Origin, err)
		}
		opt.Fetch.Auth = append(opt.Fetch.Auth, s)
	}
	return opt, nil
}

// Bounds between which a page is visited again, where the source sets none.
const (
	minRevisit = 5 * time.Minute
	maxRevisit = 90 * 24 * time.Hour
)

func orElse(d, other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return d
}

func scopeOf(src *api.Source) crawl.Scope {
	s := crawl.Scope{Mode: src.Scope, Include: src.Include, Exclude: src.Exclude}
	for _, r := range src.Rules {
		s.Rules = append(s.Rules, crawl.Rule{Allow: r.Policy == "allow", Kind: r.Type, Pattern: r.Pattern, Host: r.Host})
	}
	return s
}

func scheduleOf(windows []api.Window) (out []crawl.Window, err error) {
	for _, w := range windows {
		c := crawl.Window{Sites: w.Sites}
		if c.Days, err = w.Weekdays(); err == nil {
			c.From, c.To, err = w.Clock()
		}
		if err == nil {
			c.Zone, err = w.Zone()
		}
		if err != nil {
			return nil, fmt.Errorf("node: schedule: %w", err)
		}
		out = append(out, c)
	}
	return out, nil
}

func routesOf(routes []api.Route) ([]fetch.ProxyRoute, error) {
	var out []fetch.ProxyRoute
	for _, r := range routes {
		route := fetch.ProxyRoute{Sites: r.Sites}
		for _, text := range r.Proxies {
			p, err := fetch.ParseProxy(text)
			if err != nil {
				return nil, fmt.Errorf("node: proxy: %w", err)
			}
			p.RemoteDNS = p.RemoteDNS || r.RemoteDNS
			if p.User = r.User; r.Password != "" {
				if p.Password, err = secret(r.Password); err != nil {
					return nil, fmt.Errorf("node: proxy %s: %w", p.Host, err)
				}
			}
			route.Proxies = append(route.Proxies, p)
		}
		out = append(out, route)
	}
	return out, nil
}

func loginOf(l api.Login) login.Config {
	return login.Config{
		Kind: l.Kind, Origin: l.Origin, Origins: l.Origins, User: l.User, Secret: l.Password, Header: l.Header, URL: l.URL, Form: l.Form,
		UserField: l.UserField, PasswordField: l.PasswordField, Fields: l.Fields, Success: login.Success{Match: l.Success}, Expired: l.Expired,
		Scopes: l.Scopes, Logout: l.Logout,
	}
}

// maxSecretBytes bounds a file with a secret: cookies, at most.
const maxSecretBytes = 1 << 20

// secret is the text behind a reference: env:NAME or file:PATH.
func secret(reference string) (fetch.Secret, error) {
	kind, name, _ := strings.Cut(reference, ":")
	switch kind {
	case "env":
		text, ok := os.LookupEnv(name)
		if !ok {
			return fetch.Secret{}, fmt.Errorf("the environment of this process has no %s", name)
		}
		return fetch.NewSecret(text), nil
	case "file":
		f, err := os.Open(name)
		if err != nil {
			return fetch.Secret{}, err
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
		if err != nil {
			return fetch.Secret{}, err
		}
		if len(b) > maxSecretBytes {
			return fetch.Secret{}, fmt.Errorf("%s is longer than 1 MiB", name)
		}
		return fetch.NewSecret(strings.TrimRight(string(b), "\r\n")), nil
	}
	return fetch.Secret{}, fmt.Errorf("%q: want env:NAME or file:PATH", reference)
}

// newResolver finds the addresses of names, and keeps them as long as their zones say.
func newResolver(n *Node) *dns.Resolver { return dns.New(dns.Options{NoSearch: true, Log: n.log}) }
