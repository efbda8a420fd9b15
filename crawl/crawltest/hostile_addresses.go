package crawltest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Rows about addresses: each case is a page, and what a client asks for that
// reads it right, as path on the row's host or as host/path.
type addressCase struct {
	html string
	want []string
}

var baseCases = []addressCase{
	{"<base href=/x/><base href=/z/><a href=y1>y</a>", []string{"/x/y1"}},
	{"<base href=http://elsewhere.h04.test/x/><a href=y2>y</a>", []string{"elsewhere.h04.test/x/y2"}},
	{"<base href='javascript:alert(1)'><a href=y3>y</a>", []string{"/y3"}},
	{"<base href='data:text/html,x'><base href=/z/><a href=y4>y</a>", []string{"/y4"}},
	{"<a href=y5>y</a><base href=/x/>", []string{"/x/y5"}},
	{"<template><base href=/x/></template><a href=y6>y</a>", []string{"/y6"}},
	{"<base target=_blank><base href=/x/><a href=y7>y</a>", []string{"/x/y7"}},
	{"<base href='http://[bad'><a href=y8>y</a>", []string{"/y8"}},
	{"<base href='//elsewhere.h04.test/a/b?q#f'><a href=y9>y</a><a href='?y10'>y</a>", []string{"elsewhere.h04.test/a/y9", "elsewhere.h04.test/a/b?y10"}},
}

var malformedCases = []addressCase{
	{"<a href=/one two>x</a>", []string{"/one"}},
	{"<a href='/t\nw\to'>x</a>", []string{"/two"}},
	{"<a\nhref\n=\n'  /three  '\n>x</a>", []string{"/three"}},
	{"<a href=/four>x<a href=/five>y<p><b><a href=/six>z</p></b>", []string{"/four", "/five", "/six"}},
	{"<a href=/seven\x00>x\x00y</a>", []string{"/seven%EF%BF%BD"}},
	{"<a href=/eight href=/no>x</a>", []string{"/eight"}},
	{"<A HREF=\"/nine\"title=x>x</A>", []string{"/nine"}},
	{"<title><a href=/no>x</a></title><!-- <a href=/no> --><script>'<a href=/no>'</script><textarea><a href=/no></textarea><a href=/ten>x", []string{"/ten"}},
	{"<div <a href=/no>x</a><a href=/eleven", nil},
	{"<a href=/twelve/>x</a></a></a></p></div><table><a href=/thirteen>y</a>", []string{"/twelve/", "/thirteen"}},
	{"<a href='/fourteen>x</a>", nil},
	{"<!><?php echo '<a href=/no>' ?><a href=/fifteen>x</a>", []string{"/fifteen"}},
}

var entityCases = []addressCase{
	{`<a href="/e1?a=1&amp;b=2">x</a>`, []string{"/e1?a=1&b=2"}},
	{`<a href="/e2&#x2F;x">x</a>`, []string{"/e2/x"}},
	{`<a href="/e3?a=1&copy=2">x</a>`, []string{"/e3?a=1&copy=2"}},
	{`<a href="/e4?a=1&copy;2">x</a>`, []string{"/e4?a=1%C2%A92"}},
	{`<a href="/e5?a=1&notit;b">x</a>`, []string{"/e5?a=1&notit;b"}},
	{`<a href="/e6?a=1&not=b&amp=c">x</a>`, []string{"/e6?a=1&not=b&amp=c"}},
	{`<a href=/e7?a&lt;b>x</a>`, []string{"/e7?a%3Cb"}},
	{`<a href="/e8&#0;&#55296;">x</a>`, []string{"/e8%EF%BF%BD%EF%BF%BD"}},
	{`<a href="&sol;e9">x</a>`, []string{"/e9"}},
}

var schemeCases = []addressCase{
	{`<a href="javascript:alert(1)">x</a><a href=" java` + "\n" + `script:x">x</a>`, nil},
	{`<a href="data:text/html,x">x</a><a href="blob:http://h13.test/x">x</a>`, nil},
	{`<a href="mailto:x@h13.test">x</a><a href="tel:123">x</a><a href="ftp://h13.test/x">x</a><a href="file:///etc/passwd">x</a>`, nil},
	{`<a href="http:/\evil.h13.test/slash">x</a>`, []string{"evil.h13.test/slash"}},
	{`<a href="\\evil.h13.test\back">x</a>`, []string{"evil.h13.test/back"}},
	{`<a href=" /with space ">x</a>`, []string{"/with%20space"}},
	{`<a href="http://☕.h13.test/emoji">x</a>`, []string{"xn--53h.h13.test/emoji"}},
	{`<a href="/nul%00byte">x</a>`, []string{"/nul%00byte"}},
	{`<a href="http://h13%00.test/">x</a><a href="http://a b.test/">x</a><a href="http://[bad/">x</a>`, nil},
	{`<a href="http:relative">x</a>`, []string{"/relative"}},
	{`<a href="HTTP://H13.TEST:80/upper">x</a>`, []string{"/upper"}},
	{`<a href="http://h13.test:99999/">x</a><a href="http://">x</a><a href="http:///">x</a>`, nil},
}

// addressRow makes a row of cases, at /h/1 and so on of the row's host.
func addressRow(id, behaviour string, cases []addressCase) Row {
	host := strings.ToLower(id) + ".test"
	r := Row{ID: id, Behaviour: behaviour, Seeds: seed(host), Want: []string{host + "/"}}
	for i, c := range cases {
		r.Want = append(r.Want, fmt.Sprintf("%s/h-%d", host, i+1))
		for _, w := range c.want {
			if strings.HasPrefix(w, "/") {
				w = host + w
			}
			r.Want = append(r.Want, w)
		}
	}
	r.Install = func(w *Web) {
		w.Canary()
		s := w.Site(host)
		there := http.HandlerFunc(func(rw http.ResponseWriter, q *http.Request) {
			if !slices.Contains(r.Want, q.Host+q.RequestURI) {
				Page{Status: http.StatusNotFound}.ServeHTTP(rw, q)
				return
			}
			prosePage(hashed(q.Host+q.RequestURI)).ServeHTTP(rw, q)
		})
		s.Mount(there)
		w.Site("*." + host).Mount(there)
		var links []string
		for i, c := range cases {
			path := fmt.Sprintf("/h-%d", i+1)
			links = append(links, path)
			s.Page(path, Page{HTML: fmt.Sprintf("<!DOCTYPE html><html><head><title>Case %d</title></head><body><p>%s</p>%s", i+1, Prose(uint64(i), 30), c.html)})
		}
		s.Page("/", Page{Title: "Cases", Text: Prose(3, 40), Links: links})
	}
	return r
}
