// Package blob keeps immutable objects by key: on a disk, in S3, in memory.
//
// An object is created whole, once, and never changed. Create is the only
// write: of all who create one key exactly one wins, on every driver and across
// processes, and that is the compare-and-swap which commits of an index are
// made of. An object is durable when Create returns.
//
//	file:///dir    own driver, over internal/durable; objects are mapped
//	mem://         for tests; each Open makes another
//	s3://bucket/prefix?region=…&endpoint=…&use_path_style=true
//	               gocloud.dev/blob/s3blob; credentials as the AWS tools find them
//
// gocloud's own file driver is not used: in 1-2 of 40 races it had no or two
// winners, and it never syncs (specs/cluster.md, 4). Google Cloud Storage and
// Azure are absent for the size of their libraries; each is one more file like
// s3.go, over gcsblob or azureblob, which have the same condition (IfNotExist).
//
// Keys are paths like seg/web/0/01J…: segments of printable text parted by
// single slashes. A key cannot also be a folder of other keys. An S3 server
// must honour If-None-Match on PUT; Probe finds out. Objects beyond 16 MB are
// uploaded in parts, and there some servers forget the condition: give large
// objects unique keys, and commit by small ones. Parts of an upload that was
// cut off stay, unseen and paid for, until the bucket's lifecycle rule for
// incomplete uploads removes them: set one.
//
// All methods may be called from any number of goroutines.
package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trawlsearch/trawl/internal/durable"
)

// Options are for remote buckets. The zero value works.
type Options struct {
	// CacheDir is where objects of a remote bucket are kept to be mapped.
	// Buckets may share it, and so may processes, each with its own bound.
	// Empty: a temporary directory, removed by Close.
	CacheDir string

	// CacheBytes bounds the cache. Objects that are open are not evicted, so
	// it may grow to their size. Zero: DefaultCacheBytes.
	CacheBytes int64
}

const (
	// DefaultCacheBytes holds the segments of a few million pages.
	DefaultCacheBytes = 4 << 30

	// MaxKeyBytes is S3's bound, less room for a prefix.
	MaxKeyBytes = 800

	// maxSegmentBytes keeps a segment, with durable.TempSuffix, a file's name.
	maxSegmentBytes = 200
)

// driver is what a kind of bucket does. Keys are valid and whole. Errors are
// fs.ErrExist and fs.ErrNotExist where that is what they are.
type driver interface {
	create(ctx context.Context, key string, write func(io.Writer) error) error
	open(ctx context.Context, key string, ranged bool) (*Object, error)
	list(ctx context.Context, prefix string) ([]string, error) // sorted
	remove(ctx context.Context, key string) error              // of nothing is no error
}

// A Bucket is a set of objects, or a folder of one.
type Bucket struct {
	drv    driver
	close  func() error // nil in a Sub
	prefix string       // of every key, ends in / unless empty
}

// Open opens the bucket at rawURL. A file bucket is made if it is not there,
// and what crashes left in it more than an hour ago is removed. An S3 bucket
// is not asked for anything yet: see Probe.
func Open(ctx context.Context, rawURL string, opt Options) (*Bucket, error) {
	if !strings.Contains(rawURL, "://") {
		return nil, fmt.Errorf("blob: %q is no URL: file:///directory, mem:// or s3://bucket?region=…", rawURL)
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" && u.Host != "localhost" || u.Path == "" || u.RawQuery != "" {
			return nil, fmt.Errorf("blob: %q: three slashes and a directory, as in file:///var/lib/trawl", rawURL)
		}
		return openFile(filepath.FromSlash(u.Path))
	case "mem":
		return &Bucket{drv: newMem(), close: func() error { return nil }}, nil
	case "s3":
		return openS3(ctx, u, opt)
	}
	return nil, fmt.Errorf("blob: %q: there are file, mem and s3", rawURL)
}

func openFile(dir string) (*Bucket, error) {
	if err := durable.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	if _, err := durable.Sweep(dir); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return &Bucket{drv: newFile(dir, durable.FS{}), close: func() error { return nil }}, nil
}

// Sub returns the folder of a bucket whose keys begin with prefix and a slash.
// It is closed with the bucket. An unfit prefix shows in every call.
func (b *Bucket) Sub(prefix string) *Bucket {
	return &Bucket{drv: b.drv, prefix: b.prefix + prefix + "/"}
}

// Create stores what write writes under key, durable on return. If the key is
// taken the error is fs.ErrExist and the object there stays. If write fails,
// its error is returned and nothing is stored. write is called at most once,
// and not at all when the key is seen to be taken.
//
// After another error (of a network) the outcome is unknown.
func (b *Bucket) Create(ctx context.Context, key string, write func(io.Writer) error) error {
	full, err := b.key(key)
	if err != nil {
		return err
	}
	if err := b.drv.create(ctx, full, write); err != nil {
		return fmt.Errorf("blob: create %s: %w", full, err)
	}
	return nil
}

