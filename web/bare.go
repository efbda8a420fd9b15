package web

import (
	"regexp"
	"strings"
)

var (
	forbidden = regexp.MustCompile(`(^|[\s(])(-|NOT\s+)("[^"]*"?|[^\s"()]+)`)
	narrowing = regexp.MustCompile(`(^|[\s(+])(site|lang|url|inurl):("[^"]*"?|[^\s"()]*)`)
	inField   = regexp.MustCompile(`(^|[\s(+])(title|intitle|headings|body|intext|description|anchors):`)
	marks     = strings.NewReplacer(`"`, " ", "“", " ", "”", " ", "„", " ", "(", " ", ")", " ")
)

// bareWords is a query without what narrows it: quotes, signs, operators, fields.
// It is only offered, so it need not know all of the language.
func bareWords(q string) string {
	q = forbidden.ReplaceAllString(q, "$1")
	q = narrowing.ReplaceAllString(q, "$1")
	q = inField.ReplaceAllString(q, "$1")
	var words []string
	for _, w := range strings.Fields(marks.Replace(q)) {
		w = strings.TrimLeft(w, "+")
		if w != "" && w != "AND" && w != "OR" && w != "NOT" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}
