package node

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/trawlsearch/trawl/crawl"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/render"
)

// Config is what a process was told. Its keys are documented in settings,
// which flags, environment, file and `trawl config` all read.
type Config struct {
	Program string // the file of trawl itself, which is run for what takes much memory (see pdf.Options.Compiler); empty: nothing is run
	Data    string
	Roles   []string
	Name    string

	Listen     string
	GRPCListen string
	AdminToken string
	Thumbnails bool

	NATS  string
	Blobs string
	SQL   string

	MemoryBytes int64
	LogBytes    int64

	CommitInterval  time.Duration
	RefreshInterval time.Duration

	UserAgent    string
	AllowPrivate bool
	CrawlDelay   time.Duration
	CrawlWorkers int
	CrawlCopy    time.Duration
	Fetch        fetch.Options  // limits of a fetch
	Read         crawl.Reading  // of what is made of bodies
	Render       render.Options // of pages whose scripts are run

	LogLevel  string
	LogFormat string
}

// AllRoles are the roles there are, in the order in which they start.
var AllRoles = []string{"indexer", "searcher", "crawler", "gateway"}

// ErrUsage marks configuration that the user must change.
var ErrUsage = errors.New("bad configuration")

// Load builds the configuration: a flag beats the environment, which beats the
// file, which beats the default. file may be empty; flags holds what was given.
func Load(file string, getenv func(string) string, flags map[string]string) (Config, error) {
	fromFile, err := readFile(file)
	if err != nil {
		return Config{}, err
	}
	var c Config
	for _, s := range settings {
		value, from := s.Default, "default"
		if v, ok := fromFile[s.Key]; ok {
			value, from = v, file
		}
		if v := getenv(s.Env()); v != "" {
			value, from = v, s.Env()
		}
		if v, ok := flags[s.Key]; ok {
			value, from = v, "--"+s.Key
		}
		if err := s.set(&c, value); err != nil {
			return Config{}, fmt.Errorf("%w: %s (from %s): %v", ErrUsage, s.Key, from, err)
		}
	}
	return c, c.finish()
}

// readFile reads a YAML map of keys; a list is joined by commas.
func readFile(file string) (map[string]string, error) {
	if file == "" {
		return nil, nil
	}
	body, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUsage, err)
	}
	var raw map[string]any
	if err := yaml.Unmarshal(body, &raw); err != nil {
		return nil, fmt.Errorf("%w: %s: %v", ErrUsage, file, err)
	}
	out := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		if !slices.ContainsFunc(settings, func(s Setting) bool { return s.Key == key }) {
			return nil, fmt.Errorf("%w: %s: there is no key %q; `trawl config` lists them", ErrUsage, file, key)
		}
		switch v := raw[key].(type) {
		case []any:
			parts := make([]string, len(v))
			for i, e := range v {
				parts[i] = fmt.Sprint(e)
			}
			out[key] = strings.Join(parts, ",")
		case nil:
		case map[string]any:
			return nil, fmt.Errorf("%w: %s: %s is a single value, not a map", ErrUsage, file, key)
		default:
			out[key] = fmt.Sprint(v)
		}
	}
	return out, nil
}

// minLogBytes holds the largest batches a dozen times.
const minLogBytes = 16 << 20

// finish fills what depends on other keys.
func (c *Config) finish() error {
	dir, err := filepath.Abs(c.Data)
	if err != nil {
		return fmt.Errorf("%w: data: %v", ErrUsage, err)
	}
	c.Data = dir
	if c.Blobs == "" {
		c.Blobs = "file://" + filepath.Join(dir, "blobs")
	}
	if c.SQL == "" {
		c.SQL = filepath.Join(dir, "trawl.db")
	}
	if c.MemoryBytes == 0 {
		c.MemoryBytes = max(machineMemory()/4, 512<<20)
	}
	if c.LogBytes < minLogBytes {
		return fmt.Errorf("%w: log-bytes: %d bytes is too little; give at least 16MB", ErrUsage, c.LogBytes)
	}
	for key, d := range map[string]time.Duration{"refresh-interval": c.RefreshInterval, "commit-interval": c.CommitInterval} {
		if d <= 0 {
			return fmt.Errorf("%w: %s: %v: want a duration above zero, such as 500ms or 2s", ErrUsage, key, d)
		}
	}
	if c.MemoryBytes < minMemory {
		return fmt.Errorf("%w: memory: %d bytes is too little; give at least 128MB", ErrUsage, c.MemoryBytes)
	}
	return nil
}

// Has tells whether the process has a role.
func (c *Config) Has(role string) bool { return slices.Contains(c.Roles, role) }

func setRoles(c *Config, v string) error {
	c.Roles = nil
	for _, role := range strings.Split(v, ",") {
		role = strings.TrimSpace(role)
		if !slices.Contains(AllRoles, role) {
			return fmt.Errorf("%q is not a role; the roles are %s", role, strings.Join(AllRoles, ", "))
		}
		if !slices.Contains(c.Roles, role) {
			c.Roles = append(c.Roles, role)
		}
	}
	return nil
}

func text(at func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error { *at(c) = v; return nil }
}

// address is HOST:PORT, the host may be empty.
func address(at func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		_, port, err := net.SplitHostPort(v)
		if _, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil {
			return fmt.Errorf("%q: want HOST:PORT, such as 127.0.0.1:8080 or :8080", v)
		}
		*at(c) = v
		return nil
	}
}

func oneOf(at func(*Config) *string, values ...string) func(*Config, string) error {
	return func(c *Config, v string) error {
		if !slices.Contains(values, v) {
			return fmt.Errorf("%q: want %s", v, strings.Join(values, " or "))
		}
		*at(c) = v
		return nil
	}
}

func boolean(at func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, v string) error {
		b, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("%q: want true or false", v)
		}
		*at(c) = b
		return nil
	}
}

func number(at func(*Config) *int, lo, hi int) func(*Config, string) error {
	return func(c *Config, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < lo || n > hi {
			return fmt.Errorf("%q: want a whole number from %d to %d", v, lo, hi)
		}
		*at(c) = n
		return nil
	}
}

func duration(at func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil {
			return fmt.Errorf("%q: want a duration such as 500ms or 2s", v)
		}
		*at(c) = d
		return nil
	}
}

// size reads bytes with a unit: KB and KiB are both 1024 bytes, as users mean.
func size[T int | int64](at func(*Config) *T) func(*Config, string) error {
	return func(c *Config, v string) error {
		text := strings.ToUpper(strings.TrimSpace(v))
		unit := int64(1)
		for _, u := range []struct {
			suffix string
			bytes  int64
		}{{"KIB", 1 << 10}, {"MIB", 1 << 20}, {"GIB", 1 << 30}, {"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"B", 1}} {
			if rest, ok := strings.CutSuffix(text, u.suffix); ok {
				text, unit = strings.TrimSpace(rest), u.bytes
				break
			}
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || !(n >= 0 && n*float64(unit) <= 1<<50) { // so written that NaN is refused
			return fmt.Errorf("%q: want a size such as 512MB or 2GB", v)
		}
		*at(c) = T(n * float64(unit))
		return nil
	}
}
