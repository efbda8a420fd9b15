package index

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// The merge policy is tiered, after Lucene's TieredMergePolicy (M. McCandless,
// Visualizing Lucene's segment merges, 2011): sizes are ranked, each tier is ten
// times the one below and may hold ten segments, and when there are more than
// all tiers allow, the cheapest merge of up to ten neighbours in size is done.
// A document is so rewritten about log10(index / 2 MB) times, and there are some
// ten segments for each of these levels.
const (
	floorBytes     = 2 << 20 // smaller segments count as this large: many tiny ones go at once
	tierSegments   = 10
	maxMergeAtOnce = 10

	// maxDeletedShare is the share of deleted documents from which a segment is
	// written anew for itself.
	maxDeletedShare = 0.35

	// stallSegments is the number of segments from which a flush merges too
	// before it returns: merging has fallen behind.
	stallSegments = 80

	// maxSegments is the number of segments at which, if merging fails, flushes
	// fail too: a search of so many is slow, and there must be an end.
	maxSegments = 400

	// minMergeDelay and maxMergeDelay are between a merge that failed and the
	// next: a full disk or storage that is away wants patience, not load.
	minMergeDelay = time.Second
	maxMergeDelay = time.Minute
)

// sized is what the policy knows of a segment.
type sized struct {
	bytes    int64 // of its live documents, by their share
	docs     uint32
	deleted  float64 // share of deleted documents
	position int     // in the caller's list
}

// limits bound a merged segment.
type limits struct{ bytes, docs int64 }

// chooseMerge returns which segments to merge next, as positions, or nothing.
func chooseMerge(segments []sized, most limits) []int {
	// Those that are over half of what a merge may make only grow by luck.
	candidates := slices.DeleteFunc(slices.Clone(segments), func(s sized) bool {
		return s.bytes > most.bytes/2 || int64(s.docs) > most.docs/2
	})
	slices.SortFunc(candidates, func(a, b sized) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.position, b.position))
	})
	if len(candidates) > allowed(candidates, most.bytes) {
		if best := cheapest(candidates, most); len(best) > 1 {
			return positions(best)
		}
	}
	worst := sized{deleted: maxDeletedShare}
	for _, s := range segments {
		if s.deleted > worst.deleted {
			worst = s
		}
	}
	if worst.docs > 0 {
		return []int{worst.position}
	}
	return nil
}

// allowed is how many segments the tiers hold, from the smallest upwards. sizes
// fall.
func allowed(segments []sized, maxBytes int64) int {
	if len(segments) == 0 {
		return 0
	}
	left := int64(0)
	for _, s := range segments {
		left += s.bytes
	}
	level := max(floorBytes, segments[len(segments)-1].bytes)
	for n := 0; ; {
		here := (left + level - 1) / level
		if here < tierSegments || level >= maxBytes {
			return max(n+int(here), tierSegments)
		}
		n += tierSegments
		left -= tierSegments * level
		level = min(maxBytes, level*maxMergeAtOnce)
	}
}

// cheapest is the run of neighbours whose merge costs least for what it does:
// few bytes, of like size, with many deletes to drop.
func cheapest(segments []sized, most limits) []sized {
	var best []sized
	bestScore := math.Inf(1)
	for start := range segments {
		var run []sized
		var bytes, floored, docs int64
		share := 0.0
		for _, s := range segments[start:] {
			if len(run) == maxMergeAtOnce {
				break
			}
			if bytes+s.bytes > most.bytes || docs+int64(s.docs) > most.docs {
				continue // a smaller one may still fit
			}
			run = append(run, s)
			bytes += s.bytes
			docs += int64(s.docs)
			floored += max(floorBytes, s.bytes)
			share += 1 - s.deleted
		}
		if len(run) < 2 {
			continue
		}
		skew := float64(max(floorBytes, run[0].bytes)) / float64(floored)
		kept := share / float64(len(run))
		score := skew * math.Pow(float64(max(1, bytes)), 0.05) * kept * kept
		if score < bestScore {
			best, bestScore = run, score
		}
	}
	return best
}

func positions(segments []sized) []int {
	var out []int
	for _, s := range segments {
		out = append(out, s.position)
	}
	slices.Sort(out)
	return out
}
