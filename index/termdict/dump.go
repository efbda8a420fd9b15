package termdict

import (
	"io"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// maxDumpBlocks bounds a dump: the blocks after it are counted only.
const maxDumpBlocks = 4

// Dump writes the annotated bytes of a dictionary: its first blocks, and the
// columns. What is damaged is shown as far as it can be, and said in the error.
func Dump(w io.Writer, data []byte) error {
	dict, err := Open(data, nil)
	if err != nil {
		return err
	}
	d := corrupt.NewDump(w, data, 0)
	d.Note("dictionary: %d terms in %d blocks", dict.count, dict.n)
	for b := range min(dict.n, maxDumpBlocks) {
		if !dumpBlock(d, dict, b) {
			d.Note("damaged: %v", dict.Err())
			return dict.Err()
		}
	}
	if dict.n > maxDumpBlocks {
		d.Note("%d blocks more", dict.n-maxDumpBlocks)
		d.Bytes(len(dict.blocks)-d.Off(), "blocks")
	}
	for b := range min(dict.n, maxDumpBlocks) {
		d.Bytes(keyBytes, "key of block %d: %016x", b, dict.key(b))
	}
	d.Bytes(keyBytes*max(dict.n-maxDumpBlocks, 0), "keys")
	d.Bytes(4*dict.n, "offsets")
	d.Bytes(8, "terms: %d", dict.count)
	d.Bytes(4, "bytes of the blocks: %d", len(dict.blocks))
	d.Bytes(4, "blocks: %d", dict.n)
	d.Bytes(4, "flags")
	d.Bytes(4, "zero")
	return d.Err()
}

func dumpBlock(d *corrupt.Dump, dict *Dict, b int) bool {
	blk, ok := dict.open(b)
	if !ok {
		return false
	}
	d.Note("block %d: %d terms", b, blk.n)
	head := corrupt.NewReader(dict.blocks[d.Off():])
	post, pos, rest := size(&head), size(&head), size(&head)
	d.Bytes(post, "post: %d", blk.post)
	d.Bytes(pos, "pos: %d", blk.pos)
	d.Bytes(rest, "bytes of the terms: %d", blk.terms.Len())
	it := dict.Iter()
	if !it.enter(b) {
		return false
	}
	var list []Info
	for range blk.n {
		at := it.blk.terms.Off()
		if !it.step() {
			return false
		}
		list = append(list, it.info)
		d.Bytes(it.blk.terms.Off()-at, "term %q", it.term)
	}
	infos := blk.infos()
	for _, info := range list {
		at := infos.r.Off()
		infos.next(&info)
		if info.Docs == 1 {
			d.Bytes(infos.r.Off()-at, "docs 1, freq %d, document %d, positions %d+%d", info.Freq, info.Doc, info.Pos, info.PosSize)
		} else {
			d.Bytes(infos.r.Off()-at, "docs %d, freq %d, list %d+%d, positions %d+%d", info.Docs, info.Freq, info.Post, info.PostSize, info.Pos, info.PosSize)
		}
	}
	return true
}

// size is the length of the next uvarint.
func size(r *corrupt.Reader) int {
	at := r.Off()
	r.Uvarint()
	return r.Off() - at
}
