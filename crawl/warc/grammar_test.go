package warc

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestGrammar holds what the writer writes to the grammar and the field rules
// of ISO 28500:2017 (sections 4, 5 and annex A), byte by byte, with a checker
// that shares no code with the reader.
func TestGrammar(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, Options{Dedup: 10, Operator: "me\r\nand: you"})
	for i := range 20 {
		r := page(i % 7)
		r.ID = NewID()
		put(t, w, r)
		put(t, w, Record{Type: TypeRequest, TargetURI: r.TargetURI, ConcurrentTo: []string{r.ID}, Block: Request(r.TargetURI, "", http.Header{"A": {"b\r\nc"}})})
	}
	put(t, w, notModified("/304", 3, 1))
	put(t, w, Record{Type: TypeMetadata, TargetURI: "http://a.test/", Block: []byte("a: b\r\n"), Header: [][2]string{{"X-Y", "z\nWARC/1.1"}}})
	put(t, w, Record{Type: "resource", TargetURI: "http://a.test/\u00e9", Block: nil, ContentType: "text/plain", Truncated: "time"})
	w.Close()
	names, _ := List(dir)
	records := 0
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for n, member := range gunzipMembers(t, data) {
			if err := checkRecord(member, n == 0, name); err != nil {
				t.Errorf("%s, member %d: %v\n%.500s", name, n, err, member)
			}
			records++
		}
	}
	if records != 44 {
		t.Errorf("%d records", records)
	}
}

