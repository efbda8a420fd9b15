package frontier

import (
	"hash/fnv"
	"slices"
	"strings"

	"github.com/trawlsearch/trawl/weburl"
)

// Limits of a shape. What is beyond them is the same shape.
const (
	shapeSegments = 12
	shapeLiteral  = 2  // leading directories that keep their names
	shapeName     = 24 // bytes of a name that is kept
	shapeParams   = 16
)

// shapeOf is what the addresses of one template have in common: how deep the path
// is, the names of its first directories, of what kind the rest is, its ending,
// and which parameters there are.
//
//	/product/12345.html               /product/0.html
//	/2024/05/17/some-words            /0/0/0/w
//	/list.php?page=7&sort=price       /list.php?page&sort
func shapeOf(u weburl.URL) string {
	var b strings.Builder
	path, query := u.Path(), u.Query()
	segs := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, seg := range segs {
		b.WriteByte('/')
		if i == shapeSegments {
			b.WriteString("...")
			break
		}
		b.WriteString(segmentShape(seg, i, i == len(segs)-1, query != ""))
	}
	if query != "" {
		b.WriteByte('?')
		b.WriteString(strings.Join(paramNames(query), "&"))
	}
	return b.String()
}

func segmentShape(seg string, n int, last, script bool) string {
	name, ext := seg, ""
	if last {
		if i := strings.LastIndexByte(seg, '.'); i > 0 && len(seg)-i <= 6 {
			name, ext = seg[:i], strings.ToLower(seg[i:])
		}
	}
	digits := 0
	for i := range len(name) {
		if name[i] >= '0' && name[i] <= '9' {
			digits++
		}
	}
	switch {
	case name == "":
		return ext
	case digits == len(name):
		return "0" + ext
	case digits > 0:
		return "a0" + ext
	case last && script || !last && n < shapeLiteral:
		return strings.ToLower(name[:min(len(name), shapeName)]) + ext
	case last:
		return "w" + ext
	}
	return "*"
}

// paramNames are the names of the parameters, each once, in order.
func paramNames(query string) []string {
	var names []string
	for part := range strings.SplitSeq(query, "&") {
		if len(names) >= shapeParams {
			break
		}
		name, _, _ := strings.Cut(part, "=")
		if strings.Trim(name, "0123456789") == "" {
			name = "0"
		}
		if name = strings.ToLower(name[:min(len(name), shapeName)]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// shapeHash names a template within its host.
func shapeHash(shape string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(shape))
	return h.Sum64()
}
