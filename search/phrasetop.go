package search

import (
	"cmp"
	"context"
	"slices"

	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/search/kernel"
)

// A phraseWalk finds the documents that hold a phrase of one field, by the blocks
// of its rarest word. A phrase occurs in a document at most as often as each of its
// words, so what the rarest word would score with the phrase's weight bounds it.
type phraseWalk struct {
	*phrase
	*phraseField
	lead  *leg
	level impactBounds // of the lead

	collect bool // do not offer, but gather:
	field   uint32
	found   []fieldFound
}

// fieldFound is a document that holds a phrase in a field of the phrase.
type fieldFound struct{ doc, freq, field uint32 }

// open puts the walk before the documents of one field.
func (v *phraseWalk) open(r *runner, p *phrase, field int) {
	f := p.fields[field]
	v.phrase, v.phraseField, v.lead, v.collect = p, f, f.legs[0], false
	v.level = impactBounds{}
	weight, k1 := p.scorer.Params()
	v.lead.kernel = kernel.Scorer{ByNorm: v.lead.scorer.Table(), K1: k1, Weight: weight}
}

// atMost is at least the score of a document where the lead has that impact.
func (v *phraseWalk) atMost(impact byte) int32 {
	return v.level.of(impact, &v.phrase.scorer, v.lead)
}

// run offers the best documents. If all are counted it returns how many there are,
// and passes over nothing; else only over what cannot come to the top.
func (v *phraseWalk) run(ctx context.Context, r *runner, all bool) (uint64, error) {
	cur, total := &v.lead.cur, uint64(0)
	r.work.room(postings.BlockLen)
	for b := 0; cur.EnterBlock(b); b++ {
		if b%checkWindows == checkWindows-1 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		least := int32(1)
		if !all {
			least = r.least()
		}
		if v.atMost(cur.ImpactOf(b)) >= least {
			v.find(&r.work, v.candidates(r, least), 0)
			total += uint64(len(v.phraseField.found))
			v.offer(r)
		}
	}
	return total, nil
}

// candidates is the documents of the lead's block that may hold the phrase and
// score at least least, with their places.
func (v *phraseWalk) candidates(r *runner, least int32) []uint32 {
	cur, w := &v.lead.cur, &r.work
	block := cur.Docs()
	var docs []uint32
	if least > 1 {
		all, scores := v.lead.block()
		docs, _ = w.selected(all, scores, least)
	} else {
		docs = w.docs[:copy(w.docs[:cap(w.docs)], block[:cur.Len()])]
	}
	docs = r.allowedDocs(docs)
	b, k := place(cur.Block())<<7, 0
	places := v.places[0][:0]
	for _, doc := range docs {
		for block[k&127] != doc {
			k++
		}
		places = append(places, b|place(k))
	}
	v.places[0] = places
	return docs
}

// runFields looks through all fields, gathers all that hold the phrase, and offers
// them: evidence of a phrase in several fields adds up before it is scored.
func (v *phraseWalk) runFields(ctx context.Context, r *runner, p *phrase) error {
	v.found = v.found[:0]
	for i := range p.fields {
		v.open(r, p, i)
		v.collect, v.field = true, uint32(i)
		if _, err := v.run(ctx, r, true); err != nil {
			return err
		}
	}
	slices.SortFunc(v.found, func(a, b fieldFound) int {
		return cmp.Or(cmp.Compare(a.doc, b.doc), cmp.Compare(a.field, b.field))
	})
	docs, scores, sum := r.work.docs[:0], r.work.scores[:0], float32(0)
	for i, f := range v.found {
		l := p.fields[f.field].legs[0]
		e := l.scorer.Evidence(f.freq, l.norms[f.doc])
		if i > 0 && v.found[i-1].doc == f.doc {
			sum += e
		} else {
			docs, scores = append(docs, f.doc), append(scores, 0)
			sum = e
		}
		scores[len(scores)-1] = p.scorer.Score(sum)
	}
	r.work.docs, r.work.scores = docs, scores
	r.total += uint64(len(docs))
	if r.top.k > 0 {
		r.offer(docs, scores)
	}
	return nil
}

// offer offers what find has found, or gathers it.
func (v *phraseWalk) offer(r *runner) {
	if v.collect {
		for _, o := range v.phraseField.found {
			v.found = append(v.found, fieldFound{o.doc, o.freq, v.field})
		}
		return
	}
	if r.top.k == 0 {
		return
	}
	docs, scores := r.work.docs[:0], r.work.scores[:0]
	for _, o := range v.phraseField.found {
		docs = append(docs, o.doc)
		scores = append(scores, v.phrase.scorer.Score(v.lead.scorer.Evidence(o.freq, v.lead.norms[o.doc])))
	}
	r.offer(docs, scores)
}
