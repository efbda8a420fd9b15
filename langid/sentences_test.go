package langid

import (
	"encoding/binary"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Sentences that were never trained on (the models are of news), nor tuned on:
// those of the measured half of the declarations, and those that programs speak,
// as translators put them into the message catalogues of this machine.

const (
	catalogues    = "/usr/share/locale/*/LC_MESSAGES/*.mo" // of glib, GTK, coreutils, apt and so on
	minSentence   = 30                                     // bytes: what is shorter is a heading or a label
	enoughOfOne   = 50                                     // sentences, for a language to be measured
	mostOfOne     = 1000
	enoughForThis = 50 // languages
)

// localeTags are the locales that a tag stands for where the two differ. Of other
// locales with a country or a script only these are taken.
var localeTags = map[string]string{"zh_CN": "zh", "zh_TW": "zh", "pt_BR": "pt", "sr@latin": "sr", "bn_IN": "bn"}

// noSentence matches what has places for values, tags or options in it, or does
// not end as sentences do.
var noSentence = regexp.MustCompile(`[%{}<>|=\\$_]|--|[^.!?।。؟։]$`)

func TestSentences(t *testing.T) {
	t.Run("declarations", func(t *testing.T) {
		got := macro(t, "udhr, sentences", sentencesOf(udhr(t, 1)))
		if got < 0.95 {
			t.Errorf("%.4f, want 0.95", got)
		}
	})
	t.Run("messages", func(t *testing.T) {
		samples, langs := messages(t)
		if langs < enoughForThis {
			t.Skipf("catalogues of %d languages at %s, want %d", langs, catalogues, enoughForThis)
		}
		got := macro(t, "messages of programs, sentences", samples)
		if got < 0.93 {
			t.Errorf("%.4f, want 0.93", got)
		}
	})
}

// sentencesOf parts texts at full stops.
func sentencesOf(texts []sample) (out []sample) {
	for _, s := range texts {
		for part := range strings.FieldsFuncSeq(s.text, func(r rune) bool { return strings.ContainsRune(".!?;।。؟։", r) }) {
			if part = strings.TrimSpace(part); len(part) >= minSentence {
				out = append(out, sample{s.tag, part})
			}
		}
	}
	return out
}

// messages are translated sentences by language, each once, in no order that
// the catalogues have.
func messages(t *testing.T) (samples []sample, langs int) {
	files, err := filepath.Glob(catalogues)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for pair := range strings.FieldsSeq(declarations) {
		known[pair[:2]] = true
	}
	byTag := map[string][]string{}
	for _, name := range files {
		locale := strings.Split(name, "/")[4]
		tag := locale
		if localeTags[locale] != "" {
			tag = localeTags[locale]
		}
		if known[tag] {
			byTag[tag] = append(byTag[tag], catalogue(t, name)...)
		}
	}
	for tag, list := range byTag {
		slices.SortFunc(list, func(a, b string) int {
			if d := int64(spread(a)) - int64(spread(b)); d != 0 {
				return int(d)
			}
			return strings.Compare(a, b)
		})
		if list = slices.Compact(list); len(list) < enoughOfOne {
			continue
		}
		langs++
		for _, text := range list[:min(len(list), mostOfOne)] {
			samples = append(samples, sample{tag, text})
		}
	}
	return samples, langs
}

func spread(s string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(s))
	return h.Sum32()
}

// catalogue reads the sentences of a GNU message catalogue (gettext's manual,
// "The Format of GNU MO Files") that differ from what they translate.
func catalogue(t *testing.T, name string) (out []string) {
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	word := func(i uint32) uint32 { return binary.LittleEndian.Uint32(b[i:]) }
	if len(b) < 20 || word(0) != 0x950412de {
		return nil
	}
	message := func(table, i uint32) string {
		length, at := word(table+8*i), word(table+8*i+4)
		return strings.Join(strings.Fields(string(b[at:at+length])), " ")
	}
	for i := range word(8) {
		from, to := message(word(12), i), message(word(16), i)
		if from != "" && from != to && len(to) >= minSentence && utf8.ValidString(to) && !strings.ContainsRune(to, 0) && !noSentence.MatchString(to) {
			out = append(out, to)
		}
	}
	return out
}
