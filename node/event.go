package node

import (
	"encoding/binary"
	"fmt"

	"github.com/trawlsearch/trawl/document"
)

// The log of a shard carries the documents of all generations of a collection:
// a crawled page is for the generation whose crawl found it, a pushed document
// for all that there are or will be. One log, and not one a generation, because
// then pushes have one order, whichever generation is live, and no swap can lose
// or reorder any of them.
//
//	+------+------------+----------+
//	| 0x01 | generation | document |   a page of a generation; a varint
//	+------+------------+----------+
//	| 0x02 | document   |              pushed
//	+------+------------+
//	| document ("TRWD") |              a page of generation 1, or pushed before there were others
//	+-------------------+
const (
	eventPage   = 0x01
	eventPushed = 0x02
)

// everyGeneration is what an event is for that was pushed.
const everyGeneration = 0

// pageEvent wraps a document of a generation's crawl.
func pageEvent(generation int, doc []byte) []byte {
	if generation == 1 {
		return doc
	}
	out := make([]byte, 0, len(doc)+1+binary.MaxVarintLen64)
	out = append(out, eventPage)
	out = binary.AppendUvarint(out, uint64(generation))
	return append(out, doc...)
}

// pushEvent encodes a document that was pushed.
func pushEvent(d *document.Document) []byte { return d.Append([]byte{eventPushed}) }

// maxGeneration bounds what is believed of a varint.
const maxGeneration = 1 << 30

// splitEvent tells which generation an event is for, and its document.
func splitEvent(data []byte) (generation int, doc []byte, err error) {
	switch {
	case len(data) > 0 && data[0] == eventPushed:
		return everyGeneration, data[1:], nil
	case len(data) > 0 && data[0] == eventPage:
		g, n := binary.Uvarint(data[1:])
		if n <= 0 || g == 0 || g > maxGeneration {
			return 0, nil, fmt.Errorf("node: event of no generation")
		}
		return int(g), data[1+n:], nil
	}
	return 1, data, nil
}
