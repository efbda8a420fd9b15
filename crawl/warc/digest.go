package warc

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// CheckDigests compares the block and the payload with the digests that the
// record claims. It reads base 32 and hexadecimal, with or without padding and
// in any case, and base 64 in both alphabets, all of which writers use. What
// cannot be checked (no digest, an algorithm it does not know, a block that
// was cut) is no error.
func (r *Record) CheckDigests() error {
	if r.Cut {
		return nil
	}
	if err := checkDigest(r.BlockDigest, r.Block); err != nil {
		return fmt.Errorf("warc: block of %s: %w", r.ID, err)
	}
	// A revisit's payload digest speaks of a payload that it does not hold.
	if r.Type == TypeRevisit || r.PayloadDigest == "" {
		return nil
	}
	payload := r.Block
	if isHTTP(r.ContentType) {
		var ok bool
		if payload, ok = httpPayload(r.Block); !ok {
			return nil
		}
	}
	if err := checkDigest(r.PayloadDigest, payload); err != nil {
		return fmt.Errorf("warc: payload of %s: %w", r.ID, err)
	}
	return nil
}

func checkDigest(labelled string, b []byte) error {
	algorithm, value, ok := strings.Cut(labelled, ":")
	if !ok {
		return nil
	}
	var sum []byte
	switch strings.ToLower(strings.ReplaceAll(algorithm, "-", "")) {
	case "sha1":
		s := sha1.Sum(b)
		sum = s[:]
	case "sha256":
		s := sha256.Sum256(b)
		sum = s[:]
	case "sha512":
		s := sha512.Sum512(b)
		sum = s[:]
	case "md5":
		s := md5.Sum(b)
		sum = s[:]
	default:
		return nil
	}
	if !meansSum(strings.TrimRight(value, "="), sum) {
		return fmt.Errorf("digest is not %s", labelled)
	}
	return nil
}

// meansSum says whether value is sum in one of the spellings.
func meansSum(value string, sum []byte) bool {
	switch len(value) {
	case hex.EncodedLen(len(sum)):
		if b, err := hex.DecodeString(value); err == nil && bytes.Equal(b, sum) {
			return true
		}
	case base32Plain.EncodedLen(len(sum)):
		if b, err := base32Plain.DecodeString(strings.ToUpper(value)); err == nil && bytes.Equal(b, sum) {
			return true
		}
	case base64.RawStdEncoding.EncodedLen(len(sum)):
		b, err := base64.RawStdEncoding.DecodeString(value)
		if err != nil {
			b, err = base64.RawURLEncoding.DecodeString(value)
		}
		return err == nil && bytes.Equal(b, sum)
	}
	return false
}
