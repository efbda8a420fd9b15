package crawltest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// N: the network, and what stands behind a login or a proxy.

// N01Refused are hosts whose TLS must not be trusted; sni.n01.test is in order.
var N01Refused = []string{"expired.n01.test", "wrong.n01.test", "selfsigned.n01.test", "tls10.n01.test", "stall.n01.test"}

// N02Hosts are the hosts of N02, to be asked by https.
var N02Hosts = []string{"goaway.n02.test", "rst.n02.test", "settings.n02.test", "window.n02.test"}

func networkRows() []Row {
	return []Row{
		{ID: "N01", Behaviour: "certificates expired, for another host, self-signed; TLS 1.0; SNI required; a handshake that stalls", Seeds: secureSeeds(append(N01Refused, "sni.n01.test")), Install: installN01},
		{ID: "N02", Behaviour: "HTTP/2: GOAWAY, RST_STREAM and SETTINGS in floods, a window of 0", Seeds: secureSeeds(N02Hosts), Install: installN02},
		{ID: "N03", Behaviour: "DNS: no such name, SERVFAIL, no answer, a CNAME loop; a hundred addresses; IPv6 that is not reached", Seeds: n03Seeds(), Install: installN03},
		{ID: "N04", Behaviour: "pages behind basic, bearer and form login; a session that ends", Seeds: seed("basic.n04.test", "bearer.n04.test", "form.n04.test", "expiry.n04.test"), Install: installN04},
		{ID: "N05", Behaviour: "links that end the session", Seeds: seed("n05.test"), Install: installN05},
		{ID: "N06", Behaviour: "proxies: one asks for a password, one is dead, two work", Seeds: seed("n06.test"), Install: installN06},
	}
}

func secureSeeds(hosts []string) (out []string) {
	for _, h := range hosts {
		out = append(out, "https://"+h+"/")
	}
	return out
}

func installN01(w *Web) {
	for _, h := range []string{"expired.n01.test", "wrong.n01.test"} {
		w.Site(h).Page("/", prosePage(1)) // the authority gives them such certificates
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.tb.Fatalf("crawltest: %v", err)
	}
	own := template("selfsigned.n01.test")
	own.DNSNames = []string{"selfsigned.n01.test"}
	der, err := x509.CreateCertificate(rand.Reader, own, own, &key.PublicKey, key)
	if err != nil {
		w.tb.Fatalf("crawltest: %v", err)
	}
	w.Site("selfsigned.n01.test").Listen(443, w.secured(&tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}))
	w.Site("tls10.n01.test").Listen(443, w.secured(&tls.Config{GetCertificate: w.ca.certificate, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}))
	w.Site("stall.n01.test").Listen(443, func(c net.Conn) { io.Copy(io.Discard, c) })
	w.Site("sni.n01.test").Page("/", prosePage(3)).Listen(443, w.secured(&tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "" {
			return nil, errors.New("crawltest: which host?")
		}
		return w.ca.certificate(hello)
	}}))
}

// secured shakes hands by a configuration of its own and then serves HTTP/1.1 as
// the web does.
func (w *Web) secured(config *tls.Config) func(net.Conn) {
	return func(c net.Conn) {
		if tc := tls.Server(c, config); tc.Handshake() == nil {
			w.serveOn(tc)
		}
	}
}

// serveOn answers on one connection until it ends, as the web does.
func (w *Web) serveOn(c net.Conn) {
	l := newPipes()
	s := &http.Server{Handler: w, ErrorLog: log.New(io.Discard, "", 0)}
	s.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateClosed || st == http.StateHijacked {
			l.Close()
		}
	}
	w.done.Go(func() { l.conns <- c })
	s.Serve(l)
}

func n03Seeds() (out []string) {
	for _, h := range []string{"nx", "servfail", "timeout", "cname-loop", "many", "aaaa"} {
		for i := range 5 {
			out = append(out, fmt.Sprintf("http://%s.n03.test/page%d", h, i+1))
		}
	}
	return out
}

func installN03(w *Web) {
	fails := func(host string, err *net.DNSError) *Site {
		err.Name = host
		return w.Site(host).SetLookup(func(int) ([]netip.Addr, error) { return nil, err })
	}
	fails("nx.n03.test", &net.DNSError{Err: "no such host", IsNotFound: true})
	fails("servfail.n03.test", &net.DNSError{Err: "server misbehaving", IsTemporary: true})
	fails("timeout.n03.test", &net.DNSError{Err: "i/o timeout", IsTimeout: true}).SetLookupDelay(time.Minute)
	fails("cname-loop.n03.test", &net.DNSError{Err: "too many CNAMEs", IsTemporary: true})
	pages := numbers("/page", 5)
	many := w.Site("many.n03.test").star(pages...)
	addrs := many.addresses()
	many.SetLookup(func(int) ([]netip.Addr, error) {
		out := make([]netip.Addr, 100)
		for i := range out {
			out[i] = netip.AddrFrom4([4]byte{9, 255, 3, byte(i)}) // nobody there
		}
		out[2] = addrs[0]
		return out, nil
	})
	six := w.Site("aaaa.n03.test").star(pages...)
	four := six.addresses()
	six.SetLookup(func(int) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("2a00::1"), netip.MustParseAddr("2a00::2"), four[0]}, nil
	})
}

func installN06(w *Web) {
	w.Site("n06.test").Mount(Generate(6, 60))
	proxy := w.proxy
	w.Site("proxy407.n06.test").Listen(3128, func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	w.Site("dead.n06.test").SetDown(true)
	w.Site("good1.n06.test").Listen(3128, proxy)
	w.Site("good2.n06.test").Listen(3128, proxy)
}

// proxy forwards one HTTP request, or what comes through CONNECT, to the web.
func (w *Web) proxy(c net.Conn) {
	first := make([]byte, 64<<10)
	n := 0
	for !strings.Contains(string(first[:n]), "\r\n\r\n") && n < len(first) {
		k, err := c.Read(first[n:])
		if n += k; err != nil {
			return
		}
	}
	line, rest, _ := strings.Cut(string(first[:n]), "\r\n")
	method, target, _ := strings.Cut(line, " ")
	target, proto, _ := strings.Cut(target, " ")
	var to net.Conn
	var err error
	if method == http.MethodConnect {
		l := w.plain
		if strings.HasSuffix(target, ":443") {
			l = w.secure
		}
		if to, err = dialListener(w.tb.Context(), l); err != nil {
			return
		}
		io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
	} else {
		if to, err = dialListener(w.tb.Context(), w.plain); err != nil {
			return
		}
		target = strings.TrimPrefix(target, "http://")
		if i := strings.IndexByte(target, '/'); i >= 0 {
			target = target[i:]
		} else {
			target = "/"
		}
		io.WriteString(to, method+" "+target+" "+proto+"\r\nConnection: close\r\nX-Proxied: yes\r\n"+rest)
	}
	done := make(chan struct{})
	go func() {
		io.Copy(to, c)
		to.Close()
		close(done)
	}()
	io.Copy(c, to)
	c.Close()
	<-done
}
