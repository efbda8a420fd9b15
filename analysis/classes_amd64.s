//go:build !purego

#include "textflag.h"

// Bytes that classesAVX2 compares with, each in 32 lanes by VPBROADCASTB.
DATA bytes<>+0x00(SB)/8, $0x3b5f2e27300a1a20
DATA bytes<>+0x08(SB)/8, $0x0000006102010919
GLOBL bytes<>(SB), RODATA|NOPTR, $16

// HALF classifies 32 bytes at SI+off: the folded bytes go to DI+off, the masks to
// R8 (letters and digits), R9 (underscores), R10 (mids) and R11 (not ASCII).
#define HALF(off) \
	VMOVDQU off(SI), Y0       \
	VPMOVMSKB Y0, R11         \
	VPOR Y15, Y0, Y1          \
	VPSUBB Y14, Y1, Y2        \
	VPMINUB Y13, Y2, Y3       \
	VPCMPEQB Y2, Y3, Y3       \
	VPAND Y15, Y3, Y4         \
	VPOR Y0, Y4, Y4           \
	VMOVDQU Y4, off(DI)       \
	VPSUBB Y12, Y0, Y4        \
	VPMINUB Y11, Y4, Y5       \
	VPCMPEQB Y4, Y5, Y5       \
	VPOR Y3, Y5, Y5           \
	VPMOVMSKB Y5, R8          \
	VPCMPEQB Y10, Y0, Y5      \
	VPMOVMSKB Y5, R9          \
	VPCMPEQB Y9, Y0, Y5       \
	VPOR Y6, Y0, Y4           \
	VPCMPEQB Y8, Y4, Y4       \
	VPOR Y4, Y5, Y5           \
	VPOR lane1<>(SB), Y0, Y4  \
	VPCMPEQB Y7, Y4, Y4       \
	VPOR Y4, Y5, Y5           \
	VPMOVMSKB Y5, R10

DATA lane1<>+0x00(SB)/8, $0x0101010101010101
DATA lane1<>+0x08(SB)/8, $0x0101010101010101
DATA lane1<>+0x10(SB)/8, $0x0101010101010101
DATA lane1<>+0x18(SB)/8, $0x0101010101010101
GLOBL lane1<>(SB), RODATA|NOPTR, $32

// func classesAVX2(folded, text *byte, masks *masks, n int)
TEXT ·classesAVX2(SB), NOSPLIT, $0-32
	MOVQ folded+0(FP), DI
	MOVQ text+8(FP), SI
	MOVQ masks+16(FP), DX
	MOVQ n+24(FP), CX
	VPBROADCASTB bytes<>+0(SB), Y15  // 0x20
	VPBROADCASTB bytes<>+12(SB), Y14 // 'a'
	VPBROADCASTB bytes<>+8(SB), Y13  // 25
	VPBROADCASTB bytes<>+3(SB), Y12  // '0'
	VPBROADCASTB bytes<>+9(SB), Y11  // 9
	VPBROADCASTB bytes<>+6(SB), Y10  // '_'
	VPBROADCASTB bytes<>+4(SB), Y9   // '
	VPBROADCASTB bytes<>+5(SB), Y8   // '.'
	VPBROADCASTB bytes<>+7(SB), Y7   // ';'
	VPBROADCASTB bytes<>+11(SB), Y6  // 2
	TESTQ CX, CX
	JLE done
loop:
	HALF(0)
	MOVQ R8, R12
	MOVQ R9, R13
	MOVQ R10, AX
	MOVQ R11, BX
	HALF(32)
	SHLQ $32, R8
	SHLQ $32, R9
	SHLQ $32, R10
	SHLQ $32, R11
	ORQ R12, R8
	ORQ R13, R9
	ORQ AX, R10
	ORQ BX, R11
	MOVQ R8, 0(DX)
	MOVQ R9, 8(DX)
	MOVQ R10, 16(DX)
	MOVQ R11, 24(DX)
	ADDQ $64, SI
	ADDQ $64, DI
	ADDQ $32, DX
	DECQ CX
	JNZ loop
done:
	VZEROUPPER
	RET

// func hasAVX2() bool
TEXT ·hasAVX2(SB), NOSPLIT, $0-1
	MOVB $0, ret+0(FP)
	XORL AX, AX
	CPUID
	CMPL AX, $7
	JL no
	MOVL $1, AX
	XORL CX, CX
	CPUID
	MOVL CX, R8
	ANDL $(1<<27 | 1<<28), R8 // OSXSAVE, AVX
	CMPL R8, $(1<<27 | 1<<28)
	JNE no
	XORL CX, CX
	XGETBV
	ANDL $6, AX // the system keeps XMM and YMM
	CMPL AX, $6
	JNE no
	MOVL $7, AX
	XORL CX, CX
	CPUID
	SHRL $5, BX
	ANDL $1, BX
	MOVB BX, ret+0(FP)
no:
	RET
