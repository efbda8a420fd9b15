package index

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// # Manifest, format 1
//
// UTF-8 text, for people too: a JSON object, a line feed, and a last line
// "crc32c=" with the CRC-32C (Castagnoli) of all bytes before that line, in eight
// hexadecimal digits, and a line feed. A segment stands on one line:
//
//	{"format":1,"number":7,"holder":"node-a","writer":"0193…","claim":false,
//	"created":"2026-11-23T12:00:00Z","last_seq":42,"docs":3,
//	"schema":{…},
//	"fields":[{"docs":3,"tokens":17}],
//	"segments":[
//	{"name":"seg/….seg","uuid":"…","docs":4,"bytes":8192,"deleted":1,"live":"live/….3","live_bytes":192}
//	]}
//	crc32c=5f1e29aa
//
// Its number is in its name, in 20 digits, so that names sort as numbers.

const (
	manifestFormat = 1
	manifestPrefix = "manifest/"
	segmentPrefix  = "seg/"
	livePrefix     = "live/"

	// maxManifestBytes bounds what is read as a manifest: 300 bytes a segment
	// and a field, of which the merge policy and the schema allow hundreds.
	maxManifestBytes = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// manifest is one state of the index.
type manifest struct {
	manifestHead
	Fields   []FieldStats   `json:"fields"`
	Segments []segmentEntry `json:"segments"`
}

// manifestHead is the part of a manifest that does not grow.
type manifestHead struct {
	Format  int       `json:"format"`
	Number  uint64    `json:"number"`
	Holder  string    `json:"holder"` // who wrote it, for people
	Writer  string    `json:"writer"` // which Writer wrote it: one of a kind
	Claim   bool      `json:"claim"`
	Created time.Time `json:"created"`
	LastSeq uint64    `json:"last_seq"`
	Docs    uint64    `json:"docs"` // live
	Schema  Schema    `json:"schema"`
}

// FieldStats is how much of a field there is, in documents and tokens (values,
// of Keyword fields). Deleted documents count until they are merged away.
type FieldStats struct {
	Docs   uint64 `json:"docs"`
	Tokens uint64 `json:"tokens"`
}

// segmentEntry is what a manifest says of a segment.
type segmentEntry struct {
	Name      string `json:"name"`
	UUID      string `json:"uuid"` // 32 hexadecimal digits, also in the segment's header
	Docs      uint32 `json:"docs"`
	Bytes     int64  `json:"bytes"`
	Deleted   uint32 `json:"deleted,omitempty"`
	Live      string `json:"live,omitempty"` // absent: all documents are live
	LiveBytes int64  `json:"live_bytes,omitempty"`
}

// manifestName is the object of manifest n.
func manifestName(n uint64) string { return fmt.Sprintf("%s%020d.json", manifestPrefix, n) }

// manifestNumber is the number in a manifest's name.
func manifestNumber(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, manifestPrefix)
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, ".json")
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && n > 0
}

// encode writes the manifest as it is stored.
func (m *manifest) encode() ([]byte, error) {
	head, err := json.Marshal(m.manifestHead)
	if err != nil {
		return nil, fmt.Errorf("index: encode manifest: %w", err)
	}
	fields, err := json.Marshal(m.Fields)
	if err != nil {
		return nil, fmt.Errorf("index: encode manifest: %w", err)
	}
	var b bytes.Buffer
	b.Write(head[:len(head)-1]) // its closing brace comes last
	fmt.Fprintf(&b, ",\n\"fields\":%s,\n\"segments\":[", fields)
	for i, s := range m.Segments {
		line, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("index: encode manifest: %w", err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(line)
	}
	b.WriteString("\n]}\n")
	fmt.Fprintf(&b, "crc32c=%08x\n", crc32.Checksum(b.Bytes(), castagnoli))
	return b.Bytes(), nil
}

// decodeManifest reads a manifest; what is not one is ErrCorrupt.
func decodeManifest(data []byte) (*manifest, error) {
	const sumBytes = len("crc32c=01234567\n")
	if len(data) < sumBytes || len(data) > maxManifestBytes {
		return nil, fmt.Errorf("%w: manifest of %d bytes", ErrCorrupt, len(data))
	}
	body, last := data[:len(data)-sumBytes], string(data[len(data)-sumBytes:])
	if want := fmt.Sprintf("crc32c=%08x\n", crc32.Checksum(body, castagnoli)); last != want {
		return nil, fmt.Errorf("%w: manifest ends with %q, want %q", ErrCorrupt, last, want)
	}
	m := new(manifest)
	if err := json.Unmarshal(body, m); err != nil {
		return nil, fmt.Errorf("%w: manifest: %v", ErrCorrupt, err)
	}
	if m.Format != manifestFormat {
		return nil, fmt.Errorf("index: manifest of format %d, this build reads %d: upgrade Trawl", m.Format, manifestFormat)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%w: manifest %d: %v", ErrCorrupt, m.Number, err)
	}
	return m, nil
}

// check is the gate behind which the parts of a manifest are believed.
func (m *manifest) check() error {
	if err := m.Schema.check(); err != nil {
		return err
	}
	if len(m.Fields) != len(m.Schema.Fields) {
		return fmt.Errorf("statistics of %d fields, schema of %d", len(m.Fields), len(m.Schema.Fields))
	}
	for _, s := range m.Segments {
		if !strings.HasPrefix(s.Name, segmentPrefix) || s.Docs > maxSegmentDocs || s.Deleted > s.Docs {
			return fmt.Errorf("segment %q: %d documents, %d deleted", s.Name, s.Docs, s.Deleted)
		}
		if (s.Live == "") != (s.Deleted == 0) || s.Live != "" && !strings.HasPrefix(s.Live, livePrefix) {
			return fmt.Errorf("segment %q: live object %q, %d deleted", s.Name, s.Live, s.Deleted)
		}
	}
	return nil
}

// references adds the names of the objects that the manifest needs to set.
func (m *manifest) references(set map[string]bool) {
	for _, s := range m.Segments {
		set[s.Name] = true
		if s.Live != "" {
			set[s.Live] = true
		}
	}
}

// readManifest reads manifest n.
func readManifest(ctx context.Context, st Storage, n uint64) (*manifest, error) {
	name := manifestName(n)
	o, err := st.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("index: open %s: %w", name, err)
	}
	defer o.Close()
	m, err := decodeManifest(o.Bytes())
	if err != nil {
		return nil, fmt.Errorf("index: read %s: %w", name, err)
	}
	if m.Number != n {
		return nil, fmt.Errorf("index: read %s: %w: it is number %d", name, ErrCorrupt, m.Number)
	}
	return m, nil
}

// createManifest makes m's object, fs.ErrExist if its number is taken.
func createManifest(ctx context.Context, st Storage, m *manifest) error {
	data, err := m.encode()
	if err != nil {
		return err
	}
	return st.Create(ctx, manifestName(m.Number), func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// manifestNumbers lists the manifests there are, newest first.
func manifestNumbers(ctx context.Context, st Storage) ([]uint64, error) {
	names, err := st.List(ctx, manifestPrefix)
	if err != nil {
		return nil, fmt.Errorf("index: list manifests: %w", err)
	}
	var numbers []uint64
	for i := len(names) - 1; i >= 0; i-- {
		if n, ok := manifestNumber(names[i]); ok {
			numbers = append(numbers, n)
		}
	}
	return numbers, nil
}

// damaged tells whether an older state may stand in for the one that gave err:
// its bytes are wrong or missing. Anything else (a network, a cancelled context)
// says nothing about the index.
func damaged(err error) bool {
	return errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist)
}
