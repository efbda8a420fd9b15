package fetch

import (
	"fmt"
	"net/netip"
	"syscall"
)

// A guard decides which addresses may be reached. A crawler follows what
// strangers write: without it, any page could make us ask the services of our
// own machine and network (server-side request forgery).
type guard struct {
	allowAll bool
	allow    []netip.Prefix
}

// A privateError is the guard's no.
type privateError struct{ addr netip.Addr }

func (e *privateError) Error() string {
	return fmt.Sprintf("%s is not an address of the public internet", e.addr)
}

// check gives an error where an address may not be reached.
func (g *guard) check(addr netip.Addr) error {
	if g.allowAll {
		return nil
	}
	addr = addr.Unmap() // ::ffff:127.0.0.1 connects to 127.0.0.1
	for _, p := range g.allow {
		if p.Contains(addr) {
			return nil
		}
	}
	if !public(addr) {
		return &privateError{addr}
	}
	return nil
}

// control is a net.Dialer's: it sees the address that the system is about to
// connect to, after all resolution.
func (g *guard) control(network, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("no address to dial: %w", err)
	}
	return g.check(ap.Addr())
}

// public says whether an address belongs to the public internet: for IPv4, all
// that is not set aside; for IPv6, what is allocated (2000::/3) and not set
// aside, and the well-known NAT64 prefix over public IPv4.
func public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false // link-local
	}
	if a.Is4() {
		return !within(a, special4)
	}
	b := a.As16()
	switch {
	case nat64.Contains(a):
		return public(netip.AddrFrom4([4]byte(b[12:16])))
	case sixToFour.Contains(a):
		return public(netip.AddrFrom4([4]byte(b[2:6])))
	}
	return globalUnicast.Contains(a) && !within(a, special6)
}

func within(a netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// The IANA special-purpose address registries (RFC 6890 and later), and what
// clouds put at public addresses.
var (
	special4 = prefixes(
		"0.0.0.0/8",        // this network (RFC 791); Linux connects to itself
		"10.0.0.0/8",       // private (RFC 1918)
		"100.64.0.0/10",    // carrier-grade NAT (RFC 6598); Alibaba's metadata
		"127.0.0.0/8",      // loopback
		"169.254.0.0/16",   // link-local; the metadata of most clouds
		"172.16.0.0/12",    // private
		"192.0.0.0/24",     // protocol assignments (RFC 6890); Oracle's metadata
		"192.0.2.0/24",     // documentation (RFC 5737)
		"192.88.99.0/24",   // 6to4 relays (RFC 7526)
		"192.168.0.0/16",   // private
		"198.18.0.0/15",    // benchmarks (RFC 2544)
		"198.51.100.0/24",  // documentation
		"203.0.113.0/24",   // documentation
		"224.0.0.0/4",      // multicast
		"240.0.0.0/4",      // reserved, and broadcast
		"168.63.129.16/32", // Azure's host agent
	)
	special6 = prefixes(
		"2001::/23",     // protocol assignments, Teredo and ORCHID among them
		"2001:db8::/32", // documentation (RFC 3849)
		"3fff::/20",     // documentation (RFC 9637)
	)
	globalUnicast = netip.MustParsePrefix("2000::/3")
	sixToFour     = netip.MustParsePrefix("2002::/16")    // RFC 3056: IPv4 in bytes 2 to 5
	nat64         = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: IPv4 in the last 4 bytes
)
