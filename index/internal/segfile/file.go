package segfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
	"github.com/trawlsearch/trawl/index/internal/gate"
)

// A File reads an object in place. Any number of goroutines.
type File struct {
	data     []byte
	header   Header
	payload  uint64
	sections []Section
	sums     []byte
	digest   uint32
	chunks   *gate.Object
}

// Options say what an object is besides its bytes. The zero value works.
type Options struct {
	Name  string     // for errors; empty: segfile
	Pager gate.Pager // brings the bytes into memory; nil: they are there
}

// Open checks header, footer, table of contents and the table of checksums, but
// not the sections, and keeps data: that is 4 bytes of each 64 KiB, 0.1 ms for
// 10 GB. Another kind is ErrCorrupt; another version or an unknown feature is an
// error of its own, for the bytes may be right.
func Open(data []byte, kind Kind, opt Options) (*File, error) {
	if opt.Name == "" {
		opt.Name = "segfile"
	}
	if err := opt.load(0, len(data), min(len(data), headerBytes)); err != nil {
		return nil, err
	}
	h, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	if h.Kind != kind {
		return nil, corrupt.Errorf("segfile: this is a %v (%d), not a %v", h.Kind, h.Kind, kind)
	}
	f := &File{data: data, header: h}
	if err := f.readTables(opt); err != nil {
		return nil, err
	}
	return f, nil
}

// load brings in n bytes from off on, of size.
func (opt Options) load(off, size, n int) error {
	if opt.Pager == nil || n == 0 {
		return nil
	}
	if err := opt.Pager.Load(int64(off), int64(n)); err != nil {
		return fmt.Errorf("segfile: %d bytes at %d of %d: %w", n, off, size, err)
	}
	return nil
}

func readHeader(data []byte) (Header, error) {
	if len(data) < headerBytes+footerBytes || [4]byte(data) != magic {
		return Header{}, corrupt.Errorf("segfile: %d bytes without our header", len(data))
	}
	r := corrupt.NewReader(data[4:headerBytes])
	h := Header{Kind: Kind(r.U16()), Major: r.U8(), Minor: r.U8(), UUID: [16]byte(r.Bytes(16)), Features: r.U64(), Created: int64(r.U64())}
	if sum := r.U32(); sum != crc32.Checksum(data[:headerSummed], castagnoli) {
		return h, corrupt.Errorf("segfile: checksum of the header")
	}
	if h.Major != Major || h.Minor > Minor {
		return h, fmt.Errorf("segfile: version %d.%d, this build reads %d.%d: use the Trawl that wrote it, or a newer one", h.Major, h.Minor, Major, Minor)
	}
	if h.Features&^knownFeatures != 0 {
		return h, fmt.Errorf("segfile: features %#x, this build knows %#x: use the Trawl that wrote it, or a newer one", h.Features, uint64(knownFeatures))
	}
	return h, nil
}

// readTables reads from the footer backwards.
func (f *File) readTables(opt Options) error {
	if err := opt.load(len(f.data)-footerBytes, len(f.data), footerBytes); err != nil {
		return err
	}
	foot := f.data[len(f.data)-footerBytes:]
	if [4]byte(foot[footerBytes-4:]) != magic {
		return corrupt.Errorf("segfile: no footer: the object is cut short")
	}
	r := corrupt.NewReader(foot)
	f.payload = r.U64()
	sections, chunks, tocSum, sumsSum := uint64(r.U32()), uint64(r.U32()), r.U32(), r.U32()
	f.digest = binary.LittleEndian.Uint32(foot[footerSummed:])
	if f.digest != crc32.Checksum(foot[:footerSummed], castagnoli) {
		return corrupt.Errorf("segfile: checksum of the footer")
	}
	size := uint64(len(f.data))
	if sections > MaxSections || f.payload < headerBytes || f.payload > size || f.payload%Align != 0 ||
		chunks != (f.payload+Chunk-1)/Chunk || f.payload+sections*entryBytes+chunks*sumBytes+footerBytes != size {
		return corrupt.Errorf("segfile: %d bytes do not hold a payload of %d, %d sections and %d chunks", size, f.payload, sections, chunks)
	}
	if err := opt.load(int(f.payload), len(f.data), len(f.data)-int(f.payload)); err != nil {
		return err
	}
	toc := f.data[f.payload : f.payload+sections*entryBytes]
	f.sums = f.data[f.payload+sections*entryBytes : size-footerBytes]
	if crc32.Checksum(toc, castagnoli) != tocSum {
		return corrupt.Errorf("segfile: checksum of the table of contents")
	}
	if crc32.Checksum(f.sums, castagnoli) != sumsSum {
		return corrupt.Errorf("segfile: checksum of the table of checksums")
	}
	f.chunks = gate.New(opt.Name, f.data[:f.payload], f.sums, opt.Pager)
	return f.readSections(toc)
}

