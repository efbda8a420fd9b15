package weburl

import "strconv"

// parseIPv6 reads what stands between the brackets: eight pieces of up to four
// hexadecimal digits, one "::" for a run of zeros, and perhaps a dotted IPv4
// address as the last two.
func parseIPv6(s string) (a [8]uint16, ok bool) {
	piece, compress, i := 0, -1, 0
	if len(s) > 0 && s[0] == ':' {
		if len(s) < 2 || s[1] != ':' {
			return a, false
		}
		i, piece, compress = 2, 1, 1 // "::" is at least one zero
	}
	for i < len(s) {
		if piece == 8 {
			return a, false
		}
		if s[i] == ':' {
			if compress >= 0 {
				return a, false
			}
			i++
			piece++
			compress = piece
			continue
		}
		start, value := i, 0
		for i < len(s) && i-start < 4 && unhex(s[i]) >= 0 {
			value = value<<4 | unhex(s[i])
			i++
		}
		if i < len(s) && s[i] == '.' {
			if i == start || piece > 6 || !ipv4Tail(s[start:], &a, piece) {
				return a, false
			}
			piece += 2
			break
		}
		if i < len(s) {
			if s[i] != ':' || i+1 == len(s) {
				return a, false
			}
			i++
		}
		a[piece] = uint16(value)
		piece++
	}
	if compress < 0 {
		return a, piece == 8
	}
	// Move what follows the "::" to the end.
	n := piece - compress
	for k := 1; k <= n; k++ {
		from, to := compress+n-k, 8-k
		if from != to {
			a[to], a[from] = a[from], 0
		}
	}
	return a, true
}

// ipv4Tail reads four decimal numbers without leading zeros, up to the end.
func ipv4Tail(s string, a *[8]uint16, piece int) bool {
	for k := range 4 {
		if k > 0 {
			if s == "" || s[0] != '.' {
				return false
			}
			s = s[1:]
		}
		n, i := 0, 0
		for ; i < len(s) && isDigit(s[i]); i++ {
			if i > 0 && n == 0 {
				return false
			}
			if n = n*10 + int(s[i]-'0'); n > 255 {
				return false
			}
		}
		if i == 0 {
			return false
		}
		s = s[i:]
		a[piece+k/2] = a[piece+k/2]<<8 | uint16(n)
	}
	return s == ""
}

// appendIPv6 writes the address with its first longest run of two or more
// zeros compressed (RFC 5952).
func appendIPv6(dst []byte, a [8]uint16) []byte {
	from, length := -1, 1
	for i := 0; i < 8; i++ {
		n := 0
		for i+n < 8 && a[i+n] == 0 {
			n++
		}
		if n > length {
			from, length = i, n
		}
		i += n
	}
	for i := 0; i < 8; i++ {
		if i == from {
			dst = append(dst, "::"...)
			i += length - 1
			continue
		}
		if i > 0 && i != from+length {
			dst = append(dst, ':')
		}
		dst = strconv.AppendUint(dst, uint64(a[i]), 16)
	}
	return dst
}
