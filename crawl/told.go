package crawl

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/document"
)

// Bounds of what structured data adds to a document.
const (
	maxCrumbs     = 10
	maxCrumbBytes = 100

	maxEmphasis      = 32 << 10 // bytes of weighted text, repetitions included
	maxEmphasisTimes = 8        // repetitions: with the body's own, 9 times
)

// told is what a page's structured data tells of it, in fields that are shown and
// filtered by: the path to it through its site, and of a product what it costs.
// Sources: schema.org BreadcrumbList, Product, Offer, AggregateRating; the Open Graph
// protocol's product:price.
func told(p *extract.Page) []document.Field {
	var out []document.Field
	add := func(name, text string) {
		if text != "" {
			out = append(out, document.Field{Name: name, Text: text})
		}
	}
	add("breadcrumb", strings.Join(breadcrumb(p.Things), "\n"))
	price, currency, availability, rating := "", "", "", ""
	for i := range p.Things {
		if t := &p.Things[i]; strings.HasSuffix(t.Type, "Product") {
			price = cmp.Or(t.First("offers.price"), t.First("offers.lowPrice"), t.First("offers.priceSpecification.price"))
			currency = cmp.Or(t.First("offers.priceCurrency"), t.First("offers.priceSpecification.priceCurrency"))
			availability, rating = t.First("offers.availability"), t.First("aggregateRating.ratingValue")
			break
		}
	}
	for _, a := range p.OpenGraph {
		switch a.Name {
		case "product:price:amount", "og:price:amount":
			price = cmp.Or(price, a.Value)
		case "product:price:currency", "og:price:currency":
			currency = cmp.Or(currency, a.Value)
		case "product:availability":
			availability = cmp.Or(availability, a.Value)
		}
	}
	add("price", price)
	add("currency", currency)
	add("availability", availability[strings.LastIndexByte(availability, '/')+1:])
	add("rating", rating)
	return out
}

// breadcrumb is the names of the first BreadcrumbList, in the order of its positions.
func breadcrumb(things []extract.Thing) []string {
	for i := range things {
		prefix := "breadcrumb.itemListElement."
		if things[i].Type == "BreadcrumbList" {
			prefix = "itemListElement."
		}
		if list := crumbs(&things[i], prefix); len(list) > 0 {
			return list
		}
	}
	return nil
}

func crumbs(t *extract.Thing, prefix string) []string {
	var names, items []string
	var places []float64
	for _, a := range t.Properties {
		name, ok := strings.CutPrefix(a.Name, prefix)
		if !ok {
			continue
		}
		switch name {
		case "name":
			names = append(names, a.Value)
		case "item.name":
			items = append(items, a.Value)
		case "position":
			at, err := strconv.ParseFloat(a.Value, 64)
			if err != nil {
				return nil
			}
			places = append(places, at)
		}
	}
	if len(items) > len(names) {
		names = items
	}
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	if len(places) == len(names) {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(places[a], places[b]) })
	}
	var out []string
	for _, i := range order[:min(len(order), maxCrumbs)] {
		if name := strings.Join(strings.Fields(names[i]), " "); name != "" && len(name) <= maxCrumbBytes {
			out = append(out, name)
		}
	}
	return out
}

// emphasised is the parts of a page that its author gives more weight, each as often as
// that adds to the body's own: Pagefind counts a weight by its square, so a weight of 2
// is three times more. Past three the sum of evidence grows no more by it (BM25).
func emphasised(p *extract.Page) []string {
	var out []string
	left := maxEmphasis
	for _, w := range p.Weighted {
		times := min(int(math.Round(w.Weight*w.Weight))-1, maxEmphasisTimes)
		for ; times > 0 && w.Text != "" && len(w.Text) <= left; times-- {
			out, left = append(out, w.Text), left-len(w.Text)
		}
	}
	return out
}
