package api

import (
	"strings"
	"testing"
	_ "time/tzdata"
)

func TestScheduleIsChecked(t *testing.T) {
	for _, tt := range []struct {
		w     Window
		fault string
	}{
		{Window{From: "22:00", To: "06:00", Days: []string{"mon", "Fri"}, TimeZone: "Europe/Berlin"}, ""},
		{Window{From: "00:00", To: "24:00"}, ""},
		{Window{From: "22", To: "06:00"}, `from "22"`},
		{Window{From: "22:00", To: "25:00"}, `to "25:00"`},
		{Window{From: "22:00", To: "22:00"}, "begins and ends"},
		{Window{From: "22:00", To: "23:00", Days: []string{"monday"}}, `day "monday"`},
		{Window{From: "22:00", To: "23:00", TimeZone: "Mars/Olympus"}, "time_zone"},
		{Window{From: "22:00", To: "23:00", TimeZone: "Local"}, "time_zone"},
	} {
		s := Source{Schedule: []Window{tt.w}}
		err := s.check()
		if (err == nil) != (tt.fault == "") || err != nil && (!strings.Contains(err.Error(), tt.fault) || !strings.Contains(err.Error(), "window 1")) {
			t.Errorf("%+v: %v, want %q", tt.w, err, tt.fault)
		}
	}
	if err := (&Source{MaxBytesPerHost: -1}).check(); err == nil {
		t.Error("bytes below zero")
	}
}

func TestTypes(t *testing.T) {
	for text, ok := range map[string]bool{
		"text/html": true, "application/*": true, "application/vnd.oasis.opendocument.text": true, "image/svg+xml": true,
		"": false, "html": false, "text/": false, "/html": false, "*/*": false, "text/ht*": false, "Text/HTML": false, "text/html; charset=x": false,
	} {
		if err := (&Source{Types: []string{text}}).check(); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	if s := (Source{}).OrElse(Source{Types: []string{"text/html"}}); len(s.Types) != 1 {
		t.Errorf("types are forgotten: %+v", s)
	}
}
