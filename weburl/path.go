package weburl

import "strings"

// pathStart is the path start state: in is empty or begins with / \ ? or #.
func (p *parser) pathStart(in string) error {
	p.u.path = p.at()
	if p.slash(in) {
		return p.segments(in[1:])
	}
	if p.special() {
		return p.segments(in)
	}
	p.tail(in)
	return nil
}

// segments is the path state. The path of out begins at u.path and holds every
// segment behind a '/', so an empty list of segments is no byte at all.
func (p *parser) segments(in string) error {
	for {
		p.out = append(p.out, '/')
		start := len(p.out)
		in = p.segment(in)
		slash := p.slash(in)
		switch dots(p.out[start:]) {
		case 2:
			p.out = p.out[:start-1]
			p.shorten()
			if !slash {
				p.out = append(p.out, '/')
			}
		case 1:
			p.out = p.out[:start-1]
			if !slash {
				p.out = append(p.out, '/')
			}
		default:
			if p.u.kind == file && start-1 == int(p.u.path) && len(p.out)-start == 2 && isDrive(string(p.out[start:])) {
				p.out[start+1] = ':'
			}
		}
		if !slash {
			break
		}
		in = in[1:]
	}
	p.guardPath()
	p.tail(in)
	return nil
}

// segment writes one segment and returns the rest, which is empty or begins
// with the character that ended it.
func (p *parser) segment(in string) string {
	run := 0
	for i := 0; i < len(in); {
		s := sets[in[i]]
		if s&(inPath|pathEnd) == 0 {
			i++
			continue
		}
		if s&pathEnd != 0 {
			if in[i] != '\\' || p.special() {
				p.out = append(p.out, in[run:i]...)
				return in[i:]
			}
			i++
			continue
		}
		p.out = append(p.out, in[run:i]...)
		var n int
		p.out, n = appendPercent(p.out, in[i:])
		i += n
		run = i
	}
	p.out = append(p.out, in[run:]...)
	return ""
}

// dots is 1 for a segment that means "here", 2 for one that means "up", else 0;
// each dot may be written %2e.
func dots(seg []byte) int {
	n := 0
	for len(seg) > 0 {
		switch {
		case seg[0] == '.':
			seg = seg[1:]
		case len(seg) >= 3 && seg[0] == '%' && seg[1] == '2' && seg[2]|0x20 == 'e':
			seg = seg[3:]
		default:
			return 0
		}
		if n++; n > 2 {
			return 0
		}
	}
	return n
}

// shorten drops the last segment, but never the drive letter of a file.
func (p *parser) shorten() {
	path := p.out[p.u.path:]
	if p.u.kind == file && len(path) == 3 && isAlpha(path[1]) && path[2] == ':' {
		return
	}
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			p.out = p.out[:int(p.u.path)+i]
			return
		}
	}
}

// guardPath puts "/." before a path of "//x" without a host, lest the result
// be read as having one.
func (p *parser) guardPath() {
	if p.u.host != p.u.scheme+1 || p.u.path != p.u.host {
		return
	}
	path := p.out[p.u.path:]
	if len(path) < 2 || path[0] != '/' || path[1] != '/' {
		return
	}
	p.out = append(p.out, "//"...)
	copy(p.out[p.u.path+2:], p.out[p.u.path:])
	p.out[p.u.path+1] = '.'
	p.u.path += 2
}

// opaque is the opaque path state. A space before the query or fragment is
// encoded, because it would be cut from an address that ends in it.
func (p *parser) opaque(in string) error {
	end := strings.IndexAny(in, "?#")
	if end < 0 {
		end = len(in)
	}
	path := in[:end]
	if end < len(in) && strings.HasSuffix(path, " ") {
		p.out = appendEncoded(p.out, path[:end-1], inControl)
		p.out = append(p.out, "%20"...)
	} else {
		p.out = appendEncoded(p.out, path, inControl)
	}
	p.tail(in[end:])
	return nil
}

// tail is the query and fragment states: in is empty or begins with ? or #.
func (p *parser) tail(in string) {
	p.u.query = p.at()
	if len(in) > 0 && in[0] == '?' {
		end := strings.IndexByte(in, '#')
		if end < 0 {
			end = len(in)
		}
		encode := inQuery
		if p.special() {
			encode = inSpecial
		}
		p.out = append(p.out, '?')
		p.out = appendEncoded(p.out, in[1:end], encode)
		in = in[end:]
	}
	p.fragment(in)
}

// fragment writes in, which is empty or begins with #.
func (p *parser) fragment(in string) {
	p.u.frag = p.at()
	if len(in) > 0 {
		p.out = append(p.out, '#')
		p.out = appendEncoded(p.out, in[1:], inFragment)
	}
}

// file is the file and file slash states; base is nil or a file too.
func (p *parser) file(in string, base *URL) error {
	switch {
	case p.slash(in) && p.slash(in[1:]):
		return p.fileHost(in[2:])
	case p.slash(in):
		in = in[1:]
		if base == nil {
			p.emptyHost()
			return p.segments(in)
		}
		p.copyAuthority(base)
		p.u.path = p.at()
		if path := base.Path(); !startsWithDrive(in) && len(path) >= 3 && isAlpha(path[1]) && path[2] == ':' && (len(path) == 3 || path[3] == '/') {
			p.out = append(p.out, path[:3]...)
		}
		return p.segments(in)
	case base == nil:
		p.emptyHost()
		return p.segments(in)
	}
	p.copyAuthority(base)
	return p.relativePath(in, base, !startsWithDrive(in))
}

// fileHost is the file host state: in begins after two slashes.
func (p *parser) fileHost(in string) error {
	end := strings.IndexAny(in, "/\\?#")
	if end < 0 {
		end = len(in)
	}
	p.emptyHost()
	if isDrive(in[:end]) {
		return p.segments(in)
	}
	if end > 0 {
		if err := p.hostname(in[:end]); err != nil {
			return err
		}
		if string(p.out[p.u.host:]) == "localhost" {
			p.out = p.out[:p.u.host]
		}
		p.u.hostEnd = p.at()
	}
	return p.pathStart(in[end:])
}

// isDrive reports whether s is a Windows drive letter: C: or C|.
func isDrive(s string) bool {
	return len(s) == 2 && isAlpha(s[0]) && (s[1] == ':' || s[1] == '|')
}

func startsWithDrive(s string) bool {
	return len(s) >= 2 && isDrive(s[:2]) && (len(s) == 2 || strings.IndexByte("/\\?#", s[2]) >= 0)
}