// gunzipMembers parts a file by annex D: each record is a gzip member.
func gunzipMembers(t *testing.T, data []byte) (out [][]byte) {
	t.Helper()
	br := bytes.NewReader(data)
	for br.Len() > 0 {
		z, err := gzip.NewReader(br)
		if err != nil {
			t.Fatal(err)
		}
		z.Multistream(false)
		b, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

var (
	fieldLine = regexp.MustCompile("^([!#$%&'*+\\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)$")
	uriValue  = regexp.MustCompile(`^<[a-z][a-z0-9+.-]*:[^<>\s]+>$`)
	dateValue = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$`)
	sumValue  = regexp.MustCompile("^[!#$%&'*+\\-.^_`|~0-9A-Za-z]+:[!#$%&'*+\\-.^_`|~0-9A-Za-z]+$")
)

// checkRecord checks one record: version CRLF *(field CRLF) CRLF block CRLF CRLF.
func checkRecord(b []byte, first bool, file string) error {
	head, rest, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	if !ok {
		return fmt.Errorf("no end of the header")
	}
	lines := strings.Split(string(head), "\r\n")
	if lines[0] != "WARC/1.1" {
		return fmt.Errorf("version %q", lines[0])
	}
	f := map[string]string{}
	for _, l := range lines[1:] {
		m := fieldLine.FindStringSubmatch(l)
		if m == nil {
			return fmt.Errorf("field %q", l)
		}
		if _, twice := f[m[1]]; twice && m[1] != "WARC-Concurrent-To" {
			return fmt.Errorf("%s stands twice", m[1])
		}
		f[m[1]] = m[2]
	}
	length, err := strconv.Atoi(f["Content-Length"])
	if err != nil || length+4 != len(rest) || !bytes.HasSuffix(rest, []byte("\r\n\r\n")) {
		return fmt.Errorf("Content-Length %s of a block of %d", f["Content-Length"], len(rest)-4)
	}
	if err := checkFields(f, first, file); err != nil {
		return err
	}
	return checkBlock(f, rest[:length])
}

// checkFields: what each type must and must not have (section 5 and 6).
func checkFields(f map[string]string, first bool, file string) error {
	must := []string{"WARC-Type", "WARC-Record-ID", "WARC-Date", "Content-Length"}
	var not []string
	switch f["WARC-Type"] {
	case "warcinfo":
		not = []string{"WARC-Target-URI", "WARC-Refers-To", "WARC-Concurrent-To", "WARC-Profile", "WARC-IP-Address"}
		if f["WARC-Filename"] != file || f["Content-Type"] != "application/warc-fields" {
			return fmt.Errorf("warcinfo of %q, %s", f["WARC-Filename"], f["Content-Type"])
		}
	case "response", "request":
		must = append(must, "WARC-Target-URI", "Content-Type")
		not = []string{"WARC-Filename", "WARC-Refers-To", "WARC-Profile", "WARC-Refers-To-Target-URI"}
	case "revisit":
		must = append(must, "WARC-Target-URI", "WARC-Profile", "WARC-Refers-To-Target-URI", "WARC-Refers-To-Date")
		not = []string{"WARC-Filename"}
		if p := f["WARC-Profile"]; p != ProfileIdentical && p != ProfileNotModified || p == ProfileIdentical && f["WARC-Payload-Digest"] == "" {
			return fmt.Errorf("profile %q, payload digest %q", p, f["WARC-Payload-Digest"])
		}
	default:
		must = append(must, "WARC-Target-URI")
		not = []string{"WARC-Filename", "WARC-Profile"}
	}
	if first != (f["WARC-Type"] == "warcinfo") {
		return fmt.Errorf("a %s, the first: %v", f["WARC-Type"], first)
	}
	for _, name := range must {
		if f[name] == "" {
			return fmt.Errorf("%s without %s", f["WARC-Type"], name)
		}
	}
	for _, name := range not {
		if _, has := f[name]; has {
			return fmt.Errorf("%s with %s", f["WARC-Type"], name)
		}
	}
	for name, form := range map[string]*regexp.Regexp{
		"WARC-Record-ID": uriValue, "WARC-Concurrent-To": uriValue, "WARC-Refers-To": uriValue,
		"WARC-Date": dateValue, "WARC-Refers-To-Date": dateValue,
		"WARC-Block-Digest": sumValue, "WARC-Payload-Digest": sumValue,
		"WARC-Truncated": regexp.MustCompile(`^(length|time|disconnect|unspecified)$`),
	} {
		if v, has := f[name]; has && !form.MatchString(v) {
			return fmt.Errorf("%s is %q", name, v)
		}
	}
	return nil
}

// checkBlock checks the digests, and that HTTP is HTTP.
func checkBlock(f map[string]string, block []byte) error {
	sum := func(b []byte) string {
		s := sha256.Sum256(b)
		return "sha256:" + strings.TrimRight(base32.StdEncoding.EncodeToString(s[:]), "=")
	}
	if f["WARC-Block-Digest"] != sum(block) {
		return fmt.Errorf("block digest %s", f["WARC-Block-Digest"])
	}
	switch f["Content-Type"] {
	case "application/warc-fields":
		for l := range strings.SplitSeq(strings.TrimSuffix(string(block), "\r\n"), "\r\n") {
			if !fieldLine.MatchString(l) {
				return fmt.Errorf("field %q in the block", l)
			}
		}
	case "application/http;msgtype=response":
		head, body, ok := bytes.Cut(block, []byte("\r\n\r\n"))
		if !ok || !regexp.MustCompile(`^HTTP/1\.[01] \d{3} [^\r\n]+\r\n`).Match(append(head, '\r', '\n')) {
			return fmt.Errorf("no HTTP response: %.80q", head)
		}
		if f["WARC-Type"] == "response" && f["WARC-Payload-Digest"] != sum(body) {
			return fmt.Errorf("payload digest %s", f["WARC-Payload-Digest"])
		}
	case "application/http;msgtype=request":
		if !regexp.MustCompile(`^GET \S+ HTTP/1\.[01]\r\nHost: \S+\r\n(?s:.*)\r\n\r\n$`).Match(block) {
			return fmt.Errorf("no HTTP request: %.80q", block)
		}
	}
	return nil
}
