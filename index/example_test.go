package index_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/index/postings"
)

// An index is opened for writing, documents are put and committed; then it is
// read: the documents that hold a word, and what is stored of them.
func Example() {
	dir, err := os.MkdirTemp("", "index")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, storage := context.Background(), index.Dir(dir)

	const title, year = 0, 1
	schema := index.Schema{Fields: []index.Field{
		{Name: "title", Kind: index.Text, Stored: true},
		{Name: "year", Kind: index.Int},
	}}
	w, err := index.OpenWriter(ctx, storage, schema, index.WriterOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	for i, text := range []string{"Managing Gigabytes", "Introduction to Information Retrieval", "Information Retrieval in Practice"} {
		d := &index.Document{Key: index.Key{byte(i)}, Values: []index.Value{
			{Field: title, Text: text},
			{Field: year, Int: []int64{1999, 2008, 2010}[i]},
		}}
		if err := w.Put(ctx, d); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Commit(ctx, 3); err != nil { // 3: how far in the log they came from
		log.Fatal(err)
	}

	s, err := index.Open(ctx, storage)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	fmt.Println(s.Docs(), "documents, up to", s.Seq(), "in the log")
	word := []byte("retriev") // as package analysis stems it
	for _, seg := range s.Segments() {
		var c postings.Cursor
		if !seg.Postings(&c, title, word) {
			continue
		}
		for doc := c.Next(); doc != postings.None; doc = c.Next() {
			values, err := seg.Stored(doc, nil)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(values[0].Text, seg.Column(year).Get(doc))
		}
		if err := c.Err(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 3 documents, up to 3 in the log
	// Introduction to Information Retrieval 2008
	// Information Retrieval in Practice 2010
}
