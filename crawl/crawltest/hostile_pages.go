package crawltest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
)

// H: pages that are wrong, enormous or sly.

// H02Paths and H09Paths are the pages of their rows; H10Spam stands in their
// hidden parts, H10Text in the rest.
var (
	H02Paths = []string{"/h/attrs", "/h/quadratic", "/h/comment"}
)

const (
	H10Spam = "zonkspam"
	H10Text = "plainlyseen"
	H11Text = "madebyscript"
)

func pageRows() []Row {
	at := func(host string, paths ...string) (out []string) {
		for _, p := range paths {
			out = append(out, "http://"+host+p)
		}
		return out
	}
	return []Row{
		{ID: "H01", Behaviour: "a million nested elements, text and links at the bottom", Seeds: at("h01.test", "/h/deep"), Install: func(w *Web) {
			s := w.Site("h01.test").Page("/h/deep", Page{HTML: DeepPage()})
			for i, p := range numbers("/h/bottom", 10) {
				s.Page(p, prosePage(uint64(i)))
			}
		}},
		{ID: "H02", Behaviour: "attributes, formatting and a comment that are costly to a careless parser", Seeds: at("h02.test", H02Paths...), Install: func(w *Web) {
			s := w.Site("h02.test").Page("/h/seen", prosePage(1))
			for i, p := range CostlyPages() {
				s.Page(H02Paths[i], Page{HTML: p})
			}
		}},
		{ID: "H03", Behaviour: "a million distinct links", Seeds: at("h03.test", "/h/1m-links"), Install: func(w *Web) {
			var b bytes.Buffer
			z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
			fmt.Fprint(z, "<title>Links</title><p>", Prose(3, 50))
			for i := range 1_000_000 {
				fmt.Fprintf(z, "<a href=%x>x</a>", i)
			}
			z.Close()
			w.Site("h03.test").Handle("/h/1m-links", Coded("gzip", b.Bytes()))
		}},
		addressRow("H04", "base elements: two, to another host, of javascript", baseCases),
		addressRow("H05", "malformed markup around addresses", malformedCases),
		addressRow("H06", "entities in addresses", entityCases),
		{ID: "H07", Behaviour: "encodings unlabelled, mislabelled and in conflict", Seeds: seed("h07.test"), Install: installH07},
		{ID: "H08", Behaviour: "nofollow, meta robots and X-Robots-Tag, for us and for others", Seeds: seed("h08.test"), Install: installH08},
		{ID: "H09", Behaviour: "canonicals: relative, many, elsewhere, in chains and loops, to what is no page", Seeds: seed("h09.test"), Install: installH09},
		{ID: "H10", Behaviour: "hidden text", Seeds: seed("h10.test"), Install: installH10},
		{ID: "H11", Behaviour: "text that scripts make", Seeds: seed("h11.test"), Sockets: true, Install: installH11},
		{ID: "H12", Behaviour: "scripts that loop, alert, fetch, register workers and download", Seeds: seed("h12.test"), Sockets: true, Install: installH12},
		addressRow("H13", "addresses of other schemes, broken and odd ones", schemeCases),
	}
}

// DeepPage is the page of H01: "word1" to "word10" and ten links below a million
// elements that stay open.
func DeepPage() string {
	var b strings.Builder
	b.WriteString("<title>Deep</title>")
	b.WriteString(strings.Repeat("<div>", 1_000_000))
	for i := 1; i <= 10; i++ {
		fmt.Fprintf(&b, "<p>word%d <a href=/h/bottom%d>bottom</a>", i, i)
	}
	return b.String()
}

// CostlyPages are the pages of H02, each with a link to /h/seen.
func CostlyPages() []string {
	var attrs, formatting strings.Builder
	attrs.WriteString("<title>a</title><a href=/h/seen>seen</a><div ")
	for i := range 100_000 {
		fmt.Fprintf(&attrs, "a%d=x ", i)
	}
	attrs.WriteString("><p>words</div>")
	formatting.WriteString("<title>b</title><a href=/h/seen>seen</a><p>")
	for i := range 400 {
		fmt.Fprintf(&formatting, "<b id=%d>", i)
	}
	formatting.WriteString("</p>" + strings.Repeat("<div>x</div>", 80_000)) // 32 million nodes in a tree
	comment := "<title>c</title><a href=/h/seen>seen</a><p>words<!--" + strings.Repeat("x-", 5<<19)
	return []string{attrs.String(), formatting.String(), comment}
}

