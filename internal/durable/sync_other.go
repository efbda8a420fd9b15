//go:build !unix

package durable

// SyncDir makes the names in a directory durable. Elsewhere than on Unix a
// directory cannot be synced; NTFS journals its names by itself.
func SyncDir(dir string) error { return nil }
