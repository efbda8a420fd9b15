package weburl

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// uts46 is what the URL Standard asks of UTS #46 (beStrict false):
// CheckHyphens, VerifyDnsLength, UseSTD3ASCIIRules and Transitional false;
// CheckBidi and CheckJoiners true.
var uts46 = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.StrictDomainName(false),
	idna.CheckHyphens(false),
	idna.CheckJoiners(true),
	idna.BidiRule(),
	idna.VerifyDNSLength(false),
)

// toASCII turns a percent-decoded domain into its ASCII form. One that is ASCII
// already is left alone, even if its Punycode is broken, as browsers agreed
// (whatwg/url issue 829).
func toASCII(s string) (string, bool) {
	if isASCII(s) {
		return s, true
	}
	if !utf8.ValidString(s) {
		return "", false // U+FFFD is disallowed
	}
	out, err := uts46.ToASCII(strings.Map(unicode16, s))
	if err != nil || !isASCII(out) {
		return "", false
	}
	return out, true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unicode16 maps the characters whose treatment UTS #46 changed in revisions 31
// (Unicode 15.1) and 33 (Unicode 16): x/net/idna has the tables of Unicode 15.0
// until it is built by Go 1.27, and these are all the differences among the
// characters that both know. With newer tables it changes nothing.
func unicode16(r rune) rune {
	switch {
	case r < 0x4c0:
		return r
	case 0x10a0 <= r && r <= 0x10c5:
		return r - 0x10a0 + 0x2d00 // Georgian capitals
	case 0x2061 <= r && r <= 0x2063, 0x206a <= r && r <= 0x206f, 0x1d173 <= r && r <= 0x1d17a:
		return -1
	}
	switch r {
	case 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180e, 0x3164, 0xffa0:
		return -1
	case 0x4c0:
		return 0x4cf
	case 0x1e9e:
		return 0xdf // ẞ is ß, no longer ss
	case 0x2132:
		return 0x214e
	case 0x2183:
		return 0x2184
	case 0x2f868:
		return 0x36fc
	case 0x2f874:
		return 0x5f53
	case 0x2f91f:
		return 0x243ab
	case 0x2f95f:
		return 0x7aee
	case 0x2f9bf:
		return 0x45d7
	}
	return r
}