func installH08(w *Web) {
	s := w.Site("h08.test")
	var links []string
	page := func(path, header, head, rel string) {
		links = append(links, path)
		p := Page{HTML: fmt.Sprintf("<title>%s</title>%s<p>%s<a href=%s/next %s>next</a>", path, head, Prose(hashed(path), 40), path, rel)}
		if header != "" {
			p.Header = http.Header{"X-Robots-Tag": strings.Split(header, "|")}
		}
		s.Page(path, p).Page(path+"/next", prosePage(hashed(path+"/next")))
	}
	page("/h/nofollow", "", "", "rel=nofollow")
	page("/h/meta-none", "", "<meta name=robots content=none>", "")
	page("/h/meta-noindex", "", "<meta name=robots content=noindex>", "")
	page("/h/meta-nofollow", "", "<meta name=ROBOTS content='index, NoFollow'>", "")
	page("/h/meta-other", "", "<meta name=googlebot content=none>", "")
	page("/h/meta-ours", "", "<meta name=trawl content=noindex>", "")
	page("/h/x-none", "none", "", "")
	page("/h/x-other", "googlebot: none", "", "")
	page("/h/x-ours", "trawl: noindex|otherbot: nofollow", "", "")
	s.Page("/", Page{Title: "Directives", Text: Prose(8, 40), Links: links})
}

func installH09(w *Web) {
	page := func(canonicals ...string) Page {
		head := ""
		for _, c := range canonicals {
			head += fmt.Sprintf("<link rel=canonical href=%q>", c)
		}
		return Page{HTML: "<title>Canonical</title>" + head + "<p>" + Prose(hashed(head), 50)}
	}
	s := w.Site("h09.test")
	pages := map[string]Page{
		"/h/relative":    page("target"),
		"/h/target":      page("/h/target"),
		"/h/many":        page("/h/target", "/h/self"),
		"/h/many-same":   page("/h/target", "target"),
		"/h/cross-host":  page("http://h09elsewhere.test/"),
		"/h/chain1":      page("/h/chain2"),
		"/h/chain2":      page("/h/chain3"),
		"/h/chain3":      page("/h/chain3"),
		"/h/loop-a":      page("/h/loop-b"),
		"/h/loop-b":      page("/h/loop-a"),
		"/h/to-404":      page("/h/missing"),
		"/h/to-redirect": page("/h/moved"),
		"/h/to-noindex":  page("/h/hidden"),
		"/h/self":        page("/h/self#part"),
		"/h/bad":         page("http://[bad"),
		"/h/hidden":      {HTML: "<title>Hidden</title><meta name=robots content=noindex><p>" + Prose(99, 50)},
		"/h/moved":       {Status: http.StatusFound, Header: http.Header{"Location": {"/h/elsewhere"}}},
		"/h/elsewhere":   prosePage(77),
		"/h/in-header":   {HTML: "<title>Header</title><p>" + Prose(78, 50), Header: http.Header{"Link": {"</h/target>; rel=canonical"}}},
	}
	var links []string
	for path, p := range pages {
		s.Page(path, p)
		if path != "/h/target" && path != "/h/moved" && path != "/h/hidden" {
			links = append(links, path)
		}
	}
	w.Site("h09elsewhere.test").Page("/", prosePage(79))
	s.Page("/", Page{Title: "Canonicals", Text: Prose(9, 40), Links: links})
}

