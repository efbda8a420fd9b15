package node

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func yamlFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trawl.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestLoadPrecedence(t *testing.T) {
	file := yamlFile(t, "crawl-delay: 2s\n")
	for _, tc := range []struct {
		name, file, env, flag string
		want                  time.Duration
	}{
		{"default", "", "", "", time.Second},
		{"file", file, "", "", 2 * time.Second},
		{"environment beats file", file, "3s", "", 3 * time.Second},
		{"flag beats environment", file, "3s", "4s", 4 * time.Second},
		{"flag beats file", file, "", "4s", 4 * time.Second},
		{"environment beats default", "", "3s", "", 3 * time.Second},
	} {
		flags := map[string]string{}
		if tc.flag != "" {
			flags["crawl-delay"] = tc.flag
		}
		c, err := Load(tc.file, env("TRAWL_CRAWL_DELAY", tc.env), flags)
		if err != nil || c.CrawlDelay != tc.want {
			t.Errorf("%s: got %v, %v, want %v", tc.name, c.CrawlDelay, err, tc.want)
		}
	}
}

// TestLoadFile reads what YAML calls lists, numbers, truths and nothing.
func TestLoadFile(t *testing.T) {
	file := yamlFile(t, "roles: [searcher, gateway]\nallow-private: true\ncrawl-workers: 7\nmemory: 1GB\nsql:\n")
	c, err := Load(file, env(), map[string]string{"data": "/d"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Roles, []string{"searcher", "gateway"}) || !c.AllowPrivate || c.CrawlWorkers != 7 || c.MemoryBytes != 1<<30 {
		t.Errorf("got %+v", c)
	}
	if c.Blobs != "file:///d/blobs" || c.SQL != "/d/trawl.db" || c.Has("crawler") || !c.Has("gateway") {
		t.Errorf("got %+v", c)
	}
}

// TestSettings: every key has a default that it takes, and a word about it.
func TestSettings(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Settings() {
		if seen[s.Key] || s.Doc == "" || s.set(new(Config), s.Default) != nil {
			t.Errorf("%s: twice, without a word, or with a default that it does not take", s.Key)
		}
		seen[s.Key] = true
	}
	if _, err := Load("", env(), nil); err != nil {
		t.Error(err)
	}
}

func TestLoadBad(t *testing.T) {
	for _, tc := range []struct{ key, value, want string }{
		{"roles", "king", `"king" is not a role; the roles are indexer, searcher, crawler, gateway`},
		{"roles", "", `"" is not a role`},
		{"roles", "indexer,,gateway", `"" is not a role`},
		{"memory", "lots", "want a size"},
		{"memory", "-1", "want a size"},
		{"memory", "NaN", "want a size"},
		{"memory", "9999PB", "want a size"},
		{"memory", "64MB", "give at least 128MB"},
		{"log-bytes", "x", "want a size"},
		{"log-bytes", "0", "at least 16MB"},
		{"refresh-interval", "soon", "want a duration"},
		{"refresh-interval", "0s", "above zero"},
		{"commit-interval", "7", "want a duration"},
		{"commit-interval", "-1s", "above zero"},
		{"crawl-delay", "fast", "want a duration"},
		{"allow-private", "perhaps", "want true or false"},
		{"crawl-workers", "0", "a whole number from 1 to 1024"},
		{"crawl-workers", "1025", "a whole number from 1 to 1024"},
		{"crawl-workers", "many", "a whole number from 1 to 1024"},
		{"log-level", "loud", "want debug or info or warn or error"},
		{"log-format", "xml", "want text or json"},
	} {
		_, err := Load("", env(), map[string]string{tc.key: tc.value})
		if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), tc.key) {
			t.Errorf("%s=%q: got %v, want %q", tc.key, tc.value, err, tc.want)
		}
	}
	for _, tc := range []struct{ text, want string }{
		{"listn: x", `there is no key "listn"`},
		{"data: {a: b}", "data is a single value, not a map"},
		{"- a", "cannot unmarshal"},
		{"a: [", "yaml"},
		{"memory: huge", `memory (from`},
	} {
		_, err := Load(yamlFile(t, tc.text), env(), nil)
		if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: got %v, want %q", tc.text, err, tc.want)
		}
	}
	if _, err := Load("/no/such/file.yaml", env(), nil); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), "/no/such/file.yaml") {
		t.Errorf("missing file: %v", err)
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "7": 7, "1k": 1 << 10, "2KB": 2 << 10, "3KiB": 3 << 10, "512MB": 512 << 20, "1.5 GB": 3 << 29, "1GiB": 1 << 30, "9B": 9} {
		var c Config
		if err := size(func(c *Config) *int64 { return &c.MemoryBytes })(&c, text); err != nil || c.MemoryBytes != want {
			t.Errorf("%q: got %d, %v, want %d", text, c.MemoryBytes, err, want)
		}
	}
}

func TestShare(t *testing.T) {
	for _, m := range []int64{minMemory, 512 << 20, 64 << 30} {
		b := share(m)
		if b.index <= 0 || b.frontier <= 0 || b.heap >= m {
			t.Errorf("%d: %+v", m, b)
		}
		// What is held on purpose leaves the heap room to breathe.
		if held := b.index + b.frontier; held > b.heap/2 {
			t.Errorf("%d: %d of a heap of %d is held on purpose", m, held, b.heap)
		}
	}
}
