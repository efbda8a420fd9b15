package rank_test

import (
	"fmt"
	"log"

	"github.com/trawlsearch/trawl/rank"
)

// A model is data. A word that 10 of 1,000 documents hold, in a title of average
// length: more of it counts more, and less each time.
func ExampleModel() {
	m, err := rank.Parse([]byte(`{"k1": 0.9, "fields": {"title": {"weight": 3, "b": 0.3}, "body": {"weight": 1, "b": 0.6}}}`))
	if err != nil {
		log.Fatal(err)
	}
	idf := rank.IDF(1000, 10)
	scale := rank.ScaleOf(idf) // of a query of this one word
	term := m.Term(idf, scale)
	title := m.Field("title").Scorer(5, func(norm byte) uint32 { return uint32(norm) }) // 5 tokens on average
	for _, freq := range []uint32{0, 1, 2, 10} {
		fmt.Printf("%2d times: %.2f\n", freq, scale.Float(int64(term.Score(title.Evidence(freq, 5)))))
	}
	fmt.Printf("never above %.2f\n", scale.Float(int64(term.Max())))
	// Output:
	//  0 times: 0.00
	//  1 times: 3.51
	//  2 times: 3.96
	// 10 times: 4.42
	// never above 4.56
}
