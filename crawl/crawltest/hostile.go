package crawltest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
)

// A Row is one behaviour of the hostile web: what a server does to a crawler, on
// hosts of its own (p05.test and below for row P05), so that all rows can stand
// on one web beside hosts that mean well. What a crawler should make of it is the
// business of its tests.
//
// The IDs are those of the suite hostile-web.tsv: R robots.txt, P politeness, D
// redirects, S requests to private addresses, B bodies and protocol, H pages, T
// traps, C change and failure of our own machine, N network and access.
type Row struct {
	ID        string
	Behaviour string   // in a line
	Seeds     []string // where a crawl of it begins; empty: the test brings its own
	Sockets   bool     // it is about TCP: a web of New, not of NewInMemory
	Install   func(w *Web)

	// Want lists what a client asks for that reads the pages right, as
	// "host/target", without robots.txt and sitemap.xml: for rows about
	// addresses. No other request is right.
	Want []string
}

// Hostile are all rows, in the order of the suite.
func Hostile() []Row {
	var out []Row
	for _, family := range [][]Row{robotsRows(), politeRows(), redirectRows(), privateRows(), bodyRows(), pageRows(), trapRows(), changeRows(), networkRows()} {
		out = append(out, family...)
	}
	return out
}

// HostileRow is one of them.
func HostileRow(id string) (Row, bool) {
	for _, r := range Hostile() {
		if r.ID == id {
			return r, true
		}
	}
	return Row{}, false
}

// Healthy puts n sites of pages pages each on the web, healthy0.test and so on,
// which answer at once, and gives their seeds.
func Healthy(w *Web, n, pages int) (seeds []string) {
	for i := range n {
		s := w.Site(fmt.Sprintf("healthy%d.test", i)).Mount(Generate(uint64(1000+i), pages))
		seeds = append(seeds, s.URL("/"))
	}
	return seeds
}

// Prose is n words of a language that nobody speaks, in sentences: the same for
// the same seed, and hardly anything in common for two.
func Prose(seed uint64, n int) string {
	rnd := rand.New(rand.NewPCG(seed, 0x70726f7365))
	vocabulary := words(rnd, 400)
	var b strings.Builder
	for i := range n {
		word := vocabulary[rnd.IntN(len(vocabulary))]
		if i%12 == 0 {
			word = capital(word)
		}
		b.WriteString(word)
		switch {
		case i%12 == 11 || i == n-1:
			b.WriteString(". ")
		default:
			b.WriteByte(' ')
		}
	}
	return strings.TrimSpace(b.String())
}

// numbers are the paths prefix1 to prefixN.
func numbers(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(prefix, i+1)
	}
	return out
}

// star is a front page that links to pages of prose at the paths.
func (s *Site) star(paths ...string) *Site {
	s.Page("/", Page{Title: "Front of " + s.host, Text: Prose(hashed(s.host), 60), Links: paths})
	for _, p := range paths {
		path, _, _ := strings.Cut(p, "?")
		s.Page(path, prosePage(hashed(s.host+path))) // no two hosts have the same
	}
	return s
}

func prosePage(seed uint64, links ...string) Page {
	return Page{Title: fmt.Sprintf("Page %d %s", seed, Prose(seed, 2)), Text: Prose(seed, 60), Links: links}
}

// handle is Handle for many paths.
func (s *Site) handle(paths []string, h http.Handler) *Site {
	for _, p := range paths {
		s.Handle(p, h)
	}
	return s
}

// okHeader begins an answer of HTML, for Raw and its kin; the length or coding of
// the body and an empty line must follow.
const okHeader = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"

func seed(hosts ...string) (out []string) {
	for _, h := range hosts {
		out = append(out, "http://"+h+"/")
	}
	return out
}
