package trawl_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/trawlsearch/trawl"

// floorPlan says which of our packages each package may import. Imports point
// down only: a package stands below every package that it does not name.
var floorPlan = map[string]string{
	"internal/durable":           "",
	"internal/durable/crashtest": "internal/durable",
	"internal/shareddata":        "",
	"internal/devsite":           "",
	"internal/crawlrun":          "crawl crawl/extract/convert crawl/extract/convert/pdf crawl/fetch",
	"internal/linkwalk":          "",

	"langid":   "",
	"section":  "",
	"weburl":   "",
	"document": "",
	"query":    "",
	"rank":     "",
	"analysis": "",
	"store":    "",
	"bus":      "",
	"blob":     "internal/durable",

	"crawl/robots":              "",
	"crawl/warc":                "internal/durable weburl",
	"crawl/sitemap":             "weburl",
	"crawl/frontier":            "weburl",
	"crawl/dns":                 "",
	"crawl/fetch":               "weburl crawl/robots",
	"crawl/login":               "weburl crawl/fetch",
	"crawl/render":              "weburl crawl/fetch",
	"crawl/extract":             "weburl langid",
	"crawl/extract/convert":     "crawl/extract/convert/pdf",
	"crawl/extract/convert/pdf": "",
	"crawl/crawltest":           "weburl",
	"crawl/neardup":             "",
	"crawl/learn":               "weburl crawl/neardup",
	"crawl": "document section weburl langid internal/durable crawl/frontier crawl/fetch crawl/robots crawl/sitemap" +
		" crawl/extract crawl/extract/convert crawl/warc crawl/neardup crawl/learn crawl/login crawl/render",

	"index/bitpack":          "",
	"index/internal/corrupt": "",
	"index/internal/gate":    "index/internal/corrupt",
	"index/internal/segfile": "index/internal/corrupt index/internal/gate",
	"index/stored":           "index/internal/corrupt index/internal/gate",
	"index/termdict":         "index/internal/corrupt index/internal/gate",
	"index/postings":         "index/bitpack index/internal/corrupt index/internal/gate",
	"index/docvalues":        "index/bitpack index/internal/corrupt index/internal/gate",
	"search/kernel":          "",
	"index": "analysis internal/durable index/bitpack index/postings index/termdict index/docvalues index/stored" +
		" index/internal/segfile index/internal/gate index/internal/corrupt",

	"search": "query rank analysis section index index/bitpack index/postings index/docvalues index/termdict search/kernel",
	"shard":  "document section blob index search rank",
	"eval":   "",
	"speed":  "search query analysis index",
	"api":    "search document",
	"web":    "search docs",
	"docs":   "",
	"node": "bus blob store document weburl crawl crawl/dns crawl/fetch crawl/frontier crawl/login crawl/render crawl/warc index rank search shard web api" +
		" internal/durable",
	"cmd/trawl": "node eval speed index document crawl crawl/frontier crawl/fetch crawl/extract/convert/pdf crawl/warc search api",
}

// toCome are rooms of the design that no feature has needed yet. Their places
// are kept, so that their doors open downwards from the first day; a room moves
// to the floor plan with its first file.
var toCome = map[string]string{
	"linkgraph": "document weburl",
	"auth":      "store",
	"analytics": "bus store",
	"edge":      "",
	"events":    "bus document",
	"election":  "bus",
}

// testOnly says what tests may import beyond their package's own line.
var testOnly = map[string]string{
	"*":         "internal/shareddata",
	"index":     "internal/durable/crashtest",
	"blob":      "internal/durable/crashtest",
	"search":    "document",
	"crawl":     "crawl/crawltest crawl/login weburl",
	"crawl/*":   "crawl/crawltest",
	"node":      "crawl/crawltest",
	"cmd/trawl": "crawl/crawltest weburl",
	"web":       "index rank",
}

