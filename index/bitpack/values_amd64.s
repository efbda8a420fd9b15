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

// func or512(v *[128]uint32) uint32
TEXT ·or512(SB), NOSPLIT, $0-12
	MOVQ          v+0(FP), SI
	VMOVDQU32     0(SI), Z0
	VMOVDQU32     64(SI), Z1
	VPORD         128(SI), Z0, Z0
	VPORD         192(SI), Z1, Z1
	VPORD         256(SI), Z0, Z0
	VPORD         320(SI), Z1, Z1
	VPORD         384(SI), Z0, Z0
	VPORD         448(SI), Z1, Z1
	VPORD         Z1, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPOR          Y1, Y0, Y0
	VEXTRACTI128  $1, Y0, X1
	VPOR          X1, X0, X0
	VPSHUFD       $0x4e, X0, X1
	VPOR          X1, X0, X0
	VMOVQ         X0, AX
	MOVQ          AX, BX
	SHRQ          $32, BX
	ORL           BX, AX
	MOVL          AX, ret+8(FP)
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

// All values stay in registers, Z0 to Z7, and their places in Z8 to Z15.
//
// func addTails512(v *[128]uint32, at, x *byte, n, shift int)
TEXT ·addTails512(SB), NOSPLIT, $0-40
	MOVQ         v+0(FP), DI
	MOVQ         at+8(FP), SI
	MOVQ         x+16(FP), DX
	MOVQ         n+24(FP), R8
	MOVQ         shift+32(FP), CX
	VPMOVZXBD    places<>+0(SB), Z8
	VPMOVZXBD    places<>+16(SB), Z9
	VPMOVZXBD    places<>+32(SB), Z10
	VPMOVZXBD    places<>+48(SB), Z11
	MOVL         $64, AX
	VPBROADCASTD AX, Z16
	VPADDD       Z16, Z8, Z12
	VPADDD       Z16, Z9, Z13
	VPADDD       Z16, Z10, Z14
	VPADDD       Z16, Z11, Z15
	VMOVDQU32    0(DI), Z0
	VMOVDQU32    64(DI), Z1
	VMOVDQU32    128(DI), Z2
	VMOVDQU32    192(DI), Z3
	VMOVDQU32    256(DI), Z4
	VMOVDQU32    320(DI), Z5
	VMOVDQU32    384(DI), Z6
	VMOVDQU32    448(DI), Z7

tail:
	MOVBLZX      (SI), AX
	MOVBLZX      (DX), BX
	INCQ         SI
	INCQ         DX
	SHLL         CX, BX
	VPBROADCASTD AX, Z16
	VPBROADCASTD BX, Z17
	VPCMPUD      $2, Z8, Z16, K1
	VPADDD       Z17, Z0, K1, Z0
	VPCMPUD      $2, Z9, Z16, K2
	VPADDD       Z17, Z1, K2, Z1
	VPCMPUD      $2, Z10, Z16, K3
	VPADDD       Z17, Z2, K3, Z2
	VPCMPUD      $2, Z11, Z16, K4
	VPADDD       Z17, Z3, K4, Z3
	VPCMPUD      $2, Z12, Z16, K5
	VPADDD       Z17, Z4, K5, Z4
	VPCMPUD      $2, Z13, Z16, K6
	VPADDD       Z17, Z5, K6, Z5
	VPCMPUD      $2, Z14, Z16, K7
	VPADDD       Z17, Z6, K7, Z6
	VPCMPUD      $2, Z15, Z16, K1
	VPADDD       Z17, Z7, K1, Z7
	DECQ         R8
	JNZ          tail
	VMOVDQU32    Z0, 0(DI)
	VMOVDQU32    Z1, 64(DI)
	VMOVDQU32    Z2, 128(DI)
	VMOVDQU32    Z3, 192(DI)
	VMOVDQU32    Z4, 256(DI)
	VMOVDQU32    Z5, 320(DI)
	VMOVDQU32    Z6, 384(DI)
	VMOVDQU32    Z7, 448(DI)
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
