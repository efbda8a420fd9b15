package postings

// bounds is what a Writer learns of the worth of the postings of one list.
type bounds struct {
	levels  *levels        // nil: none, and every impact is 255
	most    uint8          // impact of the list
	counts  [2][256]uint32 // postings by level, in two parts
	windows []byte         // impacts by window of the segment
	window  uint32         // of the last posting
	impact  uint8          // of that window, so far
}

// add adds the postings of a block, whose frequencies are told less 1, and returns
// its impact.
func (b *bounds) add(docs []uint32, freqs *[BlockLen]uint32, norms *[BlockLen]uint8) uint8 {
	var levels [BlockLen]uint8
	in := levels[:min(len(docs), BlockLen)]
	if b.levels == nil {
		for i := range in {
			in[i] = maxLevel
		}
	} else {
		b.levels.set(in, freqs, norms)
		b.count(in)
	}
	return b.spread(docs, in)
}

// count counts levels. Neighbours are often equal, and a counter takes its time
// to be raised again: so they are counted apart.
func (b *bounds) count(levels []uint8) {
	for ; len(levels) >= 2; levels = levels[2:] {
		b.counts[0][levels[0]]++
		b.counts[1][levels[1]]++
	}
	for _, level := range levels {
		b.counts[0][level]++
	}
}

// spread sets the impacts of windows, and returns that of all. Documents rise, so
// a window is left for good: what it has is carried along, for a branch on whether
// the next document is in it is foretold badly, and a byte that was just written
// takes its time to be read.
func (b *bounds) spread(docs []uint32, levels []uint8) uint8 {
	most, last, impact := uint32(0), b.window, uint32(b.impact) // no byte can be moved on a condition
	windows := b.windows
	for i, doc := range docs[:len(levels)] {
		level := uint32(levels[i]) + 1
		most = max(most, level)
		window := doc / WindowDocs
		if window != last {
			impact = 0
		}
		last = window
		impact = max(impact, level)
		windows[window] = uint8(impact)
	}
	b.window, b.impact = last, uint8(impact)
	b.most = max(b.most, uint8(most))
	return uint8(most)
}

// appendHead appends the impact of the list and its k-th best levels, of size
// documents.
func (b *bounds) appendHead(dst []byte, size uint64) []byte {
	dst = append(dst, b.most)
	for i, n := range b.counts[1] {
		b.counts[0][i] += n
	}
	for _, k := range kths {
		level := uint8(0)
		if size >= 2*uint64(k) {
			level = kthLevel(&b.counts[0], k)
		}
		dst = append(dst, level)
	}
	return dst
}

func (b *bounds) reset() {
	b.most, b.window, b.impact = 0, 0, 0
	clear(b.counts[0][:])
	clear(b.counts[1][:])
	clear(b.windows)
}

// kths are the k of the k-th best levels that a blocked list keeps.
var kths = [3]uint32{10, 100, 1000}

// kthLevel is the highest level that k postings reach, told from how many stand
// on each level.
func kthLevel(counts *[256]uint32, k uint32) uint8 {
	sum := uint32(0)
	for level := 255; level >= 0; level-- {
		if sum += counts[level]; sum >= k {
			return uint8(level)
		}
	}
	return 0
}