// guests lists the third-party modules, the one package that may import each,
// and why we do not do it ourselves.
var guests = map[string]struct{ home, why string }{
	"github.com/nats-io/nats-server/v2":           {"bus", "the log, leases and registry, embedded in one process"},
	"github.com/nats-io/nats.go":                  {"bus", "the client of the same broker"},
	"github.com/synadia-io/orbit.go/jetstreamext": {"bus", "atomic batches, which nats.go does not have"},
	"github.com/cockroachdb/pebble/v2":            {"crawl/frontier", "an LSM tree: 93k addresses/s with seen-check and fsync"},
	"gocloud.dev":                                 {"blob", "S3 and its kin behind one door"},
	"modernc.org/sqlite":                          {"store", "SQL in the process, without cgo"},
	"github.com/jackc/pgx/v5":                     {"store", "PostgreSQL"},
	"github.com/pressly/goose/v3":                 {"store", "schema migrations"},
	"github.com/mmcdole/gofeed":                   {"crawl/extract/convert", "the dialects of RSS and Atom, and their dates"},
	"github.com/klippa-app/go-pdfium":             {"crawl/extract/convert/pdf", "PDFium as WebAssembly, without cgo: no text extraction in Go comes near"},
	"github.com/tetratelabs/wazero":               {"crawl/extract/convert/pdf", "the sandbox that PDFium runs in: limits of memory and time"},
	"github.com/wlynxg/chardet":                   {"crawl/extract", "encodings that no header names: 88 % of 425 files, the best there is in Go"},
	"github.com/andybalholm/brotli":               {"crawl/fetch crawl/warc crawl/crawltest", "Content-Encoding: br"},
	"github.com/klauspost/compress":               {"crawl/fetch crawl/warc index/stored", "zstd, on the wire, in archives and in stored fields"},
	"github.com/blevesearch/snowballstem":         {"analysis", "the Snowball stemmers"},
	"github.com/clipperhouse/uax29/v2":            {"analysis", "Unicode word boundaries where text is not ASCII"},
	"golang.org/x/net":                            {"weburl crawl/extract crawl/extract/convert crawl/dns crawl/login internal/linkwalk", "HTML tree, WHATWG encodings, IDNA, public suffixes, DNS messages"},
	"golang.org/x/text":                           {"analysis weburl crawl/extract", "normal forms, case folding, encodings"},
	"golang.org/x/sys":                            {"internal/durable index cmd/trawl node index/bitpack search/kernel", "mmap, madvise, flock, CPU features"},
	"google.golang.org/grpc":                      {"search", "the searcher's calls: deadlines, cancellation, status"},
	"github.com/yuin/goldmark":                    {"web crawl/extract/convert", "the manual's Markdown; test: the oracle of the crawler's own"},
	"github.com/prometheus/client_golang":         {"node", "metrics"},
	"go.yaml.in/yaml/v3":                          {"node", "the configuration file"},
	"github.com/spf13/cobra":                      {"cmd/trawl", "verbs, flags, help and shell completion"},
	"github.com/spf13/pflag":                      {"cmd/trawl", "cobra's flags"},

	"github.com/johannesboyne/gofakes3": {"blob", "test: an S3 server in the process"},
	"github.com/prometheus/common":      {"node", "test: reads /metrics as Prometheus does"},
	"github.com/rogpeppe/go-internal":   {"cmd/trawl", "test: txtar scripts that run the program"},
	"github.com/chromedp/chromedp":      {"web crawl/render", "drives Chromium: rendered pages, and tests of ours"},
	"github.com/chromedp/cdproto":       {"web crawl/render", "Chromium's protocol"},
}

// A file is what the layout rules look at: where a source stands and what it imports.
type file struct {
	pkg, name string
	test      bool
	imports   []string
}

// TestLayout reads the sources itself: a version that asked the go tool passed
// from the test cache on a broken tree.
func TestLayout(t *testing.T) {
	for _, f := range sources(t) {
		if _, known := floorPlan[f.pkg]; !known && f.pkg != "." {
			t.Errorf("%s/%s: package %s has no line in the floor plan", f.pkg, f.name, f.pkg)
			continue
		}
		for _, imp := range f.imports {
			switch {
			case imp == module || strings.HasPrefix(imp, module+"/"):
				checkOwn(t, f, strings.TrimPrefix(strings.TrimPrefix(imp, module), "/"))
			case strings.Contains(strings.Split(imp, "/")[0], "."):
				checkGuest(t, f, imp)
			}
		}
	}
}

