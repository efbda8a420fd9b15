package convert

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

func TestMarkdown(t *testing.T) {
	r := New(Options{})
	defer r.Close()
	src := `---
title: "Front: matter"
description: What it is for
date: 2024-05-06
lang: en
---
Intro with [a link](http://a.test/1 "title"), ![an image](pic.png), <https://a.test/2> and https://a.test/3_(x).

Set *ext* heading
=================

Text with ` + "`code *kept* [here](no)`" + ` and **bold**, snake_case_name, 2 * 3 and AT&amp;T \*escaped\*.
Second line, [ref][One], [one] and [missing][none].

## What's new in v1.2? ##
- [x] first
- second
  continued

> quoted text

## What's new in v1.2?
` + "```go\n# not a heading\nfmt.Println()\n```" + `

| A | B |
|---|---|
| 1 | [two](/t) |

<!-- hidden
hidden -->
<div><a href="h.html">raw</a></div>

### Own anchor {#own}
[one]: http://a.test/ref
`
	d, err := r.Read(context.Background(), "text/markdown; charset=utf-8", "a.md", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	want := []Section{
		{0, "", "", "Intro with a link, an image, https://a.test/2 and https://a.test/3_(x)."},
		{1, "Set ext heading", "set-ext-heading", "Text with code *kept* [here](no) and bold, snake_case_name, 2 * 3 and AT&T *escaped*. Second line, ref, one and [missing][none]."},
		{2, "What's new in v1.2?", "whats-new-in-v12", "• first\n• second continued\nquoted text"},
		{2, "What's new in v1.2?", "whats-new-in-v12-1", "# not a heading\nfmt.Println()\nA\tB\n1\ttwo\nraw"},
		{3, "Own anchor", "own", ""},
	}
	for i := range max(len(want), len(d.Sections)) {
		if i >= len(want) || i >= len(d.Sections) || d.Sections[i] != want[i] {
			t.Errorf("section %d of %d:\n%+v", i, len(want), d.Sections[min(i, len(d.Sections)-1):])
			break
		}
	}
	links := []string{"http://a.test/1", "https://a.test/2", "https://a.test/3_(x)", "http://a.test/ref", "/t", "h.html"}
	if !reflect.DeepEqual(d.Links, links) {
		t.Errorf("links %q", d.Links)
	}
	if d.Title != "Front: matter" || d.Description != "What it is for" || d.Lang != "en" || d.Published.Format("2006-01-02") != "2024-05-06" {
		t.Errorf("front matter: %+v", d)
	}
}

// TestMarkdownPeer holds headings and links against goldmark's over the real
// Markdown files that the module cache has.
func TestMarkdownPeer(t *testing.T) {
	root := filepath.Join(os.Getenv("HOME"), "go", "pkg", "mod", "github.com")
	var files []string
	_ = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".md") && len(files) < 1500 {
			files = append(files, p)
		}
		return nil // what cannot be read is not there
	})
	if len(files) < 20 {
		t.Skip("fewer than 20 Markdown files in the module cache")
	}
	r := New(Options{})
	defer r.Close()
	var headings, links [3]int // ours, theirs, common
	var ours, theirs time.Duration
	size := 0
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil || len(src) > 200<<10 || bytes.HasPrefix(src, []byte("---")) {
			continue
		}
		start := time.Now()
		d, err := r.Read(context.Background(), "text/markdown", "", src)
		ours += time.Since(start)
		if err != nil {
			continue // no text at all
		}
		start = time.Now()
		wantHeadings, wantLinks := goldmarkOutline(src)
		theirs += time.Since(start)
		size += len(src)
		var got []string
		for _, s := range d.Sections {
			if s.Heading != "" {
				got = append(got, fold(s.Heading).bytes)
			}
		}
		h := tally(&headings, got, wantHeadings)
		// goldmark leaves HTML alone; we take its links.
		l := tally(&links, slices.DeleteFunc(d.Links, func(l string) bool {
			return bytes.Contains(src, []byte(`href="`+l)) || bytes.Contains(src, []byte(`href='`+l)) || bytes.Contains(src, []byte(`href=`+l))
		}), wantLinks)
		if testing.Verbose() && (h > 2 || l > 4) {
			t.Logf("%s: %d headings, %d links differ", f, h, l)
		}
	}
	t.Logf("%d files, %.1f MB: headings F1 %.4f, links F1 %.4f; %.1f MB/s, goldmark %.1f MB/s", len(files), float64(size)/1e6,
		f1(headings), f1(links), float64(size)/1e6/ours.Seconds(), float64(size)/1e6/theirs.Seconds())
	if f1(headings) < .995 || f1(links) < .99 {
		t.Errorf("headings %v, links %v (ours, goldmark's, common)", headings, links)
	}
}

