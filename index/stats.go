package index

// WriterStats are figures of a Writer.
type WriterStats struct {
	Segments      int   // of the newest snapshot; tens, at most a few hundred
	BufferedDocs  int   // put since the last flush
	BufferedBytes int64 // memory that these take, and deletes, and LooseBytes

	LooseSegments int   // of Segments, those in memory and not yet in the storage
	LooseBytes    int64 // their size

	Merges   uint64 // merges that were done
	Failures uint64 // merges that failed
	Damaged  int    // segments that are left out of merges, for they are damaged

	// MergeErr is why the last merge failed, nil if it did not. Merging is tried
	// again after a second, then after twice as long each time, up to a minute.
	// Meanwhile segments become more and searches slower; at 400 of them
	// flushes fail too.
	MergeErr error
}

// Stats are the figures of the moment.
func (w *Writer) Stats() WriterStats {
	w.state.Lock()
	defer w.state.Unlock()
	s := w.stats
	s.Segments = len(w.segments)
	return s
}

// setBuffered notes what is not flushed. The caller has the turn of an operation.
func (w *Writer) setBuffered() {
	w.buffered = w.buf.bytes() + int64(len(w.deletes))*keyEntryBytes
	w.state.Lock()
	defer w.state.Unlock()
	w.buffered += w.stats.LooseBytes
	w.stats.BufferedDocs, w.stats.BufferedBytes = w.buf.byKey.live, w.buffered
}

// noteMerge notes how a try to merge ended. The caller has the turn of merges.
func (w *Writer) noteMerge(did bool, err error) {
	w.state.Lock()
	defer w.state.Unlock()
	bad := map[*body]bool{} // those that are still there
	for _, g := range w.segments {
		if w.merge.bad[g.body] {
			bad[g.body] = true
		}
	}
	w.merge.bad, w.stats.Damaged = bad, len(bad)
	switch {
	case err != nil:
		w.stats.Failures++
		w.stats.MergeErr = err
	case did || len(bad) == 0: // else what is damaged is all there is to say
		w.stats.MergeErr = nil
	}
}

func (w *Writer) mergeError() error {
	w.state.Lock()
	defer w.state.Unlock()
	return w.stats.MergeErr
}
