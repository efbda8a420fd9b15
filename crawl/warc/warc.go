// Package warc keeps what was captured: a writer and a tolerant reader of
// WARC 1.1 (ISO 28500:2017, "WARC file format"), with an index that finds the
// captures of an address again.
//
// # Files
//
// A Writer appends to files named by time and chance, so that their names sort
// in the order in which they were begun:
//
//	20261123104400123456-5f0c9a2e.warc.gz
//	|YYYYMMDDhhmmss|µs    |random
//
// Each file is a row of gzip members (RFC 1952), one for each record, and its
// first record is a warcinfo. A record, uncompressed:
//
//	WARC/1.1 CRLF
//	WARC-Type: response CRLF
//	WARC-Record-ID: <urn:uuid:...> CRLF
//	WARC-Date: 2026-11-23T10:44:00.123456Z CRLF
//	WARC-Target-URI: http://a.test/ CRLF
//	WARC-IP-Address: 192.0.2.1 CRLF
//	WARC-Block-Digest: sha256:<base32, no padding> CRLF
//	WARC-Payload-Digest: sha256:<base32, no padding> CRLF
//	Content-Type: application/http;msgtype=response CRLF
//	Content-Length: <bytes of the block> CRLF
//	CRLF
//	block
//	CRLF CRLF
//
// Fields that a record has not are left out. A Ref, file name with offset and
// length in compressed bytes, is enough to read one record by itself.
//
// Beside each file that is complete stands its index (CDXJ; see Capture), from
// which Lookup finds the captures of an address. Walk gives all captures in the
// order in which they were made, those of revisits with the body they mean; Join
// writes them as one stream, which WalkStream reads. WARC files in a WACZ, a zip
// file (WACZ 1.1.1), are read where they stand.
//
// A payload that was written before is, with Options.Dedup, not written again:
// a revisit record names the one that holds it.
//
// # Secrets
//
// Request and Response write [redacted] in place of the values of
// Authorization, Proxy-Authorization, Cookie and Set-Cookie. What else a login
// sends never comes here: package fetch keeps it out of what it tells.
//
// # Bodies
//
// Bodies are stored content-decoded, as fetch gives them: Response renames the
// header fields that spoke of the coding (X-Crawler-Content-Encoding), as
// Common Crawl does, so that every reader of WARC can use the payload.
//
// # Limits
//
// A file is at most 1 GiB (Options.MaxFileBytes) unless one record alone is
// larger. The reader keeps at most 64 MiB of a block and 64 KiB of a header,
// and reads WARC 0.17 to 1.1, in gzip members, in one gzip stream, in zstd
// frames (window 32 MiB, dictionary 8 MiB), or plain. Content and Walk give
// 20 MiB of a decoded body. An index is sorted within 4 MiB of memory.
package warc

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"time"
)

// Record types.
const (
	TypeWarcinfo = "warcinfo"
	TypeRequest  = "request"
	TypeResponse = "response"
	TypeRevisit  = "revisit"
	TypeMetadata = "metadata"
)

// Profiles of a revisit record (WARC 1.1, 6.7).
const (
	// ProfileIdentical: the payload was fetched again and is the same; the
	// block holds the HTTP header only.
	ProfileIdentical = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
	// ProfileNotModified: the server answered 304.
	ProfileNotModified = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
)

// Content types of blocks.
const (
	contentResponse = "application/http;msgtype=response"
	contentRequest  = "application/http;msgtype=request"
	contentFields   = "application/warc-fields"
)

// A Record is one capture, or one remark on a capture.
type Record struct {
	Type        string    // response, request, revisit, metadata, warcinfo
	ID          string    // urn:uuid:..., without brackets; Append makes one where it is empty
	TargetURI   string    // as fetched
	Date        time.Time // zero: now. Written to the microsecond
	IP          string    // of the server, without port
	ContentType string    // empty: by Type
	Truncated   string    // why the block is not whole: length, time, disconnect, unspecified

	// What ties records together; IDs without brackets.
	ConcurrentTo []string
	RefersTo     string
	RefersToURI  string
	RefersToDate time.Time
	Profile      string // of a revisit

	Header        [][2]string // further WARC fields, in order
	Block         []byte
	BlockDigest   string // labelled, "sha256:..."; Append computes it where it is empty
	PayloadDigest string // the same, of what follows the HTTP header, for response records

	// What only a Reader fills.
	Version string // "WARC/1.1"
	Offset  int64  // of the record's gzip member in the file, or of the record where it is plain
	Length  int64  // bytes from Offset to the next record; 0 where one member holds several
	Cut     bool   // Block was longer than ReaderOptions.MaxBlockBytes
}

// A Ref finds one record again.
type Ref struct {
	File           string // name in the writer's folder
	Offset, Length int64  // compressed bytes
}

// A Position is a place between two records: all before it was written.
type Position struct {
	File   string // empty: nothing was written
	Offset int64  // bytes
}

// NewID makes a record ID, a random UUID (RFC 9562, version 4) as a URN.
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // cannot fail
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	x := hex.EncodeToString(b[:])
	return fmt.Sprintf("urn:uuid:%s-%s-%s-%s-%s", x[:8], x[8:12], x[12:16], x[16:20], x[20:])
}

// base32Plain is RFC 4648 base 32 without padding: '=' may not stand in a
// digest value, which is a token.
var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// Digest is the labelled digest of b as this package writes it.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + base32Plain.EncodeToString(sum[:])
}
