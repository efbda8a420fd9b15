package dns

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// ednsBytes is the datagram that we take: one that no path cuts into
	// fragments (DNS flag day 2020).
	ednsBytes = 1232
	// maxRecords bounds the records of a message that are read.
	maxRecords = 512
)

// A question is one name and type, with what an answer must repeat.
type question struct {
	id   uint16
	name dnsmessage.Name // in random case
	typ  dnsmessage.Type
}

func newQuestion(name string, t dnsmessage.Type) (question, error) {
	var dice [2 + 32]byte
	rand.Read(dice[:]) // never fails
	spelt := []byte(name)
	for i, c := range spelt {
		if 'a' <= c && c <= 'z' && dice[2+i/8]>>(i%8)&1 != 0 {
			spelt[i] = c - 'a' + 'A'
		}
	}
	n, err := dnsmessage.NewName(string(spelt))
	return question{id: binary.BigEndian.Uint16(dice[:]), name: n, typ: t}, err
}

// plain is the name as people write it.
func (q *question) plain() string { return strings.TrimSuffix(strings.ToLower(q.name.String()), ".") }

// pack makes the message, behind two bytes for its length over TCP.
func (q *question) pack(edns bool) ([]byte, error) {
	b := dnsmessage.NewBuilder(make([]byte, 2, 128), dnsmessage.Header{ID: q.id, RecursionDesired: true})
	err := b.StartQuestions()
	if err == nil {
		err = b.Question(dnsmessage.Question{Name: q.name, Type: q.typ, Class: dnsmessage.ClassINET})
	}
	if err == nil && edns {
		var h dnsmessage.ResourceHeader
		err = errors.Join(b.StartAdditionals(), h.SetEDNS0(ednsBytes, dnsmessage.RCodeSuccess, false), b.OPTResource(h, dnsmessage.OPTResource{}))
	}
	if err != nil {
		return nil, fmt.Errorf("dns: pack question: %w", err)
	}
	msg, err := b.Finish()
	if err != nil {
		return nil, fmt.Errorf("dns: pack question: %w", err)
	}
	binary.BigEndian.PutUint16(msg, uint16(len(msg)-2))
	return msg, nil
}

// A reply is what of an answer concerns us. Names in it are in lower case.
type reply struct {
	rcode     dnsmessage.RCode
	truncated bool
	aliases   map[string]alias
	addrs     map[string][]netip.Addr
	ttls      map[string]time.Duration // of addrs
	soa       bool                     // the server vouches for what is not there
	negative  time.Duration            // how long (RFC 2308, 5)
}

type alias struct {
	to  string
	ttl time.Duration
}

// What may be wrong with a datagram.
var (
	errStray = errors.New("not an answer to our question")
	errCase  = errors.New("the answer does not repeat the case of the question")
)

// parse reads an answer to q.
func (q *question) parse(msg []byte) (*reply, error) {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil || !h.Response || h.ID != q.id {
		return nil, errStray
	}
	re := &reply{rcode: h.RCode, truncated: h.Truncated}
	got, err := p.Question()
	switch {
	case err == dnsmessage.ErrSectionDone && h.RCode != dnsmessage.RCodeSuccess && h.RCode != dnsmessage.RCodeNameError:
		return re, nil // a server that could not read the question may leave it out
	case err != nil || got.Type != q.typ || got.Class != dnsmessage.ClassINET || !strings.EqualFold(got.Name.String(), q.name.String()):
		return nil, errStray
	case got.Name != q.name:
		return nil, errCase
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil, fmt.Errorf("damaged answer: %w", err)
	}
	if err := re.answers(&p, q.typ); err != nil && !re.truncated {
		return nil, fmt.Errorf("damaged answer: %w", err)
	}
	re.authority(&p)
	return re, nil
}

// answers reads the answer section: aliases and addresses.
func (re *reply) answers(p *dnsmessage.Parser, t dnsmessage.Type) error {
	re.aliases, re.addrs, re.ttls = map[string]alias{}, map[string][]netip.Addr{}, map[string]time.Duration{}
	for range maxRecords {
		h, err := p.AnswerHeader()
		if err == dnsmessage.ErrSectionDone {
			return nil
		}
		if err != nil {
			return err
		}
		owner := strings.ToLower(h.Name.String())
		switch {
		case h.Class != dnsmessage.ClassINET:
			err = p.SkipAnswer()
		case h.Type == dnsmessage.TypeCNAME:
			var c dnsmessage.CNAMEResource
			if c, err = p.CNAMEResource(); err == nil {
				re.aliases[owner] = alias{strings.ToLower(c.CNAME.String()), seconds(h.TTL)}
			}
		case h.Type == t && t == dnsmessage.TypeA:
			var a dnsmessage.AResource
			if a, err = p.AResource(); err == nil {
				re.add(owner, netip.AddrFrom4(a.A), h.TTL)
			}
		case h.Type == t && t == dnsmessage.TypeAAAA:
			var a dnsmessage.AAAAResource
			if a, err = p.AAAAResource(); err == nil {
				re.add(owner, netip.AddrFrom16(a.AAAA).Unmap(), h.TTL)
			}
		default:
			err = p.SkipAnswer()
		}
		if err != nil {
			return err
		}
	}
	return p.SkipAllAnswers()
}

func (re *reply) add(owner string, a netip.Addr, ttl uint32) {
	if old, ok := re.ttls[owner]; !ok || seconds(ttl) < old {
		re.ttls[owner] = seconds(ttl)
	}
	if len(re.addrs[owner]) < maxAddrs {
		re.addrs[owner] = append(re.addrs[owner], a)
	}
}

// authority looks for the SOA record that says how long nothing is there.
func (re *reply) authority(p *dnsmessage.Parser) {
	for range maxRecords {
		h, err := p.AuthorityHeader()
		if err != nil {
			return
		}
		if h.Type != dnsmessage.TypeSOA {
			if p.SkipAuthority() != nil {
				return
			}
			continue
		}
		if soa, err := p.SOAResource(); err == nil {
			re.soa, re.negative = true, min(seconds(h.TTL), seconds(soa.MinTTL))
		}
		return
	}
}

// seconds is a lifetime; one with the highest bit set is none (RFC 2181, 8).
func seconds(ttl uint32) time.Duration {
	if ttl >= 1<<31 {
		return 0
	}
	return time.Duration(ttl) * time.Second
}

// An end is where the aliases of a reply lead.
type end struct {
	name    string
	aliases int
	addrs   []netip.Addr
	ttl     time.Duration // the least on the way
}

// follow goes from a name along at most limit aliases.
func (re *reply) follow(name string, limit int) end {
	e := end{name: name, ttl: time.Duration(1<<31) * time.Second}
	for {
		if addrs := re.addrs[e.name]; len(addrs) > 0 {
			e.addrs, e.ttl = addrs, min(e.ttl, re.ttls[e.name])
			return e
		}
		a, ok := re.aliases[e.name]
		if !ok || e.aliases == limit {
			return e
		}
		e.name, e.ttl = a.to, min(e.ttl, a.ttl)
		e.aliases++
	}
}
