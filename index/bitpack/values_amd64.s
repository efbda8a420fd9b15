//go:build amd64 && !purego

#include "textflag.h"

// func above512(v *[128]uint32, x uint32) (low, high uint64)
TEXT ·above512(SB), NOSPLIT, $0-32
	MOVQ         v+0(FP), SI
	MOVL         x+8(FP), AX
	VPBROADCASTD AX, Z0
	VPCMPUD      $1, 0(SI), Z0, K1 // x is less
	VPCMPUD      $1, 64(SI), Z0, K2
	VPCMPUD      $1, 128(SI), Z0, K3
	VPCMPUD      $1, 192(SI), Z0, K4
	KUNPCKWD     K1, K2, K2
	KUNPCKWD     K3, K4, K4
	KUNPCKDQ     K2, K4, K4
	KMOVQ        K4, AX
	VPCMPUD      $1, 256(SI), Z0, K1
	VPCMPUD      $1, 320(SI), Z0, K2
	VPCMPUD      $1, 384(SI), Z0, K3
	VPCMPUD      $1, 448(SI), Z0, K5
	KUNPCKWD     K1, K2, K2
	KUNPCKWD     K3, K5, K5
	KUNPCKDQ     K2, K5, K5
	KMOVQ        K5, BX
	MOVQ         AX, low+16(FP)
	MOVQ         BX, high+24(FP)
	VZEROUPPER
	RET

// func add512(v *[128]uint32, x uint32)
TEXT ·add512(SB), NOSPLIT, $0-12
	MOVQ         v+0(FP), SI
	MOVL         x+8(FP), AX
	VPBROADCASTD AX, Z0
	VPADDD       0(SI), Z0, Z1
	VPADDD       64(SI), Z0, Z2
	VPADDD       128(SI), Z0, Z3
	VPADDD       192(SI), Z0, Z4
	VPADDD       256(SI), Z0, Z5
	VPADDD       320(SI), Z0, Z6
	VPADDD       384(SI), Z0, Z7
	VPADDD       448(SI), Z0, Z8
	VMOVDQU32    Z1, 0(SI)
	VMOVDQU32    Z2, 64(SI)
	VMOVDQU32    Z3, 128(SI)
	VMOVDQU32    Z4, 192(SI)
	VMOVDQU32    Z5, 256(SI)
	VMOVDQU32    Z6, 320(SI)
	VMOVDQU32    Z7, 384(SI)
	VMOVDQU32    Z8, 448(SI)
	VZEROUPPER
	RET

DATA places<>+0(SB)/8, $0x0706050403020100
DATA places<>+8(SB)/8, $0x0f0e0d0c0b0a0908
DATA places<>+16(SB)/8, $0x1716151413121110
DATA places<>+24(SB)/8, $0x1f1e1d1c1b1a1918
DATA places<>+32(SB)/8, $0x2726252423222120
DATA places<>+40(SB)/8, $0x2f2e2d2c2b2a2928
DATA places<>+48(SB)/8, $0x3736353433323130
DATA places<>+56(SB)/8, $0x3f3e3d3c3b3a3938
GLOBL places<>(SB), RODATA|NOPTR, $64

// The numbers 0..63 of those bits of a word that are set are brought together as
// bytes, then written as 16 values at a time.
//
// func expand512(dst *uint32, src *byte, words int, base uint32)
TEXT ·expand512(SB), NOSPLIT, $0-28
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         words+16(FP), CX
	MOVL         base+24(FP), DX
	VMOVDQU64    places<>(SB), Z0
	MOVL         $-1, R9

word:
	MOVQ         (SI), AX
	ADDQ         $8, SI
	KMOVQ        AX, K1
	VPCOMPRESSB.Z Z0, K1, Z2
	VPBROADCASTD DX, Z1
	POPCNTQ      AX, BX
	ADDL         $64, DX

part:
	BZHIL        BX, R9, R8
	KMOVW        R8, K2
	VPMOVZXBD    X2, Z3
	VPADDD       Z1, Z3, Z3
	CMPQ         BX, $16
	JG           more
	VMOVDQU32    Z3, K2, (DI)
	LEAQ         (DI)(BX*4), DI
	DECQ         CX
	JNZ          word
	VZEROUPPER
	RET

more:
	VMOVDQU32    Z3, (DI)
	ADDQ         $64, DI
	SUBQ         $16, BX
	VALIGND      $4, Z2, Z2, Z2 // the next 16 bytes
	JMP          part