func installH10(w *Web) {
	spam := strings.Repeat(H10Spam+" cheap pills ", 20)
	s := w.Site("h10.test")
	var links []string
	for name, hidden := range map[string]string{
		"display":    `<div style="display:none">` + spam + `</div>`,
		"visibility": `<div style="visibility: hidden">` + spam + `</div>`,
		"attribute":  `<div hidden>` + spam + `</div>`,
		"tiny":       `<div style="font-size:1px">` + spam + `</div>`,
		"white":      `<div style="color:#fff;background-color:#ffffff">` + spam + `</div>`,
		"offscreen":  `<div style="position:absolute; left:-9999px">` + spam + `</div>`,
		"stuffing":   `<p>` + strings.Repeat(H10Spam+" ", 200) + `</p>`,
		"template":   `<template><p>` + spam + `</p></template>`,
	} {
		text := "<p>" + H10Text + " " + Prose(hashed(name), 80) + "</p>"
		s.Page("/h/hidden-"+name, Page{HTML: "<title>Hidden " + name + "</title><main>" + text + hidden + text + "</main>"})
		links = append(links, "/h/hidden-"+name)
	}
	s.Page("/", Page{Title: "Hidden", Text: Prose(11, 40), Links: links})
}

func installH11(w *Web) {
	script := func(seed uint64) string {
		return "<script>var words='" + H11Text + " " + Prose(seed, 60) + "';var p=document.createElement('p');p.textContent=words;document.body.appendChild(p);" +
			strings.Repeat("/* padding of a framework */", 20) + "</script>"
	}
	w.Site("h11.test").
		Page("/", Page{HTML: "<title>Scripts</title><p>" + Prose(12, 40) + "<a href=/h/js-only>1</a><a href=/h/js-noscript>2</a><a href=/h/js-redirect>3</a>"}).
		Page("/h/js-only", Page{HTML: "<!DOCTYPE html><title>Empty</title><body><div id=root></div>" + script(11)}).
		Page("/h/js-noscript", Page{HTML: "<!DOCTYPE html><title>Noscript</title><body><noscript>Please switch scripts on.</noscript>" + script(14)}).
		Page("/h/js-redirect", Page{HTML: "<!DOCTYPE html><title>Redirect</title><body><script>location.href='/h/js-target'; " + strings.Repeat("/* more */", 40) + "</script>"}).
		Page("/h/js-target", Page{HTML: "<title>Target</title><p>" + H11Text + " " + Prose(13, 60)})
}

func installH12(w *Web) {
	w.Canary()
	s := w.Site("h12.test")
	var links []string
	for name, script := range map[string]string{
		"loop":     "for(;;);",
		"alert":    "for(let i=0;i<1e4;i++){alert(i);confirm(i);prompt(i)}",
		"fetches":  "for(let i=0;i<1e4;i++)fetch('/h/fetched?'+i)",
		"private":  "fetch('http://" + w.Canary().Addr() + "/secret');new Image().src='http://169.254.169.254/x'",
		"worker":   "navigator.serviceWorker&&navigator.serviceWorker.register('/h/worker.js')",
		"download": "let a=document.createElement('a');a.href='/h/file.bin';a.download='x';document.body.appendChild(a);a.click()",
		"windows":  "for(let i=0;i<1e3;i++)window.open('/h/opened?'+i)",
		"memory":   "let a=[];for(;;)a.push(new Array(1e6).fill(1))",
	} {
		s.Page("/h/js-"+name, Page{HTML: "<!DOCTYPE html><title>" + name + "</title><body><div id=root></div><script>" + script + strings.Repeat("/* padding */", 40) + "</script>"})
		links = append(links, "/h/js-"+name)
	}
	s.Page("/h/fetched", Page{HTML: "x", ContentType: "text/plain"}).Page("/h/opened", prosePage(1)).
		Page("/h/worker.js", Page{HTML: "self.addEventListener('fetch',()=>{})", ContentType: "text/javascript"}).
		Page("/h/file.bin", Page{HTML: "bin", ContentType: "application/octet-stream", Header: http.Header{"Content-Disposition": {"attachment"}}})
	s.Page("/", Page{Title: "Hostile scripts", Text: Prose(12, 40), Links: links})
}
