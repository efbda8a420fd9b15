package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	maxCNAMEs = 16
	maxAddrs  = 64
	// grace is how long the addresses of one family wait for those of the
	// other: a server that does not answer for AAAA at all is no rarity.
	grace = 250 * time.Millisecond
	// partTTL bounds an answer that lacks a family because of a failure
	// (RFC 9520, 3.2: a failure is kept for five minutes at most).
	partTTL = 5 * time.Minute
)

// An answer is what became of a look-up: addresses, or err.
type answer struct {
	addrs []netip.Addr
	ttl   time.Duration
	err   error
}

type kind int

const (
	fault kind = iota
	found
	notFound
)

func (a *answer) kind() kind {
	if a.err == nil {
		return found
	}
	var dns *net.DNSError
	if errors.As(a.err, &dns) && dns.IsNotFound {
		return notFound
	}
	return fault
}

func missing(name, why string) error {
	return &net.DNSError{Err: why, Name: strings.TrimSuffix(name, "."), IsNotFound: true}
}

// search goes along the search list to the first name that has addresses. If
// none has, but one could not be looked up, that is a failure: only the
// authority of all answers makes a name one that does not exist.
func (r *Resolver) search(ctx context.Context, conf *config, name string, want families) answer {
	var last answer
	for _, n := range conf.names(name, r.opt.NoSearch) {
		a := r.both(ctx, conf, n, want)
		if a.kind() == found {
			return a
		}
		if last.err == nil || a.kind() == fault && last.kind() == notFound {
			last = a
		} else if a.kind() == notFound && last.kind() == notFound {
			last.ttl = min(last.ttl, a.ttl)
		}
	}
	return last
}

// both asks for all wanted families at the same time.
func (r *Resolver) both(ctx context.Context, conf *config, name string, want families) answer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan answer, 2)
	running := 0
	for f, t := range map[families]dnsmessage.Type{ipv4: dnsmessage.TypeA, ipv6: dnsmessage.TypeAAAA} {
		if want&f != 0 {
			running++
			go func() { results <- r.chase(ctx, conf, name, t) }()
		}
	}
	var all []answer
	var timer *time.Timer
	for ; running > 0; running-- {
		a := <-results
		all = append(all, a)
		if a.kind() == found && timer == nil {
			timer = time.AfterFunc(grace, cancel)
			defer timer.Stop()
		}
	}
	return merge(all, want)
}

// merge makes one answer of those for each family: addresses if there are any,
// else a failure if there is one.
func merge(all []answer, want families) answer {
	out := all[0]
	for _, a := range all[1:] {
		x, y := out.kind(), a.kind()
		switch {
		case x == found && y == found:
			out.addrs = append(out.addrs, a.addrs...)
			out.ttl = min(out.ttl, a.ttl)
		case y == found:
			out, a = a, out
			fallthrough
		case x == found:
			if a.kind() == fault {
				out.ttl = min(out.ttl, partTTL)
			}
		case x == notFound && y == fault:
			out = a
		case x == notFound:
			out.ttl = min(out.ttl, a.ttl)
		}
	}
	out.addrs = want.only(out.addrs)
	return out
}

// chase asks for one type, and on where an alias leads that the server did not
// follow itself.
func (r *Resolver) chase(ctx context.Context, conf *config, name string, t dnsmessage.Type) answer {
	ttl := time.Duration(1<<31) * time.Second
	asked, left := name, maxCNAMEs
	for {
		q, err := newQuestion(asked, t)
		if err != nil {
			return answer{err: missing(name, err.Error())}
		}
		re, err := r.ask(ctx, conf, q)
		if err != nil {
			return answer{err: err}
		}
		end := re.follow(asked, left)
		ttl = min(ttl, end.ttl)
		switch left -= end.aliases; {
		case len(end.addrs) > 0:
			return answer{addrs: end.addrs, ttl: ttl}
		case left <= 0:
			return answer{err: &net.DNSError{Err: fmt.Sprintf("more than %d aliases, or a circle of them", maxCNAMEs), Name: name, IsTemporary: true}}
		case re.rcode == dnsmessage.RCodeNameError:
			return answer{err: missing(name, "no such host"), ttl: min(ttl, re.negative)}
		case end.aliases == 0 || re.soa:
			return answer{err: missing(name, "no addresses"), ttl: min(ttl, re.negative)}
		}
		asked = end.name
	}
}