// Open returns the object, or an error that is fs.ErrNotExist. All of its
// bytes are at hand: mapped from the file, or from the cache after a download.
func (b *Bucket) Open(ctx context.Context, key string) (*Object, error) {
	return b.open(ctx, key, false)
}

// OpenRanged is Open for who reads a little of much: a remote object is not
// downloaded, and each ReadAt is one request. Its Bytes are nil.
func (b *Bucket) OpenRanged(ctx context.Context, key string) (*Object, error) {
	return b.open(ctx, key, true)
}

func (b *Bucket) open(ctx context.Context, key string, ranged bool) (*Object, error) {
	full, err := b.key(key)
	if err != nil {
		return nil, err
	}
	o, err := b.drv.open(ctx, full, ranged)
	if err != nil {
		return nil, fmt.Errorf("blob: open %s: %w", full, err)
	}
	return o, nil
}

// List returns the keys that begin with prefix, sorted by bytes. The prefix
// need not end at a slash; "" lists all.
func (b *Bucket) List(ctx context.Context, prefix string) ([]string, error) {
	full := b.prefix + prefix
	if strings.Contains("/"+full, "/../") || strings.HasPrefix(full, "/") {
		return nil, fmt.Errorf("blob: list %q: bad prefix", full)
	}
	keys, err := b.drv.list(ctx, full)
	if err != nil {
		return nil, fmt.Errorf("blob: list %s: %w", full, err)
	}
	for i := range keys {
		keys[i] = keys[i][len(b.prefix):]
	}
	return keys, nil
}

// Delete removes an object, durably. That there is none is no error. Who has it
// open keeps it, on S3 if it was read to the end or mapped.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	full, err := b.key(key)
	if err != nil {
		return err
	}
	if err := b.drv.remove(ctx, full); err != nil {
		return fmt.Errorf("blob: delete %s: %w", full, err)
	}
	return nil
}

// Close ends the use of the bucket. Close its objects first.
func (b *Bucket) Close() error {
	if b.close == nil {
		return nil
	}
	return b.close()
}

// Probe writes, reads, lists and deletes an object under probe/, and returns an
// error if the bucket does not do as Create promises. Call it at start: on a
// server that lacks conditional writes two writers would lose each other's work.
func (b *Bucket) Probe(ctx context.Context) error {
	var r [8]byte
	rand.Read(r[:])
	key := "probe/" + hex.EncodeToString(r[:])
	put := func(text string) error {
		return b.Create(ctx, key, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
	}
	if err := put("first"); err != nil {
		return fmt.Errorf("blob: probe: the bucket cannot be written to: %w", err)
	}
	defer b.Delete(context.WithoutCancel(ctx), key)
	if err := put("second"); err == nil {
		return errors.New("blob: probe: the bucket lets an object be overwritten; " +
			"use an S3 server that honours If-None-Match on PUT (AWS, versitygw, rclone and MinIO do)")
	} else if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("blob: probe: the bucket refuses the second create of a key oddly: %w", err)
	}
	o, err := b.Open(ctx, key)
	if err != nil {
		return fmt.Errorf("blob: probe: what was written cannot be read: %w", err)
	}
	defer o.Close()
	if !bytes.Equal(o.Bytes(), []byte("first")) {
		return fmt.Errorf("blob: probe: wrote %q, read %q", "first", o.Bytes())
	}
	keys, err := b.List(ctx, key)
	if err != nil || len(keys) != 1 || keys[0] != key {
		return fmt.Errorf("blob: probe: wrote %s, listed %q: %w", key, keys, err)
	}
	if err := b.Delete(ctx, key); err != nil {
		return fmt.Errorf("blob: probe: what was written cannot be deleted: %w", err)
	}
	return nil
}

// key returns the whole key, or an error if some driver could not keep it.
func (b *Bucket) key(key string) (string, error) {
	full := b.prefix + key
	if why := unfit(full); why != "" {
		return "", fmt.Errorf("blob: key %.100q: %s: %w", full, why, fs.ErrInvalid)
	}
	return full, nil
}

func unfit(key string) string {
	if len(key) > MaxKeyBytes {
		return fmt.Sprintf("longer than %d bytes", MaxKeyBytes)
	}
	if !utf8.ValidString(key) {
		return "not UTF-8"
	}
	for _, r := range key {
		if !unicode.IsPrint(r) || strings.ContainsRune(`\:*?"<>|`, r) {
			return fmt.Sprintf("%q cannot be in a file's name everywhere", r)
		}
	}
	for seg := range strings.SplitSeq(key, "/") {
		switch {
		case seg == "" || seg == "." || seg == "..":
			return "segments must be names"
		case len(seg) > maxSegmentBytes:
			return fmt.Sprintf("a segment is longer than %d bytes", maxSegmentBytes)
		case durable.IsTemp(seg):
			return "names in " + durable.TempSuffix + " are kept for files being written"
		}
	}
	return ""
}
