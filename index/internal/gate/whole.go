package gate

import "os"

// Verify compares the checksums of all chunks, whether or not they were compared
// before, and returns the first chunk that differs. It makes nothing ready.
func (o *Object) Verify() (chunk uint64, err error) {
	chunks := uint64(o.Chunks())
	for from := uint64(0); from < chunks; from += maxRun {
		to := min(from+maxRun, chunks)
		if err := o.load(from, to); err != nil {
			return from, err
		}
		for c := from; c < to; c++ {
			if err := o.compare(c); err != nil {
				o.checked[c>>wordBits].And(^(uint64(1) << (c & 63)))
				o.ready[c>>wordBits].And(^(uint64(1) << (c & 63)))
				return c, err
			}
			o.checked[c>>wordBits].Or(1 << (c & 63))
		}
	}
	return 0, nil
}

// Warm makes chunks ready, from one on and at most n of them, as far as they can
// be: damage is left for those who need it. It returns where to go on.
func (o *Object) Warm(from uint64, n int) (next uint64) {
	to := min(from+uint64(n), uint64(o.Chunks()))
	for c := from; c < to; c++ {
		if o.ready[c>>wordBits].Load()>>(c&63)&1 != 0 {
			continue
		}
		end := c + 1
		for end < to && end-c < maxRun && o.ready[end>>wordBits].Load()>>(end&63)&1 == 0 {
			end++
		}
		if o.load(c, end) != nil {
			continue
		}
		for ; c < end; c++ {
			if o.check(c) == nil {
				o.ready[c>>wordBits].Or(1 << (c & 63))
			}
		}
		c--
	}
	return to
}

// Sample makes chunks unready that the system has taken from memory, among n from
// one on, and returns where to go on. Where the system does not tell, all stay.
func (o *Object) Sample(from uint64, n int) (next uint64) {
	to := min(from+uint64(n), uint64(o.Chunks()))
	if o.pager == nil {
		return to
	}
	var pages []byte
	for c := from; c < to; {
		if o.ready[c>>wordBits].Load()>>(c&63)&1 == 0 {
			c++
			continue
		}
		end := c + 1
		for end < to && end-c < sampleChunks && o.ready[end>>wordBits].Load()>>(end&63)&1 != 0 {
			end++
		}
		if pages == nil {
			pages = make([]byte, sampleChunks*ChunkBytes/os.Getpagesize())
		}
		o.sample(c, end, pages)
		c = end
	}
	return to
}

// sample clears the bits of chunks of which a page is absent.
func (o *Object) sample(from, to uint64, pages []byte) {
	off := from << chunkBits
	size := min(to<<chunkBits, uint64(len(o.data))) - off
	n, err := o.pager.Resident(int64(off), int64(size), pages)
	if err != nil {
		return
	}
	for i, p := range pages[:n] {
		if p&1 == 0 {
			c := from + uint64(i*os.Getpagesize())>>chunkBits
			o.ready[c>>wordBits].And(^(uint64(1) << (c & 63)))
		}
	}
}

// ReadyChunks is how many chunks are ready.
func (o *Object) ReadyChunks() int {
	n := 0
	for c := range uint64(o.Chunks()) {
		n += int(o.ready[c>>wordBits].Load() >> (c & 63) & 1)
	}
	return n
}
