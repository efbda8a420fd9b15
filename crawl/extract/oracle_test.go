package extract

import (
	"bytes"
	"sort"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// treeOf is what the tree of x/net/html says of a page: the words that a reader
// could see, and the references of its links in document order. Misnested
// tables move text about in a tree, so words are compared without their order.
func treeOf(t *testing.T, page []byte) (words, refs []string) {
	t.Helper()
	root, err := html.ParseWithOptions(bytes.NewReader(page), html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Skip(err)
	}
	var text strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			text.WriteString(n.Data)
		case n.Type == html.ElementNode:
			switch n.DataAtom {
			case atom.Script, atom.Style, atom.Template, atom.Noembed, atom.Noframes, atom.Iframe:
				if n.DataAtom != atom.Iframe {
					return
				}
			case atom.Title:
				if n.Namespace == "" {
					return
				}
			}
			if ref, ok := refOf(n); ok {
				refs = append(refs, ref)
			}
			if n.DataAtom == atom.Iframe {
				return
			}
			if blocks.has(tagOf(n.Data)) || n.DataAtom == atom.Br || n.DataAtom == atom.Hr || n.Data == "text" || hides(n) {
				text.WriteByte(' ')
				defer text.WriteByte(' ')
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	return wordsOf(text.String()), refs
}

func tagOf(name string) tagName {
	h := hashSeed
	for i := range len(name) {
		h = hashByte(h, name[i])
	}
	return tagName(knownTags.find(h, []byte(name)))
}

func hides(n *html.Node) bool {
	for _, a := range n.Attr {
		if a.Key == "hidden" || a.Key == "style" && styleOf([]byte(a.Val)).hidden || strings.HasPrefix(a.Key, "data-nosnippet") || strings.HasPrefix(a.Key, "data-pagefind-") || strings.HasPrefix(a.Key, "data-elastic-") {
			return true
		}
	}
	return false
}

func refOf(n *html.Node) (string, bool) {
	key := ""
	switch n.DataAtom {
	case atom.A, atom.Area:
		key = "href"
	case atom.Frame, atom.Iframe:
		key = "src"
	}
	for _, a := range n.Attr {
		if a.Key == key && len(a.Val) <= defaultMaxAttr && (key == "href" && n.DataAtom == atom.A || a.Val != "") {
			return a.Val, true
		}
	}
	return "", false
}

func wordsOf(s string) []string {
	s = strings.NewReplacer("\u00a0", " ", "\u00ad", "", "\u200b", "").Replace(s)
	w := wordPattern.FindAllString(s, -1)
	sort.Strings(w)
	return w
}

// The outline must hold the words and links that the tree of x/net/html holds.
func TestOutlineAgainstTree(t *testing.T) {
	var words, wordsOff, refs, refsOff, pages, same int
	for _, a := range articles(t) {
		text, _ := decode(a.page, "", true)
		wantWords, wantRefs := treeOf(t, text)
		o := scan(text, scanOptions{links: 20_000, elems: defaultMaxElems, attr: defaultMaxAttr, agent: "Trawl"})
		var gotRefs []string
		for _, l := range o.links {
			gotRefs = append(gotRefs, string(l.href))
		}
		sort.Strings(gotRefs)
		sort.Strings(wantRefs)
		w, r := difference(wordsOf(string(o.text)), wantWords), difference(gotRefs, wantRefs)
		words, wordsOff, refs, refsOff = words+len(wantWords), wordsOff+w, refs+len(wantRefs), refsOff+r
		pages++
		if w+r == 0 {
			same++
		} else if testing.Verbose() {
			t.Logf("%.12s: %d of %d words, %d of %d links differ", a.name, w, len(wantWords), r, len(wantRefs))
		}
	}
	t.Logf("%d of %d pages alike; %d of %d words and %d of %d links differ", same, pages, wordsOff, words, refsOff, refs)
	if refsOff*1000 > refs || wordsOff*1000 > words {
		t.Errorf("more than one in a thousand differs")
	}
}

// difference counts what only one of two sorted lists has.
func difference(a, b []string) (n int) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] == b[0]:
			a, b = a[1:], b[1:]
		case a[0] < b[0]:
			a, n = a[1:], n+1
		default:
			b, n = b[1:], n+1
		}
	}
	return n + len(a) + len(b)
}
