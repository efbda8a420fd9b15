package extract

import (
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// The byte patterns of WPT's mimesniff: what a body without a type proves to be.
func TestSniffPatterns(t *testing.T) {
	dir := filepath.Join(shareddata.Untar(t, "suites/mimesniff.tar.xz"), "mimesniff")
	cases := readJSONL[struct{ Desc, Expected, Payload_hex string }](t, filepath.Join(dir, "sniff_unknown.jsonl"))
	if len(cases) != 76 {
		t.Errorf("%d cases, want 76", len(cases))
	}
	for _, c := range cases {
		body, err := hex.DecodeString(strings.ReplaceAll(c.Payload_hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := Sniff("", body); got != c.Expected {
			t.Errorf("%s: got %s, want %s", c.Desc, got, c.Expected)
		}
	}
}

// B13 of the hostile web: types that lie.
func TestSniff(t *testing.T) {
	png := "\x89PNG\x0D\x0A\x1A\x0A\x00\x00"
	for _, c := range []struct{ name, declared, body, want string }{
		{"html as octets", "application/octet-stream", "<!doctype html><p>x", "text/html"},
		{"image as html", "text/html", png, "image/png"},
		{"image as text", "text/plain", png, "image/png"},
		{"pdf as html", "text/html; charset=utf-8", "%PDF-1.7", "application/pdf"},
		{"octets as text", "text/plain", "a\x00\x01\x02", "application/octet-stream"},
		{"html as text stays text", "text/plain", "<html><p>x", "text/plain"},
		{"parameters and case", "Text/HTML; charset=x", "hello", "text/html"},
		{"no type, no tag", "", "hello", "text/plain"},
		{"xhtml as xml", "application/xml", `<?xml version="1.0"?><!-- c --><!DOCTYPE html><html xmlns="x">`, "application/xhtml+xml"},
		{"xhtml without type", "", `<?xml version="1.0"?><html xmlns="x">`, "application/xhtml+xml"},
		{"feed as xml", "text/xml", `<?xml version="1.0"?><rss>`, "text/xml"},
		{"not a type", "html", "<html>", "text/html"},
		{"json", "application/json", "{}", "application/json"},
		{"empty", "text/html", "", "text/html"},
		{"utf-16 text", "text/html", "\xFF\xFE<\x00p\x00>\x00", "text/html"},
		{"utf-16 html without a mark", "text/html", "<\x00p\x00>\x00h\x00i\x00j\x00", "text/html"},
	} {
		t.Run(c.name, func(t *testing.T) { equal(t, Sniff(c.declared, []byte(c.body)), c.want) })
	}
}
