package analysis

import "strings"

// maxElided bounds the length in bytes of an elided article.
const maxElided = 7

// set is the set of the words of a text.
func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// stopWords are the words that say least, folded but not stemmed. The English
// ones are the 33 of Lucene, so that figures can be compared; the others are
// articles, prepositions, conjunctions and forms of to be.
var stopWords = map[string]string{
	"en": "a an and are as at be but by for if in into is it no not of on or such that the their then there these " +
		"they this to was will with",
	"de": "der die das den dem des ein eine einen einem einer eines und oder in im an am auf aus bei mit von vom zu zum " +
		"zur für ist sind war als auch nicht es sich dass",
	"fr": "le la les un une des de du au aux et ou en dans sur par pour avec que qui est sont ce cette ces il elle ne " +
		"pas se son sa ses",
	"es": "el la los las un una unos unas de del al y o en por para con que es son se su sus lo no como",
	"it": "il lo la i gli le un uno una di del della dei delle da dal in nel nella con su per e o che è sono si non",
	"pt": "o a os as um uma de do da dos das em no na nos nas e ou por para com que é são se não ao",
	"nl": "de het een en of in op aan van voor met te is zijn was dat die er niet als",
	"sv": "en ett och i på av för med att som är var det den de till om inte",
	"da": "en et og i på af for med at som er var det den de til om ikke",
	"no": "en et ei og i på av for med at som er var det den de til om ikke",
	"fi": "ja on ei se että oli tai mutta kun niin",
	"ru": "и в во не на с со что как по к из от до за у о об для это а но или же бы",
	"tr": "ve bir bu da de ile için mi ne ya",
}
