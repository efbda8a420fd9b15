package termdict

import (
	"math/rand/v2"
	"sync"
	"testing"
)

// benchTerms is a vocabulary of words that look alike, with the lists of half of
// them inline, as it is in text.
func benchTerms(n int) []entry {
	list := make([]entry, 0, n)
	next := Info{}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		b := make([]byte, 0, 16)
		for v := i; ; v /= 13 { // digits from the left: every number another word
			b = append(b, "aeioumnrstlpd"[v%13])
			if v < 13 {
				break
			}
		}
		for range r.IntN(7) {
			b = append(b, "aeinrst"[r.IntN(7)])
		}
		list = append(list, entry{term: string(append(b, byte('0'+i%10)))})
	}
	set := map[string]bool{}
	for _, e := range list {
		set[e.term] = true
	}
	list = list[:0]
	for t := range set {
		list = append(list, entry{term: t})
	}
	sortEntries(list)
	for i := range list {
		info := Info{Docs: 1, Freq: 1, Doc: r.Uint32N(1 << 20), Post: next.Post, Pos: next.Pos, PosSize: 2}
		if i%2 == 0 {
			info = Info{Docs: 2 + r.Uint32N(60), Post: next.Post, Pos: next.Pos, PosSize: 90, PostSize: 80}
			info.Freq = uint64(info.Docs) + 3
		}
		next = Info{Post: info.Post + info.PostSize, Pos: info.Pos + info.PosSize}
		list[i].info = info
	}
	return list
}

var benchList = sync.OnceValue(func() []entry { return benchTerms(1 << 18) })

func BenchmarkGet(b *testing.B) {
	list := benchList()
	d := open(b, build(b, list))
	r := rand.New(rand.NewPCG(1, 2))
	probes := make([][]byte, 1<<16)
	for i := range probes {
		probes[i] = []byte(list[r.IntN(len(list))].term)
	}
	miss := make([][]byte, len(probes))
	for i := range miss {
		miss[i] = append(probes[i], '!')
	}
	for name, probes := range map[string][][]byte{"hit": probes, "miss": miss} {
		b.Run(name, func(b *testing.B) {
			i, found := 0, 0
			for b.Loop() {
				if _, ok := d.Get(probes[i&(len(probes)-1)]); ok {
					found++
				}
				i++
			}
			if (found > 0) != (name == "hit") {
				b.Fatal(found)
			}
		})
	}
}

func BenchmarkIter(b *testing.B) {
	list := benchList()
	d := open(b, build(b, list))
	for b.Loop() {
		for it := d.Iter(); it.Next(); {
			sink += it.Info().Freq
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/term")
}

var sink uint64
