package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
)

// What the table's reader knows too: see the format in ../table.go.
const (
	magic    = "TLID"
	version  = 1
	maxLangs = 64
	hashMul  = 0x9E3779B97F4A7C15
	levels   = 15
)

// hash is that of the reader: the last symbol first.
func hash(symbols []rune) uint64 {
	h := uint64(0)
	for _, r := range slices.Backward(symbols) {
		h = (h ^ uint64(r)) * hashMul
		h ^= h >> 29
	}
	return h
}

type stored struct {
	hash uint64
	row  *row
}

// encode writes the chosen rows of a group.
func (g *group) encode(chosen []int, step float64) []byte {
	bits := 0
	for len(chosen)>>bits > 4 {
		bits++
	}
	rows := make([]stored, len(chosen))
	for i, c := range chosen {
		rows[i] = stored{hash(g.lex.letters(g.rows[c].key)), &g.rows[c]}
	}
	slices.SortFunc(rows, func(a, b stored) int {
		switch {
		case a.hash < b.hash:
			return -1
		case a.hash > b.hash:
			return 1
		}
		return 0
	})
	var out bytes.Buffer
	le := binary.LittleEndian
	out.Write([]byte{g.script, byte(len(g.models)), byte(bits), 0})
	out.Write(le.AppendUint32(nil, uint32(len(rows))))
	for _, m := range g.models {
		var tag [4]byte
		copy(tag[:], m.tag)
		out.Write(tag[:])
	}
	at := 0
	for b := 0; b <= 1<<bits; b++ {
		for at < len(rows) && b < 1<<bits && int(rows[at].hash>>(64-bits)) < b {
			at++
		}
		if b == 1<<bits {
			at = len(rows)
		}
		out.Write(le.AppendUint32(nil, uint32(at)))
	}
	for _, r := range rows {
		out.Write(le.AppendUint16(nil, uint16(r.hash)))
	}
	for _, r := range rows {
		out.Write(nibbles(r.row.logp, step))
	}
	return out.Bytes()
}

// nibbles are the distances to the likeliest language, two a byte, the even
// language low.
func nibbles(logp []float32, step float64) []byte {
	top := slices.Max(logp)
	out := make([]byte, (len(logp)+1)/2)
	for l, p := range logp {
		v := min(math.Round(float64(top-p)/step), levels)
		out[l/2] |= byte(v) << (4 * (l & 1))
	}
	return out
}

// table joins the groups.
func table(step float64, groups [][]byte) []byte {
	le := binary.LittleEndian
	out := append([]byte(magic), version, byte(len(groups)), 0, 0)
	out = le.AppendUint32(out, math.Float32bits(float32(step)))
	for _, g := range groups {
		out = le.AppendUint32(out, uint32(len(g)))
		out = append(out, g...)
	}
	out = append(out, make([]byte, 32)...) // rows are read 32 bytes at a time
	return le.AppendUint32(out, crc32.Checksum(out, crc32.MakeTable(crc32.Castagnoli)))
}
