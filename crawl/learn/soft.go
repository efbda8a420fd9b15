package learn

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/trawlsearch/trawl/crawl/neardup"
	"github.com/trawlsearch/trawl/weburl"
)

const (
	softLikeness = .7 // of a page to what the host says of nothing
	softLength   = .5
	errorWords   = 50 // an error page is short
	shortApart   = 6  // words by which two short ones may differ
	probes       = 2  // of a folder
	twinsSuspect = 5  // pages of a folder that are like others
	maxPassed    = 48 // pages of a folder that pass while it is probed: a window of the frontier, and some
)

// A Verdict on a page.
type Verdict int

const (
	There   Verdict = iota
	Gone            // it is how the host says that nothing is there
	Suspect         // take it, but ask for Probes
	Waiting         // they were asked for: look at it later
)

// Probing is how far the probes of a folder are.
type Probing struct {
	Twins   int      `json:"twins,omitempty"` // pages that were like others
	Asked   bool     `json:"asked,omitempty"`
	Answers int      `json:"answers,omitempty"`
	Passed  []string `json:"passed,omitempty"` // targets of pages that were taken meanwhile
}

func (p Probing) done() bool { return p.Answers >= probes }

// A signature is how a host says that nothing is there.
type signature struct {
	Title   string `json:"title,omitempty"`
	Heading string `json:"heading,omitempty"`
	Words   int    `json:"words"`
	Sketch  []byte `json:"sketch,omitempty"`
}

// Missing tells whether a page is how the host says that nothing is there, as far as
// that is known.
func (h *Host) Missing(u weburl.URL, p *Page) bool {
	return slices.ContainsFunc(h.Soft, func(s signature) bool { return s.is(u, p) })
}

// Judge judges a page of the host. twin is another address of the host that has about
// the same text, or zero.
func (h *Host) Judge(u weburl.URL, p *Page, twin weburl.URL) Verdict {
	if h.Missing(u, p) {
		return Gone
	}
	dir := folder(u)
	f, known := h.Folders[dir]
	error := p.Words < errorWords && (readsLikeError(p.Title) || readsLikeError(p.Heading))
	if twin.IsZero() && !error || f.done() || !known && len(h.Folders) >= maxFolders {
		return There
	}
	if h.Folders == nil {
		h.Folders = map[string]Probing{}
	}
	f.Twins++
	asked := f.Asked || !error && f.Twins < twinsSuspect
	if f.Asked && len(f.Passed) >= maxPassed {
		return Waiting
	}
	f.pass(u)
	if !twin.IsZero() && folder(twin) == dir {
		f.pass(twin)
	}
	h.Folders[dir] = f
	if asked {
		return There
	}
	return Suspect
}

// Twin tells of a page that has no document, since it is nearly the same as another:
// should that prove to say that nothing is there, so does this one.
func (h *Host) Twin(u weburl.URL) {
	dir := folder(u)
	f, known := h.Folders[dir]
	if f.done() || !known && len(h.Folders) >= maxFolders {
		return
	}
	if h.Folders == nil {
		h.Folders = map[string]Probing{}
	}
	f.pass(u)
	h.Folders[dir] = f
}

// pass notes a page that is taken before the folder is known.
func (f *Probing) pass(u weburl.URL) {
	if t := u.Target(); len(f.Passed) < maxPassed && !slices.Contains(f.Passed, t) {
		f.Passed = append(f.Passed, t)
	}
}

// Probes are the addresses to ask for, of a folder that is suspect: nobody has them,
// and they are the same each time.
func (h *Host) Probes(u weburl.URL) []weburl.URL {
	dir := folder(u)
	f := h.Folders[dir]
	f.Asked = true
	if h.Folders == nil {
		h.Folders = map[string]Probing{}
	}
	h.Folders[dir] = f
	var out []weburl.URL
	sum := sha256.Sum256([]byte("no such page " + u.Origin() + dir))
	for i, end := range [probes]string{"", ".html"} {
		if v, err := weburl.Parse(u.Origin() + dir + fmt.Sprintf("%x", sum[8*i:8*i+8]) + end); err == nil {
			out = append(out, v)
		}
	}
	return out
}

// Probed tells what came of a probe: the page that should not be there, or nil if the
// host says by its status that it is not, or cannot be asked. It gives the pages that
// are to be looked at again.
func (h *Host) Probed(u weburl.URL, p *Page) (again []weburl.URL) {
	dir := folder(u)
	f, known := h.Folders[dir]
	if !known && len(h.Folders) >= maxFolders {
		return nil
	}
	if h.Folders == nil {
		h.Folders = map[string]Probing{}
	}
	f.Asked = true
	f.Answers++
	if p != nil {
		for _, target := range f.Passed {
			if v, err := weburl.Parse(u.Origin() + target); err == nil {
				again = append(again, v)
			}
		}
	}
	if p != nil || f.done() {
		f.Passed = nil
	}
	h.Folders[dir] = f
	if p == nil || len(h.Soft) >= maxSignatures || h.Missing(u, p) {
		return again
	}
	s := signature{Title: without(p.Title, u), Heading: without(p.Heading, u), Words: p.Words}
	if p.Sketch != nil {
		s.Sketch = p.Sketch.Append(nil)
	}
	h.Soft = append(h.Soft, s)
	return again
}

// is tells whether a page says the same as the signature: by its text or, of a short
// page, by title and heading but for the address.
func (s signature) is(u weburl.URL, p *Page) bool {
	sketch, ok := neardup.Decode(s.Sketch)
	if ok && p.Sketch != nil && sketch.Likeness(p.Sketch) >= softLikeness && sketch.Length(p.Sketch) >= softLength {
		return true
	}
	if p.Words >= errorWords {
		return false
	}
	apart := s.Words - p.Words
	return apart <= shortApart && -apart <= shortApart && s.Words+p.Words > 0 &&
		s.Title == without(p.Title, u) && s.Heading == without(p.Heading, u)
}

// maxPhrase bounds a title or heading that is kept.
const maxPhrase = 200

// without is a text without the address that it may repeat.
func without(text string, u weburl.URL) string {
	name := strings.Trim(u.Path(), "/")
	name = name[strings.LastIndexByte(name, '/')+1:]
	for _, part := range []string{u.String(), u.Target(), u.Path(), name} {
		if len(part) > 3 {
			text = strings.ReplaceAll(text, part, "")
		}
	}
	return strings.ToValidUTF8(text[:min(len(text), maxPhrase)], "")
}

// folder is the first segment of an address's path, as "/" or "/docs/".
func folder(u weburl.URL) string {
	path := u.Path()
	if i := strings.IndexByte(path[min(1, len(path)):], '/'); i >= 0 {
		return path[:i+2]
	}
	return "/"
}

// readsLikeError tells whether a title or heading says that nothing is there.
func readsLikeError(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(phrases, func(p string) bool { return strings.Contains(text, p) })
}

var phrases = []string{
	"not found", "404", "does not exist", "doesn't exist", "no longer available", "no longer exists", "cannot be found",
	"can't be found", "couldn't find", "could not find", "no such page", "page unavailable",
	"nicht gefunden", "existiert nicht", "introuvable", "non trouvé", "n'existe pas", "no encontrad", "no existe",
	"non trovat", "non esiste", "não encontrad", "não existe", "niet gevonden", "bestaat niet", "hittades inte", "ikke fundet",
	"ikke funnet", "ei löytynyt", "nie znaleziono", "nenalezen", "bulunamadı", "не найден", "не знайдено", "見つかりません",
	"找不到", "不存在", "찾을 수 없", "không tìm thấy", "غير موجود",
}
