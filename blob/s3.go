package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"
)

const (
	// writerKey marks an object with the call that created it. When the
	// answer to a PUT is lost the library sends it again, and is refused
	// by its own object.
	writerKey = "trawl-writer"

	uploadPartBytes = 8 << 20 // S3's least is 5 MiB; an object may have 10,000
	uploadParts     = 2       // at once; memory is parts and one more
	downloadTries   = 4       // of one object, each goes on where the last broke off
	rangeTimeout    = time.Minute
)

// s3Driver keeps objects in a bucket of gocloud's.
type s3Driver struct {
	bucket *blob.Bucket
	id     string // of the bucket, for the cache
	cache  *cache
}

func openS3(ctx context.Context, u *url.URL, opt Options) (*Bucket, error) {
	if u.Host == "" {
		return nil, errors.New("blob: s3:// needs a bucket's name")
	}
	folder := strings.Trim(u.Path, "/")
	if folder != "" {
		if why := unfit(folder); why != "" {
			return nil, fmt.Errorf("blob: s3 prefix %q: %s", folder, why)
		}
	}
	bare := *u
	bare.Path = ""
	b, err := new(s3blob.URLOpener).OpenBucketURL(ctx, &bare)
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	c, err := openCache(opt.CacheDir, opt.CacheBytes)
	if err != nil {
		b.Close()
		return nil, err
	}
	root := &Bucket{
		drv: &s3Driver{b, u.Query().Get("endpoint") + "\x00" + u.Host, c},
		close: func() error {
			return errors.Join(b.Close(), c.close())
		},
	}
	if folder != "" {
		root.prefix = folder + "/"
	}
	return root, nil
}

func (d *s3Driver) create(ctx context.Context, key string, write func(io.Writer) error) error {
	// The condition is checked when the upload ends. A look before spares an
	// upload for nothing, and serves servers that forget it for parts.
	if ok, err := d.bucket.Exists(ctx, key); err != nil {
		return err
	} else if ok {
		return fs.ErrExist
	}
	var r [16]byte
	rand.Read(r[:])
	nonce := hex.EncodeToString(r[:])
	upload, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := d.bucket.NewWriter(upload, key, &blob.WriterOptions{
		IfNotExist:                  true,
		BufferSize:                  uploadPartBytes,
		MaxConcurrency:              uploadParts,
		ContentType:                 "application/octet-stream",
		DisableContentTypeDetection: true,
		Metadata:                    map[string]string{writerKey: nonce},
	})
	if err != nil {
		return err
	}
	if err := write(w); err != nil {
		cancel() // so that Close does not finish the object
		if cerr := w.Close(); d.refused(cerr) {
			err = cerr
		}
		return d.settle(ctx, key, nonce, err)
	}
	if err := w.Close(); err != nil {
		return d.settle(ctx, key, nonce, err)
	}
	return nil
}

// refused reports whether the server did not create an object because there is
// one, or because another is being created under the same key.
func (d *s3Driver) refused(err error) bool {
	return gcerrors.Code(err) == gcerrors.FailedPrecondition ||
		err != nil && strings.Contains(err.Error(), "ConditionalRequestConflict")
}

// settle finds out whose object stands where Create was refused.
func (d *s3Driver) settle(ctx context.Context, key, nonce string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	if !d.refused(err) {
		return err
	}
	a, aerr := d.bucket.Attributes(ctx, key)
	if aerr != nil {
		return fmt.Errorf("%w (and then: %w)", err, aerr)
	}
	if a.Metadata[writerKey] == nonce {
		return nil
	}
	return fs.ErrExist
}

func (d *s3Driver) open(ctx context.Context, key string, ranged bool) (*Object, error) {
	a, err := d.bucket.Attributes(ctx, key)
	if err != nil {
		return nil, absent(err)
	}
	if ranged {
		return &Object{size: a.Size, at: &ranger{d.bucket, key}}, nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d", d.id, key, a.ETag, a.Size))
	m, release, err := d.cache.get(ctx, hex.EncodeToString(sum[:16])+cacheSuffix, a.Size, func(w io.Writer) error {
		return d.download(ctx, key, a.Size, w)
	})
	if err != nil {
		return nil, err
	}
	return &Object{size: a.Size, bytes: m.Bytes(), mapping: m, close: release}, nil
}

func absent(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}

// download copies an object to w. A connection that breaks costs what is left.
func (d *s3Driver) download(ctx context.Context, key string, size int64, w io.Writer) error {
	// A bufio.Writer that reads by itself keeps the error of what it read
	// from, and refuses what comes after.
	w = struct{ io.Writer }{w}
	var done int64
	var last error
	for range downloadTries {
		if done == size {
			return nil
		}
		r, err := d.bucket.NewRangeReader(ctx, key, done, size-done, nil)
		if err != nil {
			if gcerrors.Code(err) == gcerrors.NotFound || ctx.Err() != nil {
				return absent(err)
			}
			last = err
			continue
		}
		n, err := io.Copy(w, io.LimitReader(r, size-done))
		r.Close()
		done += n
		last = err
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if done == size {
		return nil
	}
	return fmt.Errorf("download ended at byte %d of %d: %w", done, size, errors.Join(io.ErrUnexpectedEOF, last))
}

// ranger reads ranges of one object, one request each.
type ranger struct {
	bucket *blob.Bucket
	key    string
}

func (r *ranger) ReadAt(p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), rangeTimeout)
	defer cancel()
	body, err := r.bucket.NewRangeReader(ctx, r.key, off, int64(len(p)), nil)
	if err != nil {
		return 0, fmt.Errorf("blob: read %s: %w", r.key, absent(err))
	}
	defer body.Close()
	n, err := io.ReadFull(body, p)
	if err != nil {
		return n, fmt.Errorf("blob: read %s: %w", r.key, err)
	}
	return n, nil
}

func (d *s3Driver) list(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	for it := d.bucket.List(&blob.ListOptions{Prefix: prefix}); ; {
		o, err := it.Next(ctx)
		if err == io.EOF {
			slices.Sort(keys)
			return keys, nil
		}
		if err != nil {
			return nil, err
		}
		if !o.IsDir && unfit(o.Key) == "" {
			keys = append(keys, o.Key)
		}
	}
}

func (d *s3Driver) remove(ctx context.Context, key string) error {
	err := d.bucket.Delete(ctx, key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	return err
}
