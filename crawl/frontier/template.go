package frontier

// The value of a T key:
//
//	T  +---+--------+---------+------+
//	   | 2 | checks | changes | mean |
//	   | 1 | uv     | uv      | uv   |
//	   +---+--------+---------+------+
//
// A host has at most maxTemplates; the addresses of further shapes share one.
const maxTemplates = 256

// template is what is known of the addresses of one shape at one host.
type template struct {
	history
}

type templateID struct {
	host  hostID
	shape uint64
}

func (t *template) append(dst []byte) []byte { return t.history.append(append(dst, recordVersion)) }

func decodeTemplate(b []byte) (*template, error) {
	d := decoder{b: b}
	ver := d.byte()
	t := &template{history: d.history()}
	return t, d.end("template", ver)
}

// template returns the record of a shape at a host, as this batch has it.
func (w *write) template(id hostID, rec *hostRecord, shape uint64) (*template, error) {
	tid := templateID{id, shape}
	if t := w.templates[tid]; t != nil {
		return t, nil
	}
	v, err := w.f.get(shapeKey(id, shape))
	if err != nil {
		return nil, err
	}
	var t *template
	switch {
	case v != nil:
		t, err = decodeTemplate(v)
	case rec.templates >= maxTemplates && shape != 0:
		return w.template(id, rec, 0)
	default:
		t = &template{}
		rec.templates++
	}
	w.templates[tid] = t
	return t, err
}

func (w *write) putTemplates() {
	var b []byte
	for id, t := range w.templates {
		b = t.append(b[:0])
		w.put(shapeKey(id.host, id.shape), b)
	}
}
