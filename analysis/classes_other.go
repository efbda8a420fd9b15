//go:build !amd64 || purego

package analysis

// classes puts text in lower case into folded and the classes of its bytes into
// masks. text is whole groups of 64 bytes, for which both have room.
func classes(folded []byte, text string, out []masks) { classesPlain(folded, text, out) }
