package bitpack

//go:generate go -C _asm run . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg bitpack -plain ../plain_gen.go