func checkOwn(t *testing.T, f file, imp string) {
	t.Helper()
	if imp == f.pkg || slices.Contains(strings.Fields(floorPlan[f.pkg]), imp) {
		return
	}
	if f.test {
		for _, scope := range []string{"*", f.pkg, path.Dir(f.pkg) + "/*"} {
			if slices.Contains(strings.Fields(testOnly[scope]), imp) {
				return
			}
		}
	}
	t.Errorf("%s/%s imports %s: the floor plan has no such door", f.pkg, f.name, imp)
}

func checkGuest(t *testing.T, f file, imp string) {
	t.Helper()
	for mod, g := range guests {
		if imp != mod && !strings.HasPrefix(imp, mod+"/") {
			continue
		}
		home := strings.Fields(g.home)
		if slices.Contains(home, f.pkg) {
			return
		}
		t.Errorf("%s/%s imports %s, a guest of %s only (%s)", f.pkg, f.name, imp, g.home, g.why)
		return
	}
	t.Errorf("%s/%s imports %s, which is not on the guest list", f.pkg, f.name, imp)
}

// TestFloorPlanHasNoCycle holds the plan itself to "imports point down only".
func TestFloorPlanHasNoCycle(t *testing.T) {
	const onPath, done = 1, 2
	state := map[string]int{}
	var visit func(pkg string, trail []string)
	visit = func(pkg string, trail []string) {
		switch state[pkg] {
		case onPath:
			t.Errorf("the floor plan has a cycle: %s", strings.Join(append(trail, pkg), " -> "))
			return
		case done:
			return
		}
		state[pkg] = onPath
		for _, dep := range strings.Fields(floorPlan[pkg]) {
			if _, ok := floorPlan[dep]; !ok {
				t.Errorf("floor plan: %s may import %s, which has no line", pkg, dep)
			}
			visit(dep, append(trail, pkg))
		}
		state[pkg] = done
	}
	for _, pkg := range slices.Sorted(maps.Keys(floorPlan)) {
		visit(pkg, nil)
	}
}

// TestListsAreUsed keeps the lists free of what is gone, and of what has come.
func TestListsAreUsed(t *testing.T) {
	used, pkgs := map[string]bool{}, map[string]bool{}
	for _, f := range sources(t) {
		pkgs[f.pkg] = true
		for _, imp := range f.imports {
			for mod := range guests {
				if imp == mod || strings.HasPrefix(imp, mod+"/") {
					used[mod] = true
				}
			}
		}
	}
	for mod, g := range guests {
		if !used[mod] {
			t.Errorf("guest list: nobody imports %s any more (%s)", mod, g.why)
		}
	}
	for pkg := range floorPlan {
		if !pkgs[pkg] {
			t.Errorf("floor plan: there is no package %s", pkg)
		}
	}
	for pkg, doors := range toCome {
		if pkgs[pkg] {
			t.Errorf("%s has come: give it its line in the floor plan", pkg)
		}
		for _, dep := range strings.Fields(doors) {
			if _, ok := floorPlan[dep]; !ok {
				t.Errorf("%s, which is to come, may import %s, which has no line", pkg, dep)
			}
		}
	}
}

func sources(t *testing.T) []file {
	t.Helper()
	var out []file
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") || d.Name() == "testdata" || p == "bench" || p == "bin"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, ".go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		f := file{pkg: filepath.ToSlash(filepath.Dir(p)), name: d.Name(), test: strings.HasSuffix(p, "_test.go")}
		for _, spec := range parsed.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, imp)
		}
		out = append(out, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 10 {
		t.Fatalf("found only %d sources: is the test running at the root?", len(out))
	}
	return out
}
