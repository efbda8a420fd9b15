package query_test

import (
	"fmt"

	"github.com/trawlsearch/trawl/query"
)

// What people type becomes a tree, whatever it is; a tree's text is its wire form.
func ExampleParse() {
	for _, text := range []string{"red wine", `+red wine -"white wine"`, "title:(wine bottle) OR colo?r", "year:>=2010 recieve~", `AND )(`} {
		n := query.Parse(text)
		fmt.Printf("%T: %s\n", n, n)
	}
	// Output:
	// query.Or: red wine
	// query.And: +red wine -"white wine"
	// query.Or: (title:wine AND title:bottle) OR colo?r
	// query.And: year:2010.. AND recieve~1
	// query.None:
}

// Programs build trees as they are.
func ExampleNode() {
	n := query.And{Nodes: []query.Node{
		query.Term{Text: "wine"},
		query.Optional{Node: query.Phrase{Words: []string{"dry", "red"}}},
		query.Not{Node: query.Range{Field: "price", Low: 100, High: 200}},
	}}
	fmt.Println(n)
	// Output: +wine "dry red" -price:100..200
}
