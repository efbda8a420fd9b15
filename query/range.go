package query

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Range asks for documents whose number in a field is Low to High, both among
// them. A side that is open is math.MinInt64 or math.MaxInt64; one with Low above
// High is valid and matches nothing. Dates are numbers: microseconds since 1970.
type Range struct {
	Field     string
	Low, High int64
}

// maxNameBytes bounds the name of a field before a range.
const maxNameBytes = 64

func (r Range) String() string {
	low, high := strconv.FormatInt(r.Low, 10), strconv.FormatInt(r.High, 10)
	switch {
	case r.Low > r.High:
	case r.Low == math.MinInt64 && r.High == math.MaxInt64:
		return r.Field + ":>=" + low
	case r.Low == math.MinInt64:
		low = ""
	case r.High == math.MaxInt64:
		high = ""
	}
	return r.Field + ":" + low + ".." + high
}

// parseRange reads a range from what stands around the first colon of a word.
func parseRange(name, value string) (Range, bool) {
	if !isName(name) {
		return Range{}, false
	}
	r := Range{Field: name, Low: math.MinInt64, High: math.MaxInt64}
	if low, high, ok := strings.Cut(value, ".."); ok {
		if low == "" && high == "" {
			return Range{}, false
		}
		ok = true
		if low != "" {
			r.Low, _, ok = bounds(low)
		}
		if high != "" && ok {
			_, r.High, ok = bounds(high)
		}
		return r, ok
	}
	op := strings.TrimRight(value[:min(len(value), 2)], "+-.0123456789")
	first, last, ok := bounds(value[len(op):])
	switch {
	case !ok:
	case op == ">=":
		r.Low = first
	case op == "<=":
		r.High = last
	case op == ">" && last == math.MaxInt64, op == "<" && first == math.MinInt64:
		r.Low, r.High = math.MaxInt64, math.MinInt64 // nothing is beyond
	case op == ">":
		r.Low = last + 1
	case op == "<":
		r.High = first - 1
	case op == "=" || op == "" && isDate(value):
		r.Low, r.High = first, last
	default:
		ok = false
	}
	return r, ok
}

// isName tells whether a text can be a field's name before a range: letters, and
// digits and signs behind the first. The text fields hold no numbers.
func isName(s string) bool {
	if s == "" || len(s) > maxNameBytes || fields[strings.ToLower(s)] != "" {
		return false
	}
	for i := range len(s) {
		switch c := s[i] | 0x20; {
		case c >= 'a' && c <= 'z':
		case i > 0 && (s[i] >= '0' && s[i] <= '9' || s[i] == '_' || s[i] == '-' || s[i] == '.'):
		default:
			return false
		}
	}
	return true
}

// bounds are the first and the last integer that a number or a date stands for: of
// 10 both are 10; 9.5 lies between 10 and 9, so that from 9.5 is from 10 and up to
// 9.5 is up to 9; of a day they are its first and its last microsecond.
func bounds(s string) (first, last int64, ok bool) {
	if isDate(s) {
		return period(s)
	}
	whole, fraction, decimal := strings.Cut(s, ".")
	digits := strings.TrimLeft(whole, "+-")
	if len(whole)-len(digits) > 1 || !isDigits(digits) || decimal && !isDigits(fraction) {
		return 0, 0, false
	}
	n, err := strconv.ParseInt(whole, 10, 64) // of a number that is too large, the nearest
	if err != nil || strings.Trim(fraction, "0") == "" {
		return n, n, true
	}
	if whole[0] == '-' {
		return n, max(n, math.MinInt64+1) - 1, true
	}
	return min(n, math.MaxInt64-1) + 1, n, true
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// layouts of dates, in UTC, and how long each lasts; of a month, 0.
var layouts = []struct {
	layout string
	lasts  time.Duration
}{
	{"2006-01", 0},
	{"2006-01-02", 24 * time.Hour},
	{"2006-01-02T15:04", time.Minute},
	{"2006-01-02T15:04:05", time.Second},
}

// isDate tells whether a text has the look of a date: four digits and a hyphen.
func isDate(s string) bool { return len(s) > 5 && s[4] == '-' && isDigits(s[:4]) }

// period is the first and the last microsecond of a date.
func period(s string) (first, last int64, ok bool) {
	s = strings.TrimSuffix(s, "Z")
	for _, l := range layouts {
		if len(s) != len(l.layout) {
			continue
		}
		t, err := time.Parse(l.layout, s)
		end := t.Add(l.lasts)
		if l.lasts == 0 {
			end = t.AddDate(0, 1, 0)
		}
		return t.UnixMicro(), end.UnixMicro() - 1, err == nil
	}
	return 0, 0, false
}
