package api

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Window is a time of the day at which sites may be fetched.
type Window struct {
	Sites    []string `json:"sites,omitempty"`     // host names, each with all below it; none: every host
	Days     []string `json:"days,omitempty"`      // mon, tue, wed, thu, fri, sat, sun: on which it begins; none: every day
	From     string   `json:"from"`                // 22:00
	To       string   `json:"to"`                  // 06:00, which is the day after; 24:00
	TimeZone string   `json:"time_zone,omitempty"` // Europe/Berlin; empty: UTC
}

// days are the names of days of the week, from Sunday on, as time.Weekday counts them.
var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (w Window) check() error {
	if _, err := w.Weekdays(); err != nil {
		return err
	}
	from, to, err := w.Clock()
	if err != nil {
		return err
	}
	if from == to {
		return fmt.Errorf("it begins and ends at %s: for all of a day, from 00:00 to 24:00", w.From)
	}
	_, err = w.Zone()
	return err
}

// Weekdays are the days as numbers.
func (w Window) Weekdays() (out []time.Weekday, err error) {
	for _, d := range w.Days {
		i := slices.Index(days, strings.ToLower(d))
		if i < 0 {
			return nil, fmt.Errorf("day %q: want mon, tue, wed, thu, fri, sat or sun", d)
		}
		out = append(out, time.Weekday(i))
	}
	return out, nil
}

// Clock is when it begins and ends, since midnight.
func (w Window) Clock() (from, to time.Duration, err error) {
	if from, err = clock("from", w.From); err == nil {
		to, err = clock("to", w.To)
	}
	return from, to, err
}

func clock(what, text string) (time.Duration, error) {
	if text == "24:00" {
		return 24 * time.Hour, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("%s %q: want a time such as 06:30, 24:00 at most", what, text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// Zone is the time zone.
func (w Window) Zone() (*time.Location, error) {
	if strings.EqualFold(w.TimeZone, "local") {
		return nil, fmt.Errorf("time_zone %q: name one, such as Europe/Berlin: processes may stand in several", w.TimeZone)
	}
	z, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("time_zone %q: want one such as Europe/Berlin or UTC", w.TimeZone)
	}
	return z, nil
}
