// Command linkwalk tells which pages of some folders can be reached by links, for
// `make sites` to hold a crawl to: by net/url and the tree of x/net/html, with nothing
// of Trawl's own, and without a server.
//
// It reads lines HOST/PATH=FOLDER, then a tab and seeds, comma-separated, below the
// path; and writes a line "ADDRESS <tab> ADDRESS-THAT-LINKS-TO-IT" for each page.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// A site is a folder that is served for the addresses below one.
type site struct{ host, prefix, folder string }

// A walker has met some addresses, each once.
type walker struct {
	sites []site

	mu      sync.Mutex
	met     map[string]bool
	queue   [][2]string // address, referrer
	busy    int
	changed sync.Cond
	out     *bufio.Writer
}

func main() {
	flag.Parse()
	w := &walker{met: map[string]bool{}, out: bufio.NewWriter(os.Stdout)}
	w.changed.L = &w.mu
	for s := bufio.NewScanner(os.Stdin); s.Scan(); {
		where, seeds, _ := strings.Cut(s.Text(), "\t")
		at, folder, ok := strings.Cut(where, "=")
		if !ok {
			fmt.Fprintf(os.Stderr, "linkwalk: %q is not HOST/PATH=FOLDER\n", s.Text())
			os.Exit(2)
		}
		host, prefix, _ := strings.Cut(at, "/")
		prefix = strings.TrimSuffix("/"+prefix, "/")
		w.sites = append(w.sites, site{host, prefix, folder})
		for seed := range strings.SplitSeq(seeds, ",") {
			w.meet("http://"+host+prefix+"/"+seed, "seed")
		}
	}
	// The longest prefix of a host first.
	slices.SortStableFunc(w.sites, func(a, b site) int { return len(b.prefix) - len(a.prefix) })
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(w.run)
	}
	wg.Wait()
	if err := w.out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "linkwalk:", err)
		os.Exit(1)
	}
}

// meet queues an address that is new.
func (w *walker) meet(address, referrer string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.met[address] {
		w.met[address] = true
		w.queue = append(w.queue, [2]string{address, referrer})
		w.changed.Signal()
	}
}

// run looks at addresses until there are no more.
func (w *walker) run() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.queue) == 0 && w.busy > 0 {
			w.changed.Wait()
		}
		if len(w.queue) == 0 {
			w.changed.Broadcast()
			return
		}
		next := w.queue[len(w.queue)-1]
		w.queue = w.queue[:len(w.queue)-1]
		w.busy++
		w.mu.Unlock()
		page := w.look(next[0])
		w.mu.Lock()
		if page {
			fmt.Fprintf(w.out, "%s\t%s\n", next[0], next[1])
		}
		w.busy--
		w.changed.Broadcast()
	}
}

// look reads the page of an address, meets what it links to, and tells whether it is
// one: of HTML, by its name or its first bytes.
func (w *walker) look(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	name, moved := w.file(u)
	if moved != "" {
		w.meet(moved, address)
		return false
	}
	if name == "" {
		return false
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return false
	}
	switch path.Ext(name) {
	case ".html", ".htm", ".xhtml":
	case ".txt", ".css", ".js", ".c", ".h", ".py", ".pdf", ".gz", ".png", ".svg", ".json", ".xml":
		return false
	default:
		if !strings.HasPrefix(http.DetectContentType(b), "text/html") {
			return false
		}
	}
	w.links(u, b)
	return true
}

// file is the file of an address, or where it is redirected to.
func (w *walker) file(u *url.URL) (name, moved string) {
	for _, s := range w.sites {
		rest, ok := strings.CutPrefix(u.Path, s.prefix+"/")
		if u.Host != s.host || !ok {
			continue
		}
		name := filepath.Join(s.folder, filepath.FromSlash(path.Clean("/"+rest)))
		info, err := os.Stat(name)
		switch {
		case err != nil:
			continue
		case !info.IsDir():
			return name, ""
		case !strings.HasSuffix(u.Path, "/"):
			return "", u.Scheme + "://" + u.Host + u.EscapedPath() + "/"
		}
		if info, err := os.Stat(filepath.Join(name, "index.html")); err == nil && !info.IsDir() {
			return filepath.Join(name, "index.html"), ""
		}
		return "", ""
	}
	return "", ""
}

// links meets what a page links to.
func (w *walker) links(u *url.URL, b []byte) {
	in, err := charset.NewReader(bytes.NewReader(b), "text/html")
	if err != nil {
		in = bytes.NewReader(b)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return
	}
	base := u
	follow := func(ref string) {
		v, err := base.Parse(strings.Join(strings.FieldsFunc(strings.TrimSpace(ref), func(r rune) bool { return r == '\n' || r == '\t' || r == '\r' }), ""))
		if err != nil || v.Scheme != "http" { // devsite speaks no TLS
			return
		}
		v.Fragment, v.RawFragment = "", ""
		v.RawQuery, v.ForceQuery = "", false // a folder has none
		if v.Path == "" {
			v.Path = "/"
		}
		if slices.ContainsFunc(w.sites, func(s site) bool { return s.host == v.Host }) {
			w.meet(v.String(), u.String())
		}
	}
	tag := func(name string, attr func(string) string) {
		switch name {
		case "base":
			if v, err := u.Parse(attr("href")); err == nil && base == u && attr("href") != "" {
				base = v
			}
		case "a", "area":
			if attr("href") != "" {
				follow(attr("href"))
			}
		case "frame", "iframe":
			if attr("src") != "" {
				follow(attr("src"))
			}
		case "meta":
			if strings.EqualFold(attr("http-equiv"), "refresh") {
				if _, to, ok := strings.Cut(strings.ToLower(attr("content")), "url="); ok {
					at := len(attr("content")) - len(to)
					follow(strings.Trim(attr("content")[at:], `"' `))
				}
			}
		}
	}
	if tree, err := html.Parse(bytes.NewReader(text)); err == nil {
		for n := range tree.Descendants() {
			if n.Type == html.ElementNode {
				tag(n.Data, func(key string) string { return attribute(n.Attr, key) })
			}
		}
		return
	}
	for z := html.NewTokenizer(bytes.NewReader(text)); z.Next() != html.ErrorToken; { // too deep for a tree
		if t := z.Token(); t.Type == html.StartTagToken || t.Type == html.SelfClosingTagToken {
			tag(t.Data, func(key string) string { return attribute(t.Attr, key) })
		}
	}
}

func attribute(list []html.Attribute, key string) string {
	for _, a := range list {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}
