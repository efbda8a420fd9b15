package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/document"
)

// MaxDocumentBytes bounds one line of a push.
const MaxDocumentBytes = 4 << 20

// maxIDBytes bounds an ID: it is stored, and travels with every hit.
const maxIDBytes = 2048

// maxPartBytes bounds the lines that wait to be appended; the last may go beyond.
const maxPartBytes = 8 << 20

// readDocuments calls fn with the documents of an NDJSON body, at most 500 or
// maxPartBytes of lines at a time.
// An error names the line; the lines before it were handed to fn.
func readDocuments(r io.Reader, now func() time.Time, fn func([]*document.Document) error) (accepted int, err error) {
	const batch = 500
	br := bufio.NewReaderSize(r, 64<<10)
	var docs []*document.Document
	size := 0 // of their lines
	flush := func() error {
		if len(docs) == 0 {
			return nil
		}
		if err := fn(docs); err != nil {
			return err
		}
		accepted += len(docs)
		docs, size = nil, 0
		return nil
	}
	for n := 1; ; n++ {
		line, err := readLine(br)
		if errors.Is(err, io.EOF) {
			return accepted, flush()
		}
		var doc *document.Document
		if err == nil && len(bytes.TrimSpace(line)) > 0 {
			doc, err = parseDocument(line, now())
		}
		if err != nil {
			if ferr := flush(); ferr != nil {
				return accepted, ferr
			}
			return accepted, problem(400, "bad_document", "line %d: %v (the %d lines before it were accepted)", n, err, accepted)
		}
		if doc == nil {
			continue
		}
		size += len(line)
		if docs = append(docs, doc); len(docs) == batch || size >= maxPartBytes {
			if err := flush(); err != nil {
				return accepted, err
			}
		}
	}
}

// readLine returns one line without its end, or io.EOF behind the last.
func readLine(br *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > MaxDocumentBytes:
			return nil, fmt.Errorf("longer than %d bytes", MaxDocumentBytes)
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case err != nil:
			return nil, err
		default:
			return line, nil
		}
	}
}

// parseDocument reads {"id": ..., "title": ..., "text": ...}. Names it does not
// know become fields of the same name: searched, stored and shown.
func parseDocument(line []byte, now time.Time) (*document.Document, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return nil, fmt.Errorf("not a JSON object: %v", err)
	}
	d := &document.Document{Version: now.UnixMicro()}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		text, err := flatten(raw[name])
		if err != nil {
			return nil, fmt.Errorf("field %q: %v", name, err)
		}
		switch name {
		case "id":
			d.ID = text
		case "url":
			d.URL = text
		case "lang":
			d.Lang = text
		case "deleted":
			d.Deleted = text == "true"
		case "text", "body", "content":
			d.Fields = append(d.Fields, document.Field{Name: "body", Text: text})
		default:
			if text != "" {
				d.Fields = append(d.Fields, document.Field{Name: name, Text: text})
			}
		}
	}
	switch {
	case d.ID == "" && d.URL != "":
		d.ID = d.URL
	case d.ID == "":
		return nil, errors.New(`no "id"`)
	case len(d.ID) > maxIDBytes:
		return nil, fmt.Errorf("id of %d bytes: at most %d", len(d.ID), maxIDBytes)
	}
	if d.Deleted {
		d.Fields = nil
	}
	d.Key = document.KeyOf(d.ID)
	d.Fit()
	return d, nil
}

// flatten turns a JSON value into text: lists and objects become lines.
func flatten(raw json.RawMessage) (string, error) {
	const maxDepth = 8
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return "", err
	}
	var lines []string
	var walk func(v any, depth int) error
	walk = func(v any, depth int) error {
		if depth > maxDepth {
			return fmt.Errorf("nested more than %d deep", maxDepth)
		}
		switch v := v.(type) {
		case string:
			lines = append(lines, v)
		case json.Number:
			lines = append(lines, v.String())
		case bool:
			lines = append(lines, strconv.FormatBool(v))
		case []any:
			for _, e := range v {
				if err := walk(e, depth+1); err != nil {
					return err
				}
			}
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				if err := walk(v[k], depth+1); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := walk(v, 0); err != nil {
		return "", err
	}
	return strings.Join(lines, "\n"), nil
}