func f1(n [3]int) float64 { return 2 * float64(n[2]) / float64(n[0]+n[1]) }

// tally counts as bags and returns how many differ.
func tally(n *[3]int, got, want []string) int {
	left := map[string]int{}
	for _, w := range want {
		left[w]++
	}
	common := 0
	for _, g := range got {
		if left[g] > 0 {
			left[g]--
			common++
		}
	}
	n[0], n[1], n[2] = n[0]+len(got), n[1]+len(want), n[2]+common
	return len(got) + len(want) - 2*common
}

func goldmarkOutline(src []byte) (headings, links []string) {
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(src))
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			if s := fold(nodeText(n, src)).bytes; s != "" {
				headings = append(headings, s)
			}
		case *ast.Link:
			links = append(links, string(n.Destination))
		case *ast.AutoLink:
			links = append(links, string(n.URL(src)))
		}
		return ast.WalkContinue, nil
	})
	slices.Sort(links)
	links = slices.Compact(links)
	return headings, slices.DeleteFunc(links, func(l string) bool {
		return l == "" || l[0] == '#' || strings.Contains(l, "@") && !strings.Contains(l, "://")
	})
}

func nodeText(n ast.Node, src []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Segment.Value(src))
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		case *ast.AutoLink:
			if entering {
				b.Write(n.Label(src))
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// TestHostileMarkdown: what makes other parsers quadratic is linear here.
func TestHostileMarkdown(t *testing.T) {
	r := New(Options{})
	defer r.Close()
	const n = 2_000_000
	var ticks strings.Builder
	for i := 1; ticks.Len() < n; i++ {
		ticks.WriteString("e" + strings.Repeat("`", i))
	}
	for name, src := range map[string]string{
		"quotes": strings.Repeat(">", n), "lists": strings.Repeat("- ", n/2), "brackets": strings.Repeat("[", n),
		"links": strings.Repeat("[a](", n/4), "closed": strings.Repeat("](", n/2), "images": strings.Repeat("![", n/2),
		"stars": strings.Repeat("*a ", n/3), "mixed": strings.Repeat("_a*", n/3), "ticks": ticks.String(),
		"tags": strings.Repeat("<", n), "open tags": strings.Repeat("<a ", n/3), "comments": strings.Repeat("<!--", n/4),
		"references": strings.Repeat("[a]: b\n", n/14) + strings.Repeat("[a] ", n/8), "labels": strings.Repeat("[a][", n/4),
		"addresses": strings.Repeat("http://a", n/8), "entities": strings.Repeat("&a", n/2), "headings": strings.Repeat("# a\n", n/4),
		"titles": strings.Repeat(`[a](b "`, n/7), "bars": strings.Repeat("|", n), "front": "---\n" + strings.Repeat("a: b\n", n/5),
		"paragraph": strings.Repeat("a\n", n/2), "fences": strings.Repeat("```\n", n/4), "backslashes": strings.Repeat("\\", n), "hashes": strings.Repeat("{#", n/2),
	} {
		start := time.Now()
		check(t, r, "text/markdown", []byte(src))
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: %v for 2 MB", name, took)
		} else if took > 300*time.Millisecond {
			t.Logf("%s: %v", name, took)
		}
	}
}

