package kernel

// Filter keeps, in place and in order, the documents whose score is not below
// least, and returns how many they are. What docs and scores hold behind them is
// in no particular state.
func Filter(docs []uint32, scores []int32, least int32) int {
	checkLen(len(scores), len(docs))
	return compress(docs, scores[:len(docs)], least, docs, scores)
}

// selectSlack is the room that Select wants behind the last document, which lets
// it store whole vectors.
const selectSlack = 16

// Select writes the documents of src whose score is not below least, and their
// scores, to docs and out, and returns how many they are. docs and out must have
// room for len(src)+16 each; what they hold behind the chosen is in no particular
// state. They share no memory with src and scores.
func Select(src []uint32, scores []int32, least int32, docs []uint32, out []int32) int {
	checkLen(len(scores), len(src))
	checkLen(len(docs), len(src)+selectSlack)
	checkLen(len(out), len(src)+selectSlack)
	return compress(src, scores[:len(src)], least, docs, out)
}

// compressPlain serves both: a document never moves up. It stores every document
// and lets the next one overwrite what is not kept, for which no branch has to be
// foretold.
func compressPlain(src []uint32, scores []int32, least int32, docs []uint32, out []int32) int {
	scores, docs, out = scores[:len(src)], docs[:len(src)], out[:len(src)]
	n := 0
	for i, d := range src {
		s := scores[i]
		docs[n], out[n] = d, s
		if s >= least {
			n++
		}
	}
	return n
}
