// Package docs is the manual: Markdown that every server renders at /docs/, and
// that reads as well in the repository.
//
// A page begins with its title as the one first-level heading and a first
// paragraph that says what it is about: package web makes the page's title and
// description of them. Pages link to each other by file name (queries.md).
package docs

import "embed"

// FS holds the pages.
//
//go:embed *.md
var FS embed.FS

// Pages lists the pages by name, without .md, in the order in which one reads.
var Pages = []string{
	"index", "start", "crawling", "queries", "pushing", "evaluate", "bench", "operations", "api", "formats", "design",
}
