package node

import (
	"strings"
	"time"

	"github.com/trawlsearch/trawl/crawl/frontier"
)

// A Setting is one key of the configuration.
type Setting struct {
	Key     string // as flag and file key; the environment has TRAWL_KEY with _ for -
	Default string
	Doc     string
	Bool    bool

	set func(c *Config, text string) error
}

// Env is the environment variable of the setting.
func (s Setting) Env() string {
	return "TRAWL_" + strings.ToUpper(strings.ReplaceAll(s.Key, "-", "_"))
}

// Settings lists every key, in the order in which they are documented.
func Settings() []Setting { return settings }

var settings = []Setting{
	{Key: "data", Default: "trawl-data", Doc: "directory of everything this process keeps; one process at a time",
		set: text(func(c *Config) *string { return &c.Data })},
	{Key: "roles", Default: "indexer,searcher,crawler,gateway", Doc: "what this process does, by commas: indexer, searcher, crawler, gateway",
		set: setRoles},
	{Key: "name", Default: "", Doc: "this process's name among its peers; empty: host name and a random part, kept in the data directory",
		set: text(func(c *Config) *string { return &c.Name })},

	{Key: "listen", Default: "127.0.0.1:8080", Doc: "address of the search page, the API, /metrics, /healthz and /readyz",
		set: address(func(c *Config) *string { return &c.Listen })},
	{Key: "grpc-listen", Default: "127.0.0.1:0", Doc: "address at which a searcher answers gateways of other processes; port 0 picks one",
		set: address(func(c *Config) *string { return &c.GRPCListen })},
	{Key: "admin-token", Default: "", Doc: "bearer token that changes need; empty: changes are taken from this machine only",
		set: text(func(c *Config) *string { return &c.AdminToken })},
	{Key: "thumbnails", Default: "false", Doc: "results show the pictures that their pages name; the visitor's browser fetches them from those sites, which see its address",
		set: boolean(func(c *Config) *bool { return &c.Thumbnails })},

	{Key: "nats", Default: "", Doc: "NATS JetStream to use, such as nats://10.0.0.1:4222; empty: one inside this process",
		set: text(func(c *Config) *string { return &c.NATS })},
	{Key: "blobs", Default: "", Doc: "object storage, such as file:///srv/trawl or s3://bucket?region=eu-west-1; empty: DATA/blobs",
		set: text(func(c *Config) *string { return &c.Blobs })},
	{Key: "sql", Default: "", Doc: "database of settings and crawl history, such as postgres://trawl@db/trawl; empty: SQLite in DATA/trawl.db",
		set: text(func(c *Config) *string { return &c.SQL })},

	{Key: "memory", Default: "0", Doc: "memory to stay within, such as 512MB or 2GB; 0: a quarter of the machine's, at least 512MB",
		set: size(func(c *Config) *int64 { return &c.MemoryBytes })},
	{Key: "log-bytes", Default: "512MB", Doc: "bound of the document log of one shard; when it is full, crawling and pushing wait for the indexer",
		set: size(func(c *Config) *int64 { return &c.LogBytes })},

	{Key: "refresh-interval", Default: "250ms", Doc: "how long a new document may wait until searches in the indexer's process see it",
		set: duration(func(c *Config) *time.Duration { return &c.RefreshInterval })},
	{Key: "commit-interval", Default: "2s", Doc: "how long it may wait until it is committed, and seen by searches in every process",
		set: duration(func(c *Config) *time.Duration { return &c.CommitInterval })},

	{Key: "user-agent", Default: defaultUserAgent, Doc: "User-Agent of the crawler; robots.txt rules for Trawl apply whatever it says",
		set: text(func(c *Config) *string { return &c.UserAgent })},
	{Key: "allow-private", Default: "false", Bool: true, Doc: "let the crawler connect to loopback and private addresses: intranets, tests",
		set: boolean(func(c *Config) *bool { return &c.AllowPrivate })},
	{Key: "crawl-delay", Default: "1s", Doc: "least time between two requests to a host, where the source sets none; below zero: no delay at all, for sites of your own",
		set: duration(func(c *Config) *time.Duration { return &c.CrawlDelay })},
	{Key: "crawl-workers", Default: "16", Doc: "requests in flight over all hosts of a collection",
		set: number(func(c *Config) *int { return &c.CrawlWorkers }, 1, 1024)},
	{Key: "crawl-copy", Default: "5m", Doc: "with --nats: time between copies of the frontier to object storage; what was fetched since the last one is fetched again when a process is lost",
		set: duration(func(c *Config) *time.Duration { return &c.CrawlCopy })},

	{Key: "fetch-timeout", Default: "60s", Doc: "time of a request with its body",
		set: duration(func(c *Config) *time.Duration { return &c.Fetch.Timeout })},
	{Key: "fetch-connect-timeout", Default: "10s", Doc: "time of connecting, and of the TLS handshake",
		set: duration(func(c *Config) *time.Duration { return &c.Fetch.ConnectTimeout })},
	{Key: "fetch-header-timeout", Default: "10s", Doc: "time from a request to the whole header of its answer",
		set: duration(func(c *Config) *time.Duration { return &c.Fetch.HeaderTimeout })},
	{Key: "fetch-resolve-timeout", Default: "5s", Doc: "time of a name's resolution",
		set: duration(func(c *Config) *time.Duration { return &c.Fetch.ResolveTimeout })},
	{Key: "fetch-min-rate", Default: "1KB", Doc: "bytes a second that a body must bring, counted over 10 s",
		set: size(func(c *Config) *int64 { return &c.Fetch.MinRate })},
	{Key: "fetch-body", Default: "10MB", Doc: "longest body as it comes over the wire; what is longer is cut",
		set: size(func(c *Config) *int64 { return &c.Fetch.MaxWireBytes })},
	{Key: "fetch-decoded", Default: "20MB", Doc: "longest body behind its content coding; what is longer is cut",
		set: size(func(c *Config) *int64 { return &c.Fetch.MaxBodyBytes })},
	{Key: "fetch-ratio", Default: "100", Doc: "how much longer than on the wire a body may be behind its content coding, from 1 MB on",
		set: number(func(c *Config) *int { return &c.Fetch.MaxRatio }, 1, 100000)},
	{Key: "fetch-header", Default: "256KB", Doc: "longest header of an answer",
		set: size(func(c *Config) *int64 { return &c.Fetch.MaxHeaderBytes })},
	{Key: "fetch-redirects", Default: "10", Doc: "redirects in a row",
		set: number(func(c *Config) *int { return &c.Fetch.MaxRedirects }, 1, 100)},
	{Key: "fetch-address", Default: "2048", Doc: "bytes of an address; longer ones are not queued",
		set: number(func(c *Config) *int { return &c.Fetch.MaxURLBytes }, 300, frontier.MaxURLBytes)},
	{Key: "fetch-codings", Default: "2", Doc: "content codings of a body, one in another",
		set: number(func(c *Config) *int { return &c.Fetch.MaxCodings }, 1, 10)},
	{Key: "fetch-zstd-window", Default: "8MB", Doc: "window of a body in zstd",
		set: size(func(c *Config) *int64 { return &c.Fetch.ZstdWindowBytes })},

	{Key: "read-html", Default: "5MB", Doc: "bytes of a page that are read; the rest is cut",
		set: size(func(c *Config) *int { return &c.Read.HTML.MaxBytes })},
	{Key: "read-elements", Default: "200000", Doc: "elements of a page that are read, and runs of text; the rest is cut",
		set: number(func(c *Config) *int { return &c.Read.HTML.MaxElements }, 100, 100_000_000)},
	{Key: "read-links", Default: "5000", Doc: "links of a page or document that are followed, the first ones",
		set: number(func(c *Config) *int { return &c.Read.HTML.MaxLinks }, 1, 1_000_000)},
	{Key: "read-attribute", Default: "16KB", Doc: "longest attribute of an element; a longer one is as if it were not there",
		set: size(func(c *Config) *int { return &c.Read.HTML.MaxAttribute })},
	{Key: "read-file", Default: "50MB", Doc: "longest PDF, office file or e-book",
		set: size(func(c *Config) *int { return &c.Read.Files.MaxBytes })},
	{Key: "read-pages", Default: "500", Doc: "pages of a PDF that are read; the rest is cut",
		set: number(func(c *Config) *int { return &c.Read.Files.MaxPages }, 1, 1_000_000)},
	{Key: "read-time", Default: "10s", Doc: "processor time of one such document; by the clock four times as long",
		set: duration(func(c *Config) *time.Duration { return &c.Read.Files.MaxTime })},
	{Key: "read-memory", Default: "192MB", Doc: "memory of what reads a PDF, of which two are read at a time",
		set: size(func(c *Config) *int { return &c.Read.Files.MaxMemory })},
	{Key: "read-zip-entries", Default: "1000", Doc: "entries of an office file or e-book",
		set: number(func(c *Config) *int { return &c.Read.Files.MaxEntries }, 1, 1_000_000)},
	{Key: "read-zip-bytes", Default: "100MB", Doc: "bytes of all of them, unpacked",
		set: size(func(c *Config) *int64 { return &c.Read.Files.MaxDecoded })},

	{Key: "sitemap-bytes", Default: "50MB", Doc: "bytes of a sitemap, unpacked; the rest is cut",
		set: size(func(c *Config) *int64 { return &c.Read.Sitemaps.MaxBytes })},
	{Key: "sitemap-addresses", Default: "50000", Doc: "addresses of a sitemap that are followed",
		set: number(func(c *Config) *int { return &c.Read.Sitemaps.MaxEntries }, 1, 10_000_000)},
	{Key: "sitemap-children", Default: "1000", Doc: "sitemaps that an index of sitemaps names and that are followed",
		set: number(func(c *Config) *int { return &c.Read.Sitemaps.MaxChildren }, 1, 1_000_000)},
	{Key: "sitemap-depth", Default: "2", Doc: "indexes of sitemaps one in another",
		set: number(func(c *Config) *int { return &c.Read.SitemapDepth }, 1, 100)},

	{Key: "render-time", Default: "10s", Doc: "time of a page whose scripts are run",
		set: duration(func(c *Config) *time.Duration { return &c.Render.MaxTime })},
	{Key: "render-requests", Default: "50", Doc: "requests of such a page",
		set: number(func(c *Config) *int { return &c.Render.MaxRequests }, 1, 10_000)},
	{Key: "render-bytes", Default: "20MB", Doc: "bytes of the answers to them, unpacked",
		set: size(func(c *Config) *int64 { return &c.Render.MaxBytes })},

	{Key: "log-level", Default: "info", Doc: "debug, info, warn or error",
		set: oneOf(func(c *Config) *string { return &c.LogLevel }, "debug", "info", "warn", "error")},
	{Key: "log-format", Default: "text", Doc: "text or json, on standard error",
		set: oneOf(func(c *Config) *string { return &c.LogFormat }, "text", "json")},
}
