package fetch

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
)

func TestPublic(t *testing.T) {
	check := func(addr string, want bool) {
		t.Helper()
		a := netip.MustParseAddr(addr)
		err := (&guard{}).check(a)
		var private *privateError
		if (err == nil) != want || err != nil && !errors.As(err, &private) {
			t.Errorf("%s: %v, want public %v", addr, err, want)
		}
		if err := (&guard{allowAll: true}).check(a); err != nil {
			t.Errorf("%s with AllowPrivate: %v", addr, err)
		}
		if err := (&guard{}).control("tcp", netip.AddrPortFrom(a, 80).String(), nil); (err == nil) != want {
			t.Errorf("%s in control: %v", addr, err)
		}
	}
	for _, addr := range []string{
		"1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
		"169.253.255.255", "192.167.255.255", "198.20.0.1", "223.255.255.255", "::ffff:8.8.8.8",
		"2606:4700::1111", "2001:4860:4860::8888", "2002:808:808::1", "64:ff9b::808:808",
	} {
		check(addr, true)
	}
	for _, addr := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
		"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1",
		"198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
		"::", "::1", "::2", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
		"fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "2001::1", "2001:db8::1", "3fff::1", "5f00::1",
		"2002:7f00:1::1", "2002:a00:1::1", "2002:c0a8:101::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808",
		"2606:4700::1111%eth0",
	} {
		check(addr, false)
	}
	g := &guard{allow: prefixes("10.1.0.0/16", "fd00::/64")}
	for addr, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "fd00::1": true, "fd00:1::1": false} {
		if err := g.check(netip.MustParseAddr(addr)); (err == nil) != want {
			t.Errorf("%s with a list: %v", addr, err)
		}
	}
}

// TestControl dials a listener that is really there: the check must hold on
// the system's own path too, where the caller's checks were gone around.
func TestControl(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	nd := net.Dialer{Control: (&guard{}).control}
	var private *privateError
	if _, err := nd.DialContext(t.Context(), "tcp", l.Addr().String()); !errors.As(err, &private) {
		t.Errorf("connected, or failed otherwise: %v", err)
	}
	nd.Control = (&guard{allowAll: true}).control
	c, err := nd.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestInterleave(t *testing.T) {
	check := func(want string, in ...string) {
		t.Helper()
		var addrs []netip.Addr
		for _, a := range in {
			addrs = append(addrs, netip.MustParseAddr(a))
		}
		got := ""
		for _, a := range interleave(addrs, 8) {
			got += a.String() + " "
		}
		if got != want {
			t.Errorf("%v: %s, want %s", in, got, want)
		}
	}
	check("1.0.0.1 ", "1.0.0.1")
	check("2::1 1.0.0.1 2::2 1.0.0.2 ", "2::1", "2::2", "1.0.0.1", "1.0.0.2")
	check("1.0.0.1 2::1 1.0.0.2 1.0.0.3 ", "1.0.0.1", "::ffff:1.0.0.2", "1.0.0.3", "2::1")
	check("1.0.0.1 1.0.0.2 1.0.0.3 1.0.0.4 1.0.0.5 1.0.0.6 1.0.0.7 1.0.0.8 ",
		"1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.4", "1.0.0.5", "1.0.0.6", "1.0.0.7", "1.0.0.8", "1.0.0.9")
}

// TestResolverBound: the answers that are kept do not grow for ever.
func TestResolverBound(t *testing.T) {
	r := &cachedResolver{Resolver: resolverFunc(func(string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("9.9.9.9")}, nil
	})}
	r.timeout = 1e9
	name := []byte("aaaa.test")
	for range maxNames + 100 {
		for i := range 4 { // count in base 26
			if name[i]++; name[i] <= 'z' {
				break
			}
			name[i] = 'a'
		}
		if _, err := r.LookupNetIP(t.Context(), "ip", string(name)); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.names) > maxNames {
		t.Errorf("%d names kept", len(r.names))
	}
}

type resolverFunc func(host string) ([]netip.Addr, error)

func (f resolverFunc) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return f(host)
}
