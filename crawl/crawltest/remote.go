package crawltest

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// A Remote is a web of another process, whole: its names, addresses, ports and
// certificates. It may be sent as JSON. Connections go through a door of the
// web's process, so that none is reset.
type Remote struct {
	Door string // address of the door
	CA   []byte // certificate, DER
}

// Remote opens the door, for as long as the web stands.
func (w *Web) Remote() Remote {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.tb.Fatalf("crawltest: %v", err)
	}
	w.tb.Cleanup(func() { l.Close() })
	w.done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if !w.keep(c) {
				c.Close()
				return
			}
			w.done.Go(func() {
				w.usher(c)
				w.drop(c)
			})
		}
	})
	return Remote{Door: l.Addr().String(), CA: w.ca.cert.Raw}
}

// found is the answer to a look-up at the door.
type found struct {
	Addrs []netip.Addr
	Err   *net.DNSError
}

// usher serves one visitor of the door, who says in a line what it wants: "lookup
// NAME", which is answered with JSON, or "dial ADDRESS", which is answered with
// "ok" and then the connection, or with what is wrong.
func (w *Web) usher(c net.Conn) {
	in := bufio.NewReader(c)
	line, err := in.ReadString('\n')
	if err != nil {
		return
	}
	verb, what, _ := strings.Cut(strings.TrimSpace(line), " ")
	ctx := w.tb.Context()
	if verb == "lookup" {
		var a found
		var err error
		if a.Addrs, err = w.LookupNetIP(ctx, "ip", what); err != nil && !errors.As(err, &a.Err) {
			a.Err = &net.DNSError{Err: err.Error(), Name: what}
		}
		json.NewEncoder(c).Encode(a) // whoever went away needs no answer
		return
	}
	to, err := w.Dial(ctx, "tcp", what)
	if err != nil {
		fmt.Fprintln(c, err)
		return
	}
	fmt.Fprintln(c, "ok")
	done := make(chan struct{})
	go func() {
		io.Copy(to, in)
		to.Close()
		close(done)
	}()
	io.Copy(c, to)
	c.Close()
	<-done
}

// RootCAs trusts the certificates of the web.
func (r Remote) RootCAs() *x509.CertPool {
	pool := x509.NewCertPool()
	if cert, err := x509.ParseCertificate(r.CA); err == nil {
		pool.AddCert(cert)
	}
	return pool
}

// knock says at the door what is wanted.
func (r Remote) knock(ctx context.Context, what string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", r.Door)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, what+"\n"); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// LookupNetIP resolves as the web does.
func (r Remote) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	c, err := r.knock(ctx, "lookup "+host)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	var a found
	if err := json.NewDecoder(c).Decode(&a); err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: host, IsTimeout: true}
	}
	if a.Err != nil {
		return nil, a.Err
	}
	return a.Addrs, nil
}

// Dial connects as the web does.
func (r Remote) Dial(ctx context.Context, _, addr string) (net.Conn, error) {
	c, err := r.knock(ctx, "dial "+addr)
	if err != nil {
		return nil, err
	}
	var answer []byte
	for one := make([]byte, 1); ; answer = append(answer, one[0]) { // no further: the rest is the connection's
		if _, err := c.Read(one); err != nil {
			c.Close()
			return nil, err
		}
		if one[0] == '\n' {
			break
		}
	}
	if string(answer) != "ok" {
		c.Close()
		return nil, fmt.Errorf("crawltest: %s: %w", answer, syscall.ECONNREFUSED)
	}
	return c, nil
}
