package dns

import (
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxConfigBytes = 64 << 10
	maxHostsBytes  = 1 << 20
	recheck        = 5 * time.Second

	// resolv.conf(5) of glibc: MAXNS, MAXDNSRCH, and the caps of its options.
	maxServers     = 3
	maxSearch      = 6
	maxNdots       = 15
	maxTimeoutSecs = 30
	maxAttempts    = 5
)

// A config is what of resolv.conf(5) concerns us. Options that are not read:
// what is always so here (edns0, single questions for each family), and
// sortlist.
type config struct {
	servers  []netip.AddrPort
	search   []string // without the last dot
	ndots    int
	timeout  time.Duration
	attempts int
	rotate   bool
	tcp      bool
}

// parseConfig reads resolv.conf. What is not understood is passed over.
func parseConfig(text string) *config {
	c := &config{ndots: 1, timeout: 2 * time.Second, attempts: 2}
	for line := range strings.Lines(text) {
		if line[0] == ';' || line[0] == '#' {
			continue
		}
		word := strings.Fields(line)
		if len(word) < 2 {
			continue
		}
		switch args := word[1:]; word[0] {
		case "nameserver":
			if a, err := netip.ParseAddr(args[0]); err == nil && len(c.servers) < maxServers {
				c.servers = append(c.servers, netip.AddrPortFrom(a, 53))
			}
		case "domain":
			c.setSearch(args[:1])
		case "search": // the last of domain and search holds
			c.setSearch(args)
		case "options":
			for _, o := range args {
				c.option(o)
			}
		}
	}
	return c
}

func (c *config) setSearch(names []string) {
	c.search = nil
	for _, n := range names {
		n = strings.ToLower(strings.TrimSuffix(n, "."))
		if len(c.search) < maxSearch && unusable(n) == "" {
			c.search = append(c.search, n)
		}
	}
}

func (c *config) option(o string) {
	name, value, _ := strings.Cut(o, ":")
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		n = -1
	}
	switch name {
	case "ndots":
		if n >= 0 {
			c.ndots = min(n, maxNdots)
		}
	case "timeout":
		if n >= 0 {
			c.timeout = time.Duration(min(max(n, 1), maxTimeoutSecs)) * time.Second
		}
	case "attempts":
		if n >= 0 {
			c.attempts = min(max(n, 1), maxAttempts)
		}
	case "rotate":
		c.rotate = true
	case "use-vc", "usevc", "tcp":
		c.tcp = true
	}
}

// names are the names to ask for in turn, each with its last dot: a name with
// enough dots first as it stands, one with fewer first with each domain of the
// search list behind it.
func (c *config) names(name string, noSearch bool) []string {
	if rest, rooted := strings.CutSuffix(name, "."); rooted || noSearch {
		return []string{rest + "."}
	}
	var list []string
	for _, s := range c.search {
		if n := name + "." + s; unusable(n) == "" {
			list = append(list, n+".")
		}
	}
	if strings.Count(name, ".") >= c.ndots {
		return append([]string{name + "."}, list...)
	}
	return append(list, name+".")
}

// hosts are the names of hosts(5).
type hosts map[string][]netip.Addr

func parseHosts(text string) hosts {
	h := hosts{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		word := strings.Fields(line)
		if len(word) < 2 {
			continue
		}
		a, err := netip.ParseAddr(word[0])
		if err != nil {
			continue
		}
		for _, name := range word[1:] {
			name = strings.ToLower(strings.TrimSuffix(name, "."))
			h[name] = append(h[name], a)
		}
	}
	return h
}

// find gives the addresses of a name. localhost and what is below it is this
// machine, whether it is listed or not (RFC 6761, 6.3).
func (h hosts) find(name string) []netip.Addr {
	name = strings.TrimSuffix(name, ".")
	if a := h[name]; len(a) > 0 {
		return a
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return nil
}

// A watched file is read again when it changed. One that is not there is empty.
type watched[T any] struct {
	path  string
	limit int64
	parse func(text string) T

	mu      sync.Mutex
	value   T
	ready   bool
	checked time.Time
	changed time.Time
	size    int64
}

func (w *watched[T]) get() T {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if w.ready && now.Sub(w.checked) < recheck {
		return w.value
	}
	w.checked = now
	var changed time.Time
	var size int64
	if info, err := os.Stat(w.path); err == nil {
		changed, size = info.ModTime(), info.Size()
	}
	if !w.ready || !changed.Equal(w.changed) || size != w.size {
		w.value, w.ready, w.changed, w.size = w.parse(w.read()), true, changed, size
	}
	return w.value
}

// read gives the lines of the file within the limit.
func (w *watched[T]) read() string {
	f, err := os.Open(w.path)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, w.limit)) // what could be read holds
	return string(b)
}
