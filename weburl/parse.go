package weburl

import (
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Why an address may be refused. A caller that counts refusals may compare
// with errors.Is.
var (
	ErrRelative = errors.New("relative address without a usable base")
	ErrHost     = errors.New("invalid host")
	ErrPort     = errors.New("invalid port")
	ErrLength   = errors.New("longer than MaxBytes")
)

// Parse reads an absolute address of any scheme.
func Parse(s string) (URL, error) { return parse(s, nil) }

// Join resolves a reference, such as the href of a link, against u. On the zero
// URL it is Parse.
func (u URL) Join(ref string) (URL, error) {
	if u.href == "" {
		return parse(ref, nil)
	}
	return parse(ref, &u)
}

// parse is the basic URL parser. Its states follow the standard's, except that
// each reads its whole part at once: a part's end is known by one scan.
func parse(s string, base *URL) (URL, error) {
	p := parsers.Get().(*parser)
	defer p.release()
	err := ErrLength
	if len(s) <= MaxBytes {
		err = p.begin(clean(s), base)
	}
	if err == nil && len(p.out) > MaxBytes {
		err = ErrLength
	}
	if err != nil {
		return URL{}, fmt.Errorf("weburl: parse %q: %w", s[:min(len(s), 200)], err)
	}
	p.u.href = string(p.out)
	return p.u, nil
}

// parsers keeps the buffers of finished parses: a Join costs one allocation,
// the string, and 200 ns instead of 336.
var parsers = sync.Pool{New: func() any { return &parser{out: make([]byte, 0, 512)} }}

func (p *parser) release() {
	if cap(p.out) <= 64<<10 {
		p.out, p.u = p.out[:0], URL{}
		parsers.Put(p)
	}
}

var newlines = strings.NewReplacer("\t", "", "\n", "", "\r", "")

// clean cuts C0 controls and spaces at both ends, and tabs and newlines within.
func clean(s string) string {
	for len(s) > 0 && s[0] <= ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] <= ' ' {
		s = s[:len(s)-1]
	}
	for i := range len(s) {
		if c := s[i]; c == '\t' || c == '\n' || c == '\r' {
			return newlines.Replace(s)
		}
	}
	return s
}

// A parser builds the serialised address in out as it reads.
type parser struct {
	out []byte
	u   URL // all but href
}

func (p *parser) at() uint32    { return uint32(len(p.out)) }
func (p *parser) special() bool { return p.u.kind != plain }

// slash reports whether s begins with what counts as '/'.
func (p *parser) slash(s string) bool {
	return len(s) > 0 && (s[0] == '/' || s[0] == '\\' && p.special())
}

// begin is the scheme start, scheme and no scheme states.
func (p *parser) begin(in string, base *URL) error {
	n := schemeEnd(in)
	if n < 0 {
		return p.noScheme(in, base)
	}
	p.scheme(in[:n])
	in = in[n+1:]
	switch {
	case p.u.kind == file:
		if base != nil && base.kind != file {
			base = nil
		}
		return p.file(in, base)
	case p.special() && base != nil && base.kind == p.u.kind && !strings.HasPrefix(in, "//"):
		return p.relative(in, base)
	case p.special():
		return p.authority(p.trimSlashes(in))
	case strings.HasPrefix(in, "//"):
		return p.authority(in[2:])
	case strings.HasPrefix(in, "/"):
		p.noHost()
		return p.segments(in[1:])
	}
	p.noHost()
	return p.opaque(in)
}

// schemeEnd is the place of the ':' after a scheme, or -1.
func schemeEnd(in string) int {
	for i := range len(in) {
		c := in[i]
		switch {
		case isAlpha(c):
		case i > 0 && (isDigit(c) || c == '+' || c == '-' || c == '.'):
		case i > 0 && c == ':':
			return i
		default:
			return -1
		}
	}
	return -1
}

// scheme writes "scheme:".
func (p *parser) scheme(s string) {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		p.out = append(p.out, c)
	}
	p.u.kind = kindOf(p.out)
	p.u.scheme = p.at()
	p.out = append(p.out, ':')
}

