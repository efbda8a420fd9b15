package analysis_test

import (
	"fmt"

	"github.com/trawlsearch/trawl/analysis"
)

// Words become the terms that the index holds, each with its place.
func ExampleAnalyzer_Tokens() {
	text := "The cats' max_connections"
	a := analysis.For("en")
	for _, t := range a.Tokens(nil, text) {
		fmt.Printf("%d %s %q %v\n", t.Pos, t.Term, text[t.Start:t.End], a.Stop(t.Term))
	}
	// Output:
	// 0 the "The" true
	// 1 cat "cats" false
	// 2 max_connect "max_connections" false
}
