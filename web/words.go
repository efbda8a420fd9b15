package web

import (
	"fmt"
	"strconv"
	"time"
)

// count writes a whole number with commas: 1,169.
func count[T int | int64 | uint64](n T) string {
	s := fmt.Sprint(n)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// rate writes pages a second: with a decimal where it matters.
func rate(perSecond float64) string {
	if perSecond >= 9.95 {
		return count(int64(perSecond + 0.5))
	}
	return strconv.FormatFloat(perSecond, 'f', 1, 64)
}

// plural chooses by a number that count has written.
func plural(n, one, many string) string {
	if n == "1" {
		return one
	}
	return many
}

// duration writes how long a search took.
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "under 1 ms"
	case d < time.Second:
		return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}
