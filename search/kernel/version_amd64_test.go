//go:build amd64 && !purego

package kernel

// versions are the versions of the kernels that this machine can run. use makes
// all that follows run one of them, and done undoes that.
func versions() (list []version) {
	add := func(name string, use512, use256 bool) {
		list = append(list, version{name, func() (done func()) {
			was512, was256 := has512, has256
			has512, has256 = use512, use256
			return func() { has512, has256 = was512, was256 }
		}})
	}
	if has512 {
		add("avx512", true, true)
	}
	if has256 {
		add("avx2", false, true)
	}
	add("go", false, false)
	return list
}
