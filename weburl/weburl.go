// Package weburl is one normal form and one key for an address of the web.
//
// It implements the URL Standard (WHATWG, url.spec.whatwg.org, as of 2025) as
// browsers do: Parse and Join never see a document's encoding (queries are
// UTF-8), domains go through UTS #46 non-transitional processing without hyphen
// and length checks, and an ASCII domain is only put in lower case. What is
// malformed but repairable is repaired silently.
//
// Limits: an address is at most MaxBytes long, before and after normalisation.
// Each byte of invalid UTF-8 counts as one U+FFFD.
//
// A URL is a string and seven offsets, 48 bytes, comparable, and safe for any
// number of goroutines.
package weburl

import "strings"

// MaxBytes bounds an address, as read and as written: what Chromium allows.
const MaxBytes = 2 << 20

// A kind says which of the special schemes of the URL Standard an address has.
type kind uint8

const (
	plain kind = iota // not special
	file
	http
	https
	ws
	wss
	ftp
)

// defaultPort is what is left out of an address of a kind.
var defaultPort = [...]int{plain: -1, file: -1, http: 80, https: 443, ws: 80, wss: 443, ftp: 21}

func kindOf(scheme []byte) kind {
	switch string(scheme) {
	case "http":
		return http
	case "https":
		return https
	case "file":
		return file
	case "ws":
		return ws
	case "wss":
		return wss
	case "ftp":
		return ftp
	}
	return plain
}

// A URL is an absolute address in its normal form. It is immutable and
// comparable: two are equal exactly when their strings are. The zero URL is no
// address; its accessors all return "".
type URL struct {
	href string

	// Offsets in href, each a function of href alone:
	//
	//	https://user:password@example.com:8080/path?query#fragment
	//	     |      |         |          |    |    |     |
	//	     scheme user      host   hostEnd  path query frag
	//
	// A missing part is empty: query is the '?' or equals frag, frag is the
	// '#' or the length. Without a host user, host and hostEnd stand after
	// the scheme's ':'; path may stand two further, behind the "/." that
	// keeps a path of "//x" from being read as a host.
	scheme, user, host, hostEnd, path, query, frag uint32

	kind kind
}

// String is the address as the URL Standard serialises it (its href).
func (u URL) String() string { return u.href }

// IsZero reports whether u is no address.
func (u URL) IsZero() bool { return u.href == "" }

// Scheme is the scheme in lower case, without ':'.
func (u URL) Scheme() string { return u.href[:u.scheme] }

// hasHost reports whether there is a host, be it an empty one.
func (u URL) hasHost() bool { return u.host > u.scheme+1 }

// Username is what stands before the password, percent-encoded.
func (u URL) Username() string {
	if !u.hasHost() {
		return ""
	}
	return u.href[u.scheme+3 : u.user]
}

// Password is percent-encoded.
func (u URL) Password() string {
	if u.user >= u.host || u.href[u.user] != ':' {
		return ""
	}
	return u.href[u.user+1 : u.host-1]
}

// Host is host[:port], without a port that is the scheme's default. An IPv6
// address stands in brackets.
func (u URL) Host() string { return u.href[u.host:u.authorityEnd()] }

// authorityEnd is where host and port end.
func (u URL) authorityEnd() uint32 {
	if u.hostEnd < u.path && u.href[u.hostEnd] == '/' {
		return u.hostEnd // the "/." of a path without a host
	}
	return u.path
}

// Hostname is the host without its port and, as net/url has it and
// net.JoinHostPort wants it, without the brackets of an IPv6 address.
func (u URL) Hostname() string {
	h := u.href[u.host:u.hostEnd]
	if len(h) > 1 && h[0] == '[' {
		return h[1 : len(h)-1]
	}
	return h
}

// Port is the port in digits; "" where it is the scheme's default.
func (u URL) Port() string {
	if end := u.authorityEnd(); u.hostEnd < end {
		return u.href[u.hostEnd+1 : end]
	}
	return ""
}

// Path is the path, percent-encoded: of an address with a special scheme it
// begins with '/'.
func (u URL) Path() string { return u.href[u.path:u.query] }

// Query is what follows '?', without it.
func (u URL) Query() string {
	if u.query == u.frag {
		return ""
	}
	return u.href[u.query+1 : u.frag]
}

// Fragment is what follows '#', without it.
func (u URL) Fragment() string {
	if int(u.frag) == len(u.href) {
		return ""
	}
	return u.href[u.frag+1:]
}

// Target is path?query: what a request line and the rules of robots.txt see.
func (u URL) Target() string { return u.href[u.path:u.frag] }

// IsWeb reports whether u is http or https; both always have a host.
func (u URL) IsWeb() bool { return u.kind == http || u.kind == https }

// Origin is scheme://host[:port] of http, https, ws, wss and ftp, that of the
// address inside a blob:, and "null" for all others.
func (u URL) Origin() string {
	switch u.kind {
	case plain:
		if u.Scheme() != "blob" {
			return "null"
		}
		if in, err := Parse(u.Path()); err == nil && in.IsWeb() {
			return in.Origin()
		}
		return "null"
	case file:
		return "null"
	}
	if u.host == u.scheme+3 {
		return u.href[:u.path]
	}
	return u.href[:u.scheme+3] + u.Host()
}

// Page is the address in its crawl identity: without credentials and without
// fragment, which no server sees.
func (u URL) Page() URL {
	if !u.hasHost() || u.host == u.scheme+3 {
		// Cutting shares the string; only credentials need a new one.
		u.href = u.href[:u.frag]
		return u
	}
	var b strings.Builder
	b.Grow(int(u.frag))
	b.WriteString(u.href[:u.scheme+3])
	b.WriteString(u.href[u.host:u.frag])
	cut := u.host - (u.scheme + 3)
	u.href = b.String()
	u.user = u.scheme + 3
	u.host -= cut
	u.hostEnd -= cut
	u.path -= cut
	u.query -= cut
	u.frag -= cut
	return u
}
