package kernel

import "testing"

type version struct {
	name string
	use  func() (done func())
}

func eachVersion(t *testing.T, f func(t *testing.T)) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			defer v.use()()
			f(t)
		})
	}
}

func benchEachVersion(b *testing.B, f func(b *testing.B)) {
	for _, v := range versions() {
		b.Run(v.name, func(b *testing.B) {
			defer v.use()()
			f(b)
		})
	}
}
