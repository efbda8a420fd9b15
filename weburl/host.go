package weburl

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }

// What a byte means in the name of a host.
const (
	hostPlain     = iota
	hostUpper     // put in lower case
	hostComplex   // % or not ASCII: decode, then UTS #46
	hostForbidden // forbidden domain code point
)

// hostBytes classifies the bytes of a domain; opaqueForbidden those that an
// opaque host may not have.
var hostBytes, opaqueForbidden = makeHostBytes()

func makeHostBytes() (t [256]uint8, o [256]bool) {
	for c := range t {
		switch {
		case c < 0x20 || c == 0x7f:
			t[c] = hostForbidden
		case c >= utf8.RuneSelf || c == '%':
			t[c] = hostComplex
		case 'A' <= c && c <= 'Z':
			t[c] = hostUpper
		}
	}
	for _, c := range []byte("\x00\t\n\r #/:<>?@[\\]^|") {
		t[c] = hostForbidden
		o[c] = true
	}
	return t, o
}

// hostname is the host parser; it appends the serialised host.
func (p *parser) hostname(s string) error {
	if strings.HasPrefix(s, "[") {
		if !strings.HasSuffix(s, "]") {
			return ErrHost
		}
		a, ok := parseIPv6(s[1 : len(s)-1])
		if !ok {
			return ErrHost
		}
		p.out = append(p.out, '[')
		p.out = appendIPv6(p.out, a)
		p.out = append(p.out, ']')
		return nil
	}
	if !p.special() {
		for i := range len(s) {
			if opaqueForbidden[s[i]] {
				return ErrHost
			}
		}
		p.out = appendEncoded(p.out, s, inControl)
		return nil
	}
	return p.domain(s)
}

// domain writes the name of a host in its ASCII form, or as an IPv4 address if
// it ends in a number.
func (p *parser) domain(s string) error {
	start := len(p.out)
	if !p.asciiDomain(s) {
		p.out = p.out[:start]
		ascii, ok := toASCII(string(percentDecode(s)))
		if !ok || !p.asciiDomain(ascii) {
			return ErrHost
		}
	}
	host := p.out[start:]
	if len(host) == 0 {
		return ErrHost
	}
	// A name that ends in a number ends in a digit, a hexadecimal digit, an x
	// or a dot: most end in a letter above f.
	if c := host[len(host)-1]; !(isDigit(c) || c == '.' || c == 'x' || 'a' <= c && c <= 'f') || !endsInNumber(string(host)) {
		return nil
	}
	a, ok := parseIPv4(string(host))
	if !ok {
		return ErrHost
	}
	p.out = appendIPv4(p.out[:start], a)
	return nil
}

// asciiDomain writes s in lower case; false if it has a byte that a domain may
// not have, or one that needs decoding.
func (p *parser) asciiDomain(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch hostBytes[c] {
		case hostUpper:
			c |= 0x20
		case hostComplex, hostForbidden:
			return false
		}
		p.out = append(p.out, c)
	}
	return true
}

// endsInNumber reports whether the last label is a number, which makes the
// whole an IPv4 address or nothing.
func endsInNumber(s string) bool {
	s = strings.TrimSuffix(s, ".")
	s = s[strings.LastIndexByte(s, '.')+1:]
	if s == "" {
		return false
	}
	digits := true
	for i := range len(s) {
		digits = digits && isDigit(s[i])
	}
	if digits {
		return true
	}
	_, ok := ipv4Number(s)
	return ok
}

// parseIPv4 reads one to four numbers, decimal, octal (0) or hexadecimal (0x);
// the last fills all bytes that are left.
func parseIPv4(s string) (uint32, bool) {
	s = strings.TrimSuffix(s, ".")
	var address uint64
	for part := 0; ; part++ {
		if part == 4 {
			return 0, false
		}
		number, rest, more := strings.Cut(s, ".")
		n, ok := ipv4Number(number)
		if !ok {
			return 0, false
		}
		if !more {
			if n >= 1<<(8*(4-part)) {
				return 0, false
			}
			return uint32(address | n), true
		}
		if n > 255 {
			return 0, false
		}
		address |= n << (8 * (3 - part))
		s = rest
	}
}

// ipv4Number reads one number; anything above 2³² counts as 2³².
func ipv4Number(s string) (uint64, bool) {
	if s == "" {
		return 0, false
	}
	radix := uint64(10)
	switch {
	case len(s) >= 2 && s[0] == '0' && s[1]|0x20 == 'x':
		s, radix = s[2:], 16
	case len(s) >= 2 && s[0] == '0':
		s, radix = s[1:], 8
	}
	var n uint64
	for i := range len(s) {
		d := unhex(s[i])
		if d < 0 || uint64(d) >= radix {
			return 0, false
		}
		n = min(n*radix+uint64(d), 1<<32)
	}
	return n, true
}

func appendIPv4(dst []byte, a uint32) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		dst = appendInt(dst, int(a>>shift&255))
		if shift > 0 {
			dst = append(dst, '.')
		}
	}
	return dst
}
