package analysis

import (
	"encoding/binary"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/irish"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/tamil"
	"github.com/blevesearch/snowballstem/turkish"
)

// A language is what differs between languages; the zero value is a language of
// which we know nothing.
type language struct {
	stem       func(w []byte) []byte // may write over w; nil: words stay whole
	stop       map[string]bool       // stemmed
	elided     map[string]bool       // articles cut at an apostrophe: l', dell'
	possessive bool                  // 's is cut
	dotless    bool                  // I is the capital of ı
	alnum      bool                  // words are runs of letters and numbers, lower-cased
}

var alnum = &language{alnum: true}

var languages = func() map[string]*language {
	all := map[string]*language{
		"en": {stem: porter, possessive: true},
		"fr": {stem: snowball(french.Stem), elided: set("l d j m t s c n qu jusqu lorsqu puisqu quoiqu")},
		"it": {stem: snowball(italian.Stem), elided: set("l un d c m t s v dell dall nell sull all coll quell quest")},
		"ca": {elided: set("l d m t s n")},
		"tr": {stem: snowball(turkish.Stem), dotless: true},
		"az": {dotless: true},
		"ga": {stem: snowball(irish.Stem), elided: set("d m b")},
	}
	for tag, stem := range map[string]func(*snowballstem.Env) bool{
		"ar": arabic.Stem, "da": danish.Stem, "de": german.Stem, "es": spanish.Stem, "fi": finnish.Stem,
		"hu": hungarian.Stem, "nb": norwegian.Stem, "nl": dutch.Stem, "nn": norwegian.Stem, "no": norwegian.Stem,
		"pt": portuguese.Stem, "ro": romanian.Stem, "ru": russian.Stem, "sv": swedish.Stem, "ta": tamil.Stem,
	} {
		all[tag] = &language{stem: snowball(stem)}
	}
	for tag, words := range stopWords {
		l := all[tag]
		l.stop = map[string]bool{}
		for w := range set(words) {
			term := []byte(w)
			if l.stem != nil {
				term = l.stem(term)
			}
			l.stop[string(term)] = true
		}
	}
	return all
}()

func snowball(stem func(*snowballstem.Env) bool) func([]byte) []byte {
	return func(w []byte) []byte {
		env := snowballstem.NewEnv(string(w))
		stem(env)
		return append(w[:0], env.Current()...)
	}
}

// Sizes of the stem cache: 8,192 words of up to 30 bytes in 496 KiB, for texts
// long enough to repeat themselves.
const (
	stemCacheSlots = 1 << 13
	stemCacheWord  = 30
	stemCacheFrom  = 4 << 10 // bytes of text
)

// A stemCache remembers the stem of the last word that fell on each slot.
type stemCache [stemCacheSlots]struct {
	wordLen, stemLen uint8
	word, stem       [stemCacheWord]byte
}

// stem stems the last term of a.buf in place.
func (a *Analyzer) stem(term []byte) []byte {
	if a.cache == nil || len(term) > stemCacheWord {
		return a.lang.stem(term)
	}
	slot := &a.cache[hashWord(term)%stemCacheSlots]
	if string(slot.word[:slot.wordLen]) == string(term) {
		return append(term[:0], slot.stem[:slot.stemLen]...)
	}
	n := copy(slot.word[:], term)
	stem := a.lang.stem(term)
	if len(stem) > stemCacheWord {
		slot.wordLen = 0
		return stem
	}
	slot.wordLen, slot.stemLen = uint8(n), uint8(copy(slot.stem[:], stem))
	return stem
}

func hashWord(w []byte) uint64 {
	h := uint64(len(w))
	for len(w) >= 8 {
		h = (h ^ binary.LittleEndian.Uint64(w)) * 0x9E3779B97F4A7C15
		h ^= h >> 29
		w = w[8:]
	}
	var tail uint64
	for _, c := range w {
		tail = tail<<8 | uint64(c)
	}
	h = (h ^ tail) * 0x9E3779B97F4A7C15
	return h >> 40
}