// noScheme resolves a reference without a scheme of its own.
func (p *parser) noScheme(in string, base *URL) error {
	if base == nil {
		return ErrRelative
	}
	if base.isOpaque() {
		if !strings.HasPrefix(in, "#") {
			return ErrRelative
		}
		p.out = append(p.out, base.href[:base.frag]...)
		p.u = *base
		p.fragment(in)
		return nil
	}
	p.out = append(p.out, base.href[:base.scheme+1]...)
	p.u.kind, p.u.scheme = base.kind, base.scheme
	if p.u.kind == file {
		return p.file(in, base)
	}
	return p.relative(in, base)
}

// isOpaque reports whether the path is opaque, as that of mailto: is.
func (u *URL) isOpaque() bool {
	return !u.hasHost() && (u.path == u.query || u.href[u.path] != '/')
}

// relative is the relative and relative slash states.
func (p *parser) relative(in string, base *URL) error {
	if p.slash(in) {
		if p.slash(in[1:]) {
			if p.special() {
				return p.authority(p.trimSlashes(in))
			}
			return p.authority(in[2:])
		}
		p.copyAuthority(base)
		p.u.path = p.at()
		return p.segments(in[1:])
	}
	p.copyAuthority(base)
	return p.relativePath(in, base, true)
}

// relativePath continues from the path of base, without its last segment when
// the reference has a path of its own; keep false drops all of it.
func (p *parser) relativePath(in string, base *URL, keep bool) error {
	p.u.path = p.at()
	if keep {
		p.out = append(p.out, base.href[base.path:base.query]...)
	}
	switch {
	case in == "" || in[0] == '#':
		p.guardPath()
		p.u.query = p.at()
		p.out = append(p.out, base.href[base.query:base.frag]...)
		p.fragment(in)
		return nil
	case in[0] == '?':
		p.guardPath()
		p.tail(in)
		return nil
	}
	p.shorten()
	return p.segments(in)
}

// copyAuthority takes credentials, host and port from base.
func (p *parser) copyAuthority(base *URL) {
	p.u.user, p.u.host, p.u.hostEnd = base.user, base.host, base.hostEnd
	p.out = append(p.out, base.href[base.scheme+1:base.authorityEnd()]...)
}

func (p *parser) noHost() {
	p.u.user, p.u.host, p.u.hostEnd, p.u.path = p.at(), p.at(), p.at(), p.at()
}

func (p *parser) emptyHost() {
	p.out = append(p.out, "//"...)
	p.noHost()
}

func (p *parser) trimSlashes(in string) string {
	for p.slash(in) {
		in = in[1:]
	}
	return in
}

// authority is the authority, host, port and path start states: in begins
// after the slashes.
func (p *parser) authority(in string) error {
	end, at := len(in), -1
scan:
	for i := range len(in) {
		switch in[i] {
		case '/', '?', '#':
			end = i
			break scan
		case '\\':
			if p.special() {
				end = i
				break scan
			}
		case '@':
			at = i
		}
	}
	p.out = append(p.out, "//"...)
	p.u.user = p.at()
	if at >= 0 {
		if at+1 == end {
			return ErrHost
		}
		p.credentials(in[:at])
	}
	p.u.host = p.at()
	host, port, hasPort := cutPort(in[at+1 : end])
	if host == "" && (hasPort || p.special()) {
		return ErrHost
	}
	if err := p.hostname(host); err != nil {
		return err
	}
	p.u.hostEnd = p.at()
	if err := p.port(port); err != nil {
		return err
	}
	return p.pathStart(in[end:])
}

func (p *parser) credentials(s string) {
	name, password, _ := strings.Cut(s, ":")
	if name == "" && password == "" {
		return
	}
	p.out = appendEncoded(p.out, name, inUserinfo)
	p.u.user = p.at()
	if password != "" {
		p.out = append(p.out, ':')
		p.out = appendEncoded(p.out, password, inUserinfo)
	}
	p.out = append(p.out, '@')
}

// cutPort splits at the first ':' that is not in brackets.
func cutPort(s string) (host, port string, found bool) {
	inside := false
	for i := range len(s) {
		switch s[i] {
		case '[':
			inside = true
		case ']':
			inside = false
		case ':':
			if !inside {
				return s[:i], s[i+1:], true
			}
		}
	}
	return s, "", false
}

func (p *parser) port(s string) error {
	if s == "" {
		return nil
	}
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			return ErrPort
		}
		if n = n*10 + int(s[i]-'0'); n > 65535 {
			return ErrPort
		}
	}
	if n != defaultPort[p.u.kind] {
		p.out = append(p.out, ':')
		p.out = appendInt(p.out, n)
	}
	return nil
}
