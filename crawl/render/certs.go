package render

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net"
	"sync"
	"time"
)

const maxCerts = 1024

// certs makes the certificates that the proxy shows to our own browsers, which
// are told to take those of this one key (pin). The key is never written. The
// certificate of the real server is checked by package fetch.
type certs struct {
	key *ecdsa.PrivateKey
	pin string // SHA-256 of the public key, base 64

	mu     sync.Mutex
	byHost map[string]*tls.Certificate
}

func newCerts() (*certs, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(public)
	return &certs{key: key, pin: base64.StdEncoding.EncodeToString(sum[:]), byHost: map[string]*tls.Certificate{}}, nil
}

// config is that of the server's side for one host.
func (c *certs) config(host string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.of(host) }}
}

func (c *certs) of(host string) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cert := c.byHost[host]; cert != nil {
		return cert, nil
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	t := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{Organization: []string{"Trawl renderer"}},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(host); ip != nil {
		t.IPAddresses = []net.IP{ip}
	} else {
		t.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &c.key.PublicKey, c.key)
	if err != nil {
		return nil, err
	}
	if len(c.byHost) >= maxCerts {
		clear(c.byHost)
	}
	cert := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: c.key}
	c.byHost[host] = cert
	return cert, nil
}
