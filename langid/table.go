package langid

import (
	_ "embed"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"sync"
)

// The table is written by _train and used where it lies, without unpacking.
// All numbers are little-endian.
//
//	+------+---+---+-----+---------+---------+-----+---------+----------+-------+
//	| TLID | 1 | n | 0 0 | step f4 | group 1 | ... | group n | 32 zeros | crc32c|
//	+------+---+---+-----+---------+---------+-----+---------+----------+-------+
//	 magic  version, groups         each after its length, 4 bytes       of all before
//
//	group, for the languages of one script:
//	+--------+-------+------+---+--------+-------------+--------------+-----------+---------------+
//	| script | langs | bits | 0 | rows 4 | langs x tag | buckets      | rows x    | rows x        |
//	|        | (L)   |      |   |        | 4 bytes, 0s | (2^bits+1)x4 | hash 2    | (L+1)/2 bytes |
//	+--------+-------+------+---+--------+-------------+--------------+-----------+---------------+
//
// A row belongs to an n-gram of 1 to 5 symbols, letters in lower case or the
// edge of a word, and says of each language how likely the last symbol is after
// the others: a level of 0 (the likeliest language) to 15, each step nats of
// log-probability below, two levels a byte, the even language low. Rows stand
// in the order of their n-grams' hashes: bucket b, the hash's highest bits,
// begins at row buckets[b], and the lowest 16 bits tell n-grams of a bucket
// apart; one in 20,000 n-grams without a row is taken for one with.
//
// For example, after " ik" a "k" is likely in Bokmål and Danish (ikke), at
// levels 0 and 1, and far less so in English or French, at 4 and above.
const (
	magic     = "TLID"
	version   = 1
	order     = 5  // symbols of the longest n-gram
	maxLangs  = 64 // of a group: 32 bytes, read as four words
	slack     = 32 // zeros after the last row
	tableHead = 12
	groupHead = 8
	hashMul   = 0x9E3779B97F4A7C15
)

//go:embed table.bin
var tableBytes string

// defaultTable is opened by who first asks, so that a program that never does
// need not read it.
var defaultTable = sync.OnceValue(func() *table { return mustOpen(tableBytes) })

type table struct {
	step   float64 // nats by level
	groups [scripts]*group
}

type group struct {
	tags    []string
	bits    uint
	buckets string
	marks   string
	rows    string // with slack
	width   int
}

// mustOpen may panic: the bytes are part of the program.
func mustOpen(b string) *table {
	t, err := openTable(b)
	if err != nil {
		panic(err)
	}
	return t
}

var errTable = errors.New("not a table of this version")

func openTable(b string) (*table, error) {
	if len(b) < tableHead+slack+4 || b[:4] != magic || b[4] != version {
		return nil, fmt.Errorf("langid: open: %w", errTable)
	}
	body := b[:len(b)-4]
	if crc32.Checksum([]byte(body), crc32.MakeTable(crc32.Castagnoli)) != le32(b, len(b)-4) {
		return nil, errors.New("langid: open: wrong checksum")
	}
	t := &table{step: float64(math.Float32frombits(le32(b, 8)))}
	at := tableHead
	for range b[5] {
		if at+4 > len(body)-slack {
			return nil, fmt.Errorf("langid: open: %w", errTable)
		}
		size := int(le32(b, at))
		at += 4
		if size < groupHead || size > len(body)-slack-at {
			return nil, fmt.Errorf("langid: open: %w", errTable)
		}
		script := b[at]
		g, err := openGroup(body[at:], size)
		if err != nil || script >= scripts {
			return nil, fmt.Errorf("langid: open group of script %d: %w", script, errTable)
		}
		t.groups[script] = g
		at += size
	}
	return t, nil
}

// openGroup reads the group at the start of b, which goes on behind its size by
// the slack at least.
func openGroup(b string, size int) (*group, error) {
	langs, bits, rows := int(b[1]), uint(b[2]), int(le32(b, 4))
	g := &group{bits: bits, width: (langs + 1) / 2}
	if langs > maxLangs || bits < 1 || bits > 24 || groupHead+4*langs+4<<bits+4+rows*(2+g.width) != size {
		return nil, errTable
	}
	at := groupHead
	for range langs {
		g.tags = append(g.tags, strings.TrimRight(b[at:at+4], "\x00"))
		at += 4
	}
	g.buckets = b[at : at+4<<bits+4]
	at += len(g.buckets)
	g.marks = b[at : at+2*rows]
	at += len(g.marks)
	g.rows = b[at : at+rows*g.width+slack]
	last := uint32(0)
	for i := 0; i < len(g.buckets); i += 4 {
		n := le32(g.buckets, i)
		if n < last || n > uint32(rows) {
			return nil, errTable
		}
		last = n
	}
	return g, nil
}

// extend makes the hash of an n-gram one symbol longer to the left.
func extend(hash uint64, symbol rune) uint64 {
	hash = (hash ^ uint64(symbol)) * hashMul
	return hash ^ hash>>29
}

// find returns where the row of an n-gram begins, or -1.
func (g *group) find(hash uint64) int {
	b := int(hash>>(64-g.bits)) * 4
	from, to := int(le32(g.buckets, b)), int(le32(g.buckets, b+4))
	mark := uint16(hash)
	for i := from; i < to; i++ {
		if uint16(g.marks[2*i])|uint16(g.marks[2*i+1])<<8 == mark {
			return i * g.width
		}
	}
	return -1
}

func le32(s string, at int) uint32 {
	_ = s[at+3]
	return uint32(s[at]) | uint32(s[at+1])<<8 | uint32(s[at+2])<<16 | uint32(s[at+3])<<24
}

func le64(s string, at int) uint64 {
	_ = s[at+7]
	return uint64(le32(s, at)) | uint64(le32(s, at+4))<<32
}
