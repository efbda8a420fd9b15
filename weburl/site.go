package weburl

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// A Key names a page everywhere: in the frontier, the log and the index.
type Key [16]byte

// String is the key in hexadecimal.
func (k Key) String() string { return fmt.Sprintf("%x", k[:]) }

// Key is the first 16 bytes of the SHA-256 of u.Page().String().
func (u URL) Key() Key {
	sum := sha256.Sum256([]byte(u.Page().href))
	return Key(sum[:16])
}

// Site is the registrable domain of the host by the Public Suffix List, its
// private part included (a.github.io is a site). It is the host itself where
// there is no such domain: an IP address, a single label, a public suffix. A
// trailing dot is no part of it.
func (u URL) Site() string {
	host := u.Hostname()
	if u.host < u.hostEnd && u.href[u.host] == '[' {
		return host
	}
	name := strings.TrimSuffix(host, ".")
	if u.kind == plain || endsInNumber(name) {
		return host
	}
	site, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return name
	}
	return site
}
