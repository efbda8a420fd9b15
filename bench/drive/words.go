package drive

// Words calls emit for each run of letters and digits of an ASCII text, in lower
// case. The words share one new array.
func Words(text []byte, emit func(word []byte, start, end int)) {
	lower := make([]byte, len(text))
	start := -1
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
		switch in := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'; {
		case in && start < 0:
			start = i
		case !in && start >= 0:
			emit(lower[start:i:i], start, i)
			start = -1
		}
	}
	if start >= 0 {
		emit(lower[start:], start, len(text))
	}
}
