package extract

import (
	"bytes"
	"time"
)

const (
	maxDateBytes = 64
	earliestYear = 1990 // no page of the web is older
)

// dateFormats are those that pages have in their head, the commonest first.
var dateFormats = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"2006/01/02", "2006/01/02 15:04:05", "20060102", "20060102T150405Z0700", "2006.01.02",
	time.RFC1123, time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05 -0700", "Mon Jan 2 15:04:05 MST 2006",
	"January 2, 2006", "Jan 2, 2006", "2 January 2006", "2 Jan 2006", "January 2, 2006 15:04", "Monday, January 2, 2006",
	"January 2, 2006 3:04 PM", "Jan 2, 2006 3:04 PM", "2 Jan 2006 15:04:05 MST",
}

// pageDate reads a date that a page gives of itself, in UTC; one without zone is
// taken as UTC. It is zero for what is no date, or none that a page of the web
// can have.
func pageDate(b []byte, now time.Time) time.Time {
	b = bytes.TrimSpace(b)
	if len(b) < 8 || len(b) > maxDateBytes || !bytes.ContainsAny(b, "0123456789") {
		return time.Time{}
	}
	s := string(b)
	for _, f := range dateFormats {
		t, err := time.Parse(f, s)
		if err != nil {
			continue
		}
		if t = t.UTC(); t.Year() < earliestYear || t.After(now.Add(36*time.Hour)) {
			return time.Time{}
		}
		return t
	}
	return time.Time{}
}

// A dateRank says how much a source of a date is worth; the best that has one
// counts, and of equals the first.
type dateRank uint8

const (
	dateOfTime dateRank = iota + 1 // <time datetime>
	dateOfName                     // <meta name=...>
	dateOfItem                     // microdata
	dateOfMeta                     // <meta property="article:...">
	dateOfData                     // JSON-LD
)

// A datum is the best date so far.
type datum struct {
	raw  []byte
	rank dateRank
}

func (d *datum) offer(raw []byte, rank dateRank) {
	if rank > d.rank && len(bytes.TrimSpace(raw)) >= 8 {
		*d = datum{raw, rank}
	}
}

// dateNames are the names of <meta> and itemprop that mean a date, in lower
// case: true for that of publication.
var dateNames = map[string]struct {
	published bool
	rank      dateRank
}{
	"article:published_time": {true, dateOfMeta}, "article:modified_time": {false, dateOfMeta},
	"og:published_time": {true, dateOfMeta}, "og:updated_time": {false, dateOfName}, "article:published": {true, dateOfMeta},
	"article:modified": {false, dateOfMeta}, "datepublished": {true, dateOfItem}, "datemodified": {false, dateOfItem},
	"datecreated": {true, dateOfName}, "uploaddate": {true, dateOfName},
	"date": {true, dateOfName}, "pubdate": {true, dateOfName}, "publishdate": {true, dateOfName}, "publish-date": {true, dateOfName},
	"publish_date": {true, dateOfName}, "publication_date": {true, dateOfName}, "publication-date": {true, dateOfName},
	"date_published": {true, dateOfName}, "article_date_original": {true, dateOfName}, "original-publish-date": {true, dateOfName},
	"sailthru.date": {true, dateOfName}, "parsely-pub-date": {true, dateOfName}, "citation_publication_date": {true, dateOfName},
	"citation_date": {true, dateOfName}, "dc.date": {true, dateOfName}, "dc.date.issued": {true, dateOfName},
	"dc.date.created": {true, dateOfName}, "dcterms.created": {true, dateOfName}, "dcterms.issued": {true, dateOfName},
	"dcterms.date": {true, dateOfName}, "dc.date.modified": {false, dateOfName}, "dcterms.modified": {false, dateOfName},
	"last-modified": {false, dateOfName}, "lastmod": {false, dateOfName}, "revised": {false, dateOfName},
	"modified": {false, dateOfName}, "date_modified": {false, dateOfName}, "updated": {false, dateOfName},
}
