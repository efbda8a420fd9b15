package learn

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/trawlsearch/trawl/weburl"
)

// Names of axes that are no parameters. No parameter is named so: a name has no '/'.
const (
	axisOrder = "/order" // of parameters
	axisSlash = "/slash" // at the end of the path
	axisIndex = "/index" // index.html and its like
	axisCase  = "/case"  // of the path
)

const (
	foldAfter = 5 // pairs of addresses with the same text
	foldPages = 3 // pages that they are of, at least
)

// An axis is what speaks for and against folding along it.
type axis struct {
	Same  int `json:"same,omitempty"`
	Pages int `json:"pages,omitempty"`
	Other int `json:"other,omitempty"`
}

func (a axis) folds() bool { return a.Same >= foldAfter && a.Pages >= foldPages && a.Other == 0 }

// A sample is a page as it looks along an axis.
type sample struct {
	key    uint64 // of the axis and the address without it
	place  uint64 // of the address along the axis
	text   [16]byte
	paired bool // it was compared before
}

var seed = maphash.MakeSeed() // samples do not outlive the process

// Address tells that an address gave a page with that text.
func (h *Host) Address(u weburl.URL, text [16]byte) {
	for _, v := range views(u) {
		h.sample(v, text)
	}
}

func (h *Host) sample(v view, text [16]byte) {
	key, place := maphash.String(seed, v.axis+" "+v.rest), maphash.String(seed, v.place)
	i := slices.IndexFunc(h.samples, func(s sample) bool { return s.key == key })
	if i < 0 {
		s := sample{key: key, place: place, text: text}
		if len(h.samples) < maxSamples {
			h.samples = append(h.samples, s)
			return
		}
		h.samples[h.next] = s
		h.next = (h.next + 1) % maxSamples
		return
	}
	s := &h.samples[i]
	if s.place == place {
		s.text = text // it may have changed
		return
	}
	a, known := h.Axes[v.axis]
	if !known && len(h.Axes) >= maxAxes {
		return
	}
	if text != s.text {
		a.Other++
	} else {
		a.Same++
		if !s.paired {
			a.Pages++
		}
		s.paired, s.place = true, place
	}
	if h.Axes == nil {
		h.Axes = map[string]axis{}
	}
	h.Axes[v.axis] = a
}

// Fold gives the address that stands for u and all that differ from it along axes
// that change nothing.
func (h *Host) Fold(u weburl.URL) weburl.URL {
	folded := false
	for _, a := range h.Axes {
		folded = folded || a.folds()
	}
	if !folded {
		return u
	}
	path, query := u.Path(), u.Query()
	if h.Axes[axisCase].folds() {
		path = strings.ToLower(path)
	}
	if h.Axes[axisIndex].folds() {
		path = path[:len(path)-len(indexName(path))]
	}
	if h.Axes[axisSlash].folds() {
		path = "/" + strings.Trim(path, "/")
	}
	params := parameters(query)
	params = slices.DeleteFunc(params, func(p string) bool { return h.Axes[nameOf(p)].folds() })
	if h.Axes[axisOrder].folds() {
		slices.Sort(params)
	}
	ref := u.Origin() + path
	if len(params) > 0 {
		ref += "?" + strings.Join(params, "&")
	}
	out, err := weburl.Parse(ref)
	if err != nil {
		return u
	}
	return out
}

// A view is an address as an axis and what stands along it.
type view struct{ axis, rest, place string }

// views are those in which an address may have a neighbour.
func views(u weburl.URL) []view {
	path, query := u.Path(), u.Query()
	index := indexName(path)
	out := []view{
		{axisCase, strings.ToLower(path) + "?" + query, path},
		{axisSlash, strings.TrimRight(path, "/") + "?" + query, path},
		{axisIndex, path[:len(path)-len(index)] + "?" + query, index},
	}
	if query == "" {
		return out
	}
	params := parameters(query)
	sorted := slices.Sorted(slices.Values(params))
	if len(params) > 1 {
		out = append(out, view{axisOrder, path + "?" + strings.Join(sorted, "&"), query})
	}
	for i, p := range sorted {
		if i > 0 && nameOf(p) == nameOf(sorted[i-1]) {
			continue // a list: its values are one view
		}
		name := nameOf(p)
		rest := slices.DeleteFunc(slices.Clone(sorted), func(q string) bool { return nameOf(q) == name })
		own := slices.DeleteFunc(slices.Clone(sorted), func(q string) bool { return nameOf(q) != name })
		out = append(out, view{name, path + "?" + strings.Join(rest, "&"), strings.Join(own, "&")})
	}
	return out
}

// maxParameters of an address are looked at.
const maxParameters = 16

func parameters(query string) []string {
	var out []string
	for p := range strings.SplitSeq(query, "&") {
		if p != "" {
			out = append(out, p)
		}
	}
	return out[:min(len(out), maxParameters)]
}

func nameOf(param string) string {
	name, _, _ := strings.Cut(param, "=")
	return strings.ReplaceAll(name, "/", "%2F")
}

// indexName is the last segment of a path if servers show it for the folder.
func indexName(path string) string {
	name := path[strings.LastIndexByte(path, '/')+1:]
	stem, ext, ok := strings.Cut(strings.ToLower(name), ".")
	if !ok || stem != "index" && stem != "default" {
		return ""
	}
	switch ext {
	case "html", "htm", "php", "asp", "aspx", "jsp", "shtml", "xhtml":
		return name
	}
	return ""
}