func TestPlain(t *testing.T) {
	r := New(Options{})
	defer r.Close()
	for _, c := range []struct {
		name, mediaType, body, title, text string
	}{
		{"a.txt", "text/plain", "First line\r\n\r\nA paragraph\r\nof two lines.\r\n", "First line", "First line\nA paragraph of two lines."},
		{"a.rst", "text/x-rst", "Title\n=====\n\nText.\n", "Title", "Title\nText."},
		{"long.txt", "text/plain", strings.Repeat("word ", 100), "long.txt", strings.TrimSpace(strings.Repeat("word ", 100))},
		{"l1.txt", "text/plain; charset=iso-8859-2", "\xb1", "ą", "ą"},
		{"w.txt", "text/plain", "caf\xe9", "café", "café"},
		{"u.txt", "text/plain", "\xff\xfeh\x00i\x00", "hi", "hi"},
		{"bom.txt", "text/plain", "\xef\xbb\xbfhi", "hi", "hi"},
	} {
		d, err := r.Read(context.Background(), c.mediaType, c.name, []byte(c.body))
		if err != nil || d.Title != c.title || len(d.Sections) != 1 || d.Sections[0].Text != c.text {
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
	}
	if d, err := r.Read(context.Background(), "text/plain", "empty.txt", nil); err != nil || d.Title != "empty.txt" || len(d.Sections) != 0 {
		t.Errorf("an empty file: %+v, %v", d, err)
	}
}

func TestSniff(t *testing.T) {
	for _, c := range []struct{ declared, name, head, want string }{
		{"application/octet-stream", "a", "%PDF-1.4", typePDF},
		{"text/html", "a.pdf", "junk\n%PDF-1.4", typePDF},
		{"text/html", "a.html", "<p>%PDF-1.4 begins a PDF", "text/html"},
		{"text/plain", "README.md", "# hi", "text/markdown"},
		{"text/html; charset=x", "README.md", "<h1>", "text/html"},
		{"application/zip", "a.odt", "PK\x03\x04", odfPrefix + "text"},
		{"application/octet-stream", "a.bin", "PK\x03\x04", typeZip},
		{"TEXT/XML; charset=utf-8", "feed", `<?xml version="1.0"?><!-- <html> --><rss version="2.0">`, typeRSS},
		{"application/xml", "", `<feed xmlns="http://www.w3.org/2005/Atom">`, typeAtom},
		{"application/xml", "", `<a:feed xmlns:a="http://www.w3.org/2005/Atom">`, typeAtom},
		{"application/xml", "", `<rdf:RDF xmlns:rdf="r" xmlns="http://purl.org/rss/1.0/">`, typeRSS},
		{"application/xml", "", `<rdf:RDF xmlns:rdf="r">`, "application/xml"},
		{"application/xml", "", `<urlset>`, "application/xml"},
		{"application/json", "", `{"version":"https://jsonfeed.org/version/1.1"}`, typeJSONFeed},
		{"application/json", "", `{"version":"https:\/\/jsonfeed.org\/version\/1"}`, typeJSONFeed},
		{"image/png", "a.md", "\x89PNG", "image/png"},
		{"", "", "", ""},
	} {
		if got := Sniff(c.declared, c.name, []byte(c.head)); got != c.want {
			t.Errorf("Sniff(%q, %q, %q) = %q, want %q", c.declared, c.name, c.head, got, c.want)
		}
	}
	for mt, want := range map[string]bool{"application/pdf": true, "Text/Markdown; charset=utf-8": true, typeDocx: true,
		"application/msword": false, "text/html": false, "application/json": false, typeRSS: false, typeZip: false, "": false} {
		if Reads(mt) != want {
			t.Errorf("Reads(%q) = %v", mt, !want)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add([]byte("---\ntitle: x\n---\n# a\n[b](c) `d` <e> ![f](g)\n\n| a | b |\n|-|-|\n```\nx"))
	r := New(Options{MaxText: 1 << 20})
	f.Fuzz(func(t *testing.T, body []byte) {
		check(t, r, "text/markdown", body)
		check(t, r, "text/plain", body)
	})
}

func FuzzSniff(f *testing.F) {
	f.Add("text/xml", "a.md", []byte("<?xml?><rss>"))
	f.Add("", "a.docx", docxFile)
	f.Fuzz(func(t *testing.T, declared, name string, head []byte) { Sniff(declared, name, head) })
}
