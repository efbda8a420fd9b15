// Command _asm writes the vector kernels of package bitpack, and its plain
// decoders, which are as regular. It is a module of its own, so that avo stays
// out of ours; scripts/check.sh compares what it writes with what is committed.
// avo 0.5.0 asks for a golang.org/x/tools that Go 1.26 cannot compile: go.mod
// asks for a newer one.
package main

import (
	"flag"
	"log"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	plain := flag.String("plain", "", "Go file of the plain decoders")
	flag.Parse()
	ConstraintExpr("amd64,!purego")
	unpackKernels()
	blockKernels()
	intersect512()
	if err := os.WriteFile(*plain, plainDecoders(), 0o644); err != nil {
		log.Fatal(err)
	}
	Generate()
}
