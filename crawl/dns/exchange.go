package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// maxStray is how many datagrams that do not answer our question are
	// passed over: more of them is somebody guessing.
	maxStray = 8
	// lameFor is how long a server that did not answer is asked last.
	lameFor = 30 * time.Second
)

func (r *Resolver) known(conf *config) []netip.AddrPort {
	if len(r.opt.Servers) > 0 {
		return r.opt.Servers
	}
	return conf.servers
}

// servers are those to ask, in order.
func (r *Resolver) servers(conf *config) []netip.AddrPort {
	list := slices.Clone(r.known(conf))
	if conf.rotate && len(list) > 1 {
		n := rand.IntN(len(list))
		list = append(list[n:], list[:n]...)
	}
	return r.lame.last(list, time.Now())
}

// ask puts a question to one server after another, round by round, until one
// gives an answer: addresses or their absence.
func (r *Resolver) ask(ctx context.Context, conf *config, q question) (*reply, error) {
	timeout, rounds := r.opt.Timeout, r.opt.Attempts
	if timeout <= 0 {
		timeout = conf.timeout
	}
	if rounds <= 0 {
		rounds = conf.attempts
	}
	var last error
	var lastServer netip.AddrPort
	for range rounds {
		for _, s := range r.servers(conf) {
			if ctx.Err() != nil {
				break
			}
			re, err := r.askOne(ctx, s, q, timeout, conf.tcp)
			if err == nil {
				r.lame.answered(s)
				return re, nil
			}
			last, lastServer = err, s
			if ctx.Err() == nil {
				r.lame.failed(s, time.Now())
			}
		}
	}
	if last == nil {
		last = ctx.Err()
	}
	if last == nil {
		last = errors.New("no nameserver")
	}
	timedOut := errors.Is(last, os.ErrDeadlineExceeded) || errors.Is(last, context.DeadlineExceeded)
	return nil, &net.DNSError{Err: last.Error(), Name: q.plain(), Server: lastServer.String(), UnwrapErr: last, IsTimeout: timedOut, IsTemporary: true}
}

// askOne asks one server: by UDP, and by TCP what did not fit or may be forged.
func (r *Resolver) askOne(ctx context.Context, s netip.AddrPort, q question, timeout time.Duration, tcp bool) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	edns := true
	for {
		re, err := r.exchange(ctx, s, q, edns, tcp)
		switch {
		case !tcp && err != nil && (errors.Is(err, errStray) || errors.Is(err, errCase)):
			tcp = true
			continue
		case err != nil:
			if ctx.Err() != nil {
				err = ctx.Err() // of many that say the same
			}
			if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
				r.stats.timeouts.Add(1)
			}
			return nil, err
		case re.truncated && !tcp:
			tcp = true
			continue
		case re.rcode == dnsmessage.RCodeSuccess, re.rcode == dnsmessage.RCodeNameError:
			return re, nil
		case edns && (re.rcode == dnsmessage.RCodeFormatError || re.rcode == dnsmessage.RCodeNotImplemented):
			edns = false // a server from before 1999 (RFC 6891, 7)
			continue
		}
		return nil, fmt.Errorf("the nameserver answers %s", strings.TrimPrefix(re.rcode.String(), "RCode"))
	}
}

// exchange sends one message and reads its answer.
func (r *Resolver) exchange(ctx context.Context, s netip.AddrPort, q question, edns, tcp bool) (*reply, error) {
	msg, err := q.pack(edns)
	if err != nil {
		return nil, err
	}
	network := "udp"
	if tcp {
		network = "tcp"
		r.stats.tcp.Add(1)
	}
	r.stats.queries.Add(1)
	c, err := r.opt.Dial(ctx, network, s.String())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })()
	if tcp {
		return q.stream(c, msg)
	}
	return r.datagram(c, q, msg[2:])
}

// datagram asks by UDP.
func (r *Resolver) datagram(c net.Conn, q question, msg []byte) (*reply, error) {
	if _, err := c.Write(msg); err != nil {
		return nil, err
	}
	buf := make([]byte, 4<<10)
	var cased error
	for range maxStray {
		n, err := c.Read(buf)
		if err != nil {
			if cased != nil {
				return nil, cased
			}
			return nil, err
		}
		re, err := q.parse(buf[:n])
		if !errors.Is(err, errStray) && !errors.Is(err, errCase) {
			return re, err
		}
		r.stats.stray.Add(1)
		if errors.Is(err, errCase) {
			return nil, err // the true answer of a server that does not keep the case, or a forged one
		}
	}
	return nil, errStray
}

// stream asks by TCP (RFC 7766): a connection cannot be forged from aside, so
// the case of the name does not matter.
func (q *question) stream(c net.Conn, msg []byte) (*reply, error) {
	if _, err := c.Write(msg); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return nil, err
	}
	buf := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, buf); err != nil {
		return nil, err
	}
	re, err := q.parse(buf)
	if errors.Is(err, errCase) {
		lower := *q
		if lower.recase(buf) {
			re, err = lower.parse(buf)
		}
	}
	return re, err
}

// recase takes over the case in which an answer repeats the name.
func (q *question) recase(msg []byte) bool {
	var p dnsmessage.Parser
	if _, err := p.Start(msg); err != nil {
		return false
	}
	got, err := p.Question()
	q.name = got.Name
	return err == nil
}

// lameServers remembers who did not answer. There are no more of them than
// servers.
type lameServers struct {
	mu    sync.Mutex
	until map[netip.AddrPort]time.Time
}

func (l *lameServers) failed(s netip.AddrPort, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until == nil || len(l.until) > 64 {
		l.until = map[netip.AddrPort]time.Time{}
	}
	l.until[s] = now.Add(lameFor)
}

func (l *lameServers) answered(s netip.AddrPort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.until, s)
}

// last puts those who did not answer lately behind the others.
func (l *lameServers) last(list []netip.AddrPort, now time.Time) []netip.AddrPort {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortStableFunc(list, func(a, b netip.AddrPort) int {
		x, y := now.Before(l.until[a]), now.Before(l.until[b])
		switch {
		case x == y:
			return 0
		case x:
			return 1
		}
		return -1
	})
	return list
}
