package fetch

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

const (
	// maxConnectBytes bounds the answer to CONNECT.
	maxConnectBytes = 16 << 10
	// maxTunnelAddrs is how many addresses of a name a proxy is asked for.
	maxTunnelAddrs = 3
)

// A tunnel dials through a proxy. It is handed to http.Transport.
type tunnel struct {
	*dialer
	proxy   *proxy
	tls     *tls.Config // for a proxy that speaks TLS; cloned for each connection
	forward bool        // the transport speaks to the proxy itself
}

// DialContext connects to host:port through the proxy.
func (t *tunnel) DialContext(ctx context.Context, _, hostport string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	targets, err := t.targets(ctx, hostport)
	if err != nil {
		return nil, err
	}
	var failed *proxyError
	for _, target := range targets[:min(len(targets), maxTunnelAddrs)] {
		c, err := t.through(ctx, target)
		if err == nil {
			addr, _ := netip.ParseAddrPort(target) // zero where the proxy resolves
			return &conn{Conn: c, addr: addr}, nil
		}
		if failed = t.judge(err); failed.blame == blameProxy || ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// judge says what an error of through tells about the proxy. All that has no
// judgement yet is its own.
func (t *tunnel) judge(err error) *proxyError {
	var failed *proxyError
	if !errors.As(err, &failed) {
		failed = &proxyError{blame: blameProxy, err: err}
	}
	failed.proxy = t.proxy.Host
	return failed
}

// targets are what the proxy is asked for in turn: the name, if it is to
// resolve it, or its permitted addresses.
func (t *tunnel) targets(ctx context.Context, hostport string) ([]string, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, &dialError{err}
	}
	if _, err := netip.ParseAddr(host); err != nil && t.proxy.RemoteDNS {
		return []string{hostport}, nil
	}
	addrs, err := t.permitted(ctx, host)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, a := range addrs {
		out = append(out, net.JoinHostPort(a.String(), port))
	}
	return out, nil
}

// through opens one connection to the proxy and asks for the target.
func (t *tunnel) through(ctx context.Context, target string) (net.Conn, error) {
	c, err := t.reach(ctx)
	if err != nil || t.forward {
		return c, err
	}
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	if t.proxy.Scheme == "socks5" {
		err = t.socks(c, target)
	} else {
		err = t.connectTo(c, target)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// reach connects to the proxy. The operator chose it: the guard is not asked.
func (t *tunnel) reach(ctx context.Context) (net.Conn, error) {
	switch t.proxy.Scheme {
	case "http", "https", "socks5":
	default:
		return nil, fmt.Errorf("scheme %q: want http, https or socks5", t.proxy.Scheme)
	}
	host, port, err := net.SplitHostPort(t.proxy.Host)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("bad port %q", port)
	}
	addrs, err := t.lookup(ctx, host)
	if err != nil {
		return nil, errors.New("name: " + err.Error()) // not a fault of the target's name
	}
	var at []netip.AddrPort
	for _, a := range addrs {
		at = append(at, netip.AddrPortFrom(a, uint16(number)))
	}
	raced, err := t.race(ctx, at, &guard{allowAll: true})
	if err != nil {
		return nil, err
	}
	c := raced.(*conn).Conn // DialContext counts what the target sends
	if t.proxy.Scheme != "https" {
		return c, nil
	}
	config := t.tls.Clone()
	config.ServerName = host
	tc := tls.Client(c, config)
	if err := tc.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return tc, nil
}

// connectTo asks an HTTP proxy for a tunnel (RFC 9110, 9.3.6).
func (t *tunnel) connectTo(c net.Conn, target string) error {
	req := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"
	if a := t.proxy.authorization(); a != "" {
		req += "Proxy-Authorization: " + a + "\r\n"
	}
	if _, err := io.WriteString(c, req+"\r\n"); err != nil {
		return err
	}
	// What stands behind the header would be the target's, who speaks second.
	br := bufio.NewReader(io.LimitReader(c, maxConnectBytes))
	if _, err := br.Peek(1); err != nil {
		// A proxy waits for its target, often longer than we do.
		return &proxyError{blame: blameEither, err: fmt.Errorf("no answer to CONNECT: %w", err)}
	}
	resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return fmt.Errorf("no answer to CONNECT: %w", err)
	}
	early := br.Buffered() // Close reads over a body, which what opens a tunnel has not
	resp.Body.Close()
	switch code := resp.StatusCode; {
	case code >= 300 || code < 200:
		return &proxyError{blame: blameOfStatus(code, resp.Header), spoke: true, err: fmt.Errorf("it answers CONNECT with %d", code)}
	case early > 0: // a page of its own
		return &proxyError{blame: blameEither, err: errors.New("it speaks before it is asked")}
	}
	return nil
}

// refusal is what a proxy that was asked for a whole address answers for itself;
// nil: the answer is the origin's. An origin could say all of it but 407, so that
// it is held against the proxy only beside others.
func (p *Proxy) refusal(resp *http.Response) *proxyError {
	if resp.StatusCode == http.StatusProxyAuthRequired {
		return &proxyError{proxy: p.Host, blame: blameProxy, spoke: true, err: errors.New("it answers 407")}
	}
	if b := blameOfField(resp.Header); resp.StatusCode >= 400 && (b == blameProxy || b == blameEither) {
		return &proxyError{proxy: p.Host, blame: blameEither, spoke: true, err: fmt.Errorf("it answers %d itself", resp.StatusCode)}
	}
	return nil
}

func (p *Proxy) authorization() string {
	if p.User == "" && p.Password.IsZero() {
		return ""
	}
	return basic(p.User, p.Password)
}

// The words of SOCKS5 (RFC 1928, RFC 1929).
const (
	socksVersion  = 5
	socksNoAuth   = 0
	socksPassword = 2
	socksConnect  = 1
	socksIPv4     = 1
	socksName     = 3
	socksIPv6     = 4
	socksMaxText  = 255
)

// socks asks a SOCKS5 proxy for a connection.
func (t *tunnel) socks(c net.Conn, target string) error {
	method := byte(socksNoAuth)
	if t.proxy.authorization() != "" {
		method = socksPassword
	}
	var in [4]byte
	if err := talk(c, []byte{socksVersion, 1, method}, in[:2]); err != nil {
		return err
	}
	if in[0] != socksVersion || in[1] != method {
		return errors.New("SOCKS5: it does not take our way to log in")
	}
	if method == socksPassword {
		user, password := t.proxy.User, t.proxy.Password.Reveal()
		if len(user) > socksMaxText || len(password) > socksMaxText {
			return errors.New("SOCKS5: user and password have at most 255 bytes")
		}
		msg := append([]byte{1, byte(len(user))}, user...)
		msg = append(append(msg, byte(len(password))), password...)
		if err := talk(c, msg, in[:2]); err != nil {
			return err
		}
		if in[1] != 0 {
			return errors.New("SOCKS5: it does not take our password")
		}
	}
	msg, err := socksRequest(target)
	if err != nil {
		return err
	}
	if err := talk(c, msg, in[:4]); err != nil {
		return &proxyError{blame: blameEither, err: fmt.Errorf("SOCKS5: no answer: %w", err)}
	}
	if in[0] != socksVersion {
		return errors.New("SOCKS5: it speaks something else")
	}
	if code := in[1]; code != 0 {
		return &proxyError{blame: blameOfSocks(code), spoke: true, err: fmt.Errorf("SOCKS5: it answers %d", code)}
	}
	return socksBound(c, in[3])
}

func socksRequest(target string) ([]byte, error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	msg := []byte{socksVersion, socksConnect, 0}
	switch a, err := netip.ParseAddr(host); {
	case err == nil && a.Is4():
		msg = append(append(msg, socksIPv4), a.AsSlice()...)
	case err == nil:
		msg = append(append(msg, socksIPv6), a.AsSlice()...)
	case len(host) > socksMaxText:
		return nil, errors.New("SOCKS5: a name has at most 255 bytes")
	default:
		msg = append(append(msg, socksName, byte(len(host))), host...)
	}
	return binary.BigEndian.AppendUint16(msg, uint16(number)), nil
}

// socksBound reads over the address and port that the proxy connected from.
func socksBound(c net.Conn, kind byte) error {
	n := 0
	switch kind {
	case socksIPv4:
		n = 4
	case socksIPv6:
		n = 16
	case socksName:
		var size [1]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return err
		}
		n = int(size[0])
	default:
		return errors.New("SOCKS5: an address of no known kind")
	}
	_, err := io.ReadFull(c, make([]byte, n+2))
	return err
}

// talk says one thing and hears another.
func talk(c net.Conn, say, hear []byte) error {
	if _, err := c.Write(say); err != nil {
		return err
	}
	_, err := io.ReadFull(c, hear)
	return err
}