func (f *File) readSections(toc []byte) error {
	end := uint64(headerBytes)
	f.sections = make([]Section, 0, len(toc)/entryBytes)
	for r := corrupt.NewReader(toc); r.Len() > 0; {
		name := bytes.TrimRight(r.Bytes(nameBytes), "\x00")
		s := Section{Name: string(name), Field: r.U16()}
		r.Bytes(6)
		s.Off, s.Size = r.U64(), r.U64()
		if s.Off != end || s.Off > f.payload-Align || s.Size > f.payload-Align-s.Off {
			return corrupt.Errorf("segfile: section %s.%d at %d, %d bytes, does not follow %d", s.Name, s.Field, s.Off, s.Size, end)
		}
		end = (s.Off + s.Size + Align + Align - 1) / Align * Align
		f.sections = append(f.sections, s)
	}
	if end != f.payload {
		return corrupt.Errorf("segfile: sections end at %d, the payload at %d", end, f.payload)
	}
	return nil
}

// Header is that of the object.
func (f *File) Header() Header { return f.header }

// Digest is the checksum of checksums: two objects with one digest, UUID and
// size are the same.
func (f *File) Digest() uint32 { return f.digest }

// Size is the length of the object in bytes.
func (f *File) Size() uint64 { return uint64(len(f.data)) }

// Sections are all sections, in the order of their writing. Not to be written to.
func (f *File) Sections() []Section { return f.sections }

// Section is the content of a section, with Align zero bytes readable behind
// its length (within its capacity), or nil, false. It is not to be read before its
// Gate was asked.
func (f *File) Section(name string, field uint16) ([]byte, bool) {
	s, ok := f.find(name, field)
	if !ok {
		return nil, false
	}
	return f.data[s.Off : s.Off+s.Size : s.Off+s.Size+Align], true
}

// Gate makes the bytes of a section ready, piece by piece. It is nil if there is no
// such section.
func (f *File) Gate(name string, field uint16) *gate.Gate {
	s, ok := f.find(name, field)
	if !ok {
		return nil
	}
	return f.chunks.Section(fmt.Sprintf("%s.%d", name, field), s.Off, s.Size)
}

// Chunks are those of all sections.
func (f *File) Chunks() *gate.Object { return f.chunks }

func (f *File) find(name string, field uint16) (Section, bool) {
	for _, s := range f.sections {
		if s.Name == name && s.Field == field {
			return s, true
		}
	}
	return Section{}, false
}

// Verify compares all checksums, whether or not they were compared before. The
// error names the first section and chunk that differ.
func (f *File) Verify() error {
	c, err := f.chunks.Verify()
	if err == nil {
		return nil
	}
	for _, s := range f.sections {
		if s.Off < (c+1)*Chunk && s.Off+s.Size+Align > c*Chunk {
			return fmt.Errorf("segfile: section %s.%d: %w", s.Name, s.Field, err)
		}
	}
	return fmt.Errorf("segfile: %w", err)
}
