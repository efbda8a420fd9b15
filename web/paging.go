package web

import (
	"net/url"
	"strconv"
)

// A linker writes addresses of one query's pages.
type linker struct {
	query      string
	collection string // as the visitor named it; empty: the usual one
}

func (l linker) page(n int) string {
	link := "/search?q=" + url.QueryEscape(l.query)
	if l.collection != "" {
		link += "&c=" + url.QueryEscape(l.collection)
	}
	if n > 1 {
		link += "&page=" + strconv.Itoa(n)
	}
	return link
}

func homeLink(collection string) string {
	if collection == "" {
		return "/"
	}
	return "/?c=" + url.QueryEscape(collection)
}

// A paging leads to the other pages of a result.
type paging struct {
	Last       int // 0: there are no results
	Prev, Next string
	Back       string // the last page, where the one asked for does not exist
	Pages      []pageLink
}

// A pageLink is a number to go to; Number 0 is a gap.
type pageLink struct {
	Number  int
	Link    string
	Current bool
}

// newPaging offers the first, the last and the pages around the current one.
func newPaging(page int, total uint64, to linker) paging {
	last := maxPage
	if total <= MaxOffset {
		last = int((total + perPage - 1) / perPage)
	}
	p := paging{Last: last}
	if page > last {
		if last > 0 {
			p.Back = to.page(last)
		}
		return p
	}
	if page > 1 {
		p.Prev = to.page(page - 1)
	}
	if page < last {
		p.Next = to.page(page + 1)
	}
	const around = 2
	before := 0
	for n := 1; n <= last; n++ {
		if n != 1 && n != last && (n < page-around || n > page+around) {
			continue
		}
		switch {
		case before > 0 && n == before+2: // a gap of one page is no shorter than the page
			p.Pages = append(p.Pages, pageLink{Number: n - 1, Link: to.page(n - 1)})
		case before > 0 && n > before+2:
			p.Pages = append(p.Pages, pageLink{})
		}
		p.Pages = append(p.Pages, pageLink{Number: n, Link: to.page(n), Current: n == page})
		before = n
	}
	return p
}
