package rank

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestParseModel(t *testing.T) {
	check := func(in, wantErr string) {
		t.Helper()
		_, err := Parse([]byte(in))
		switch {
		case wantErr == "" && err != nil:
			t.Errorf("Parse(%s): %v", in, err)
		case wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)):
			t.Errorf("Parse(%s) = %v, want %s", in, err, wantErr)
		}
	}
	check(`{"k1":1.2,"fields":{"title":{"weight":3,"b":0.5}}}`, "")
	check(`{"k1":1.2}`, "")
	check(``, "EOF")
	check(`{}`, "k1 is 0")
	check(`{"k1":-1}`, "k1 is -1")
	check(`{"k1":1,"k2":3}`, "unknown field")
	check(`{"k1":1}{}`, "more than one")
	check(`{"k1":1,"fields":{"t":{"weight":-1}}}`, "weight of t")
	check(`{"k1":1,"fields":{"t":{"weight":1,"b":1.5}}}`, "b of t")

	data, err := json.Marshal(Default())
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(data)
	if err != nil || !reflect.DeepEqual(m, Default()) {
		t.Errorf("the default does not survive JSON: %v %v", m, err)
	}
	if w := m.Field("no such field").Weight; w != 1 {
		t.Errorf("a field without a model has weight %v", w)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"k1":1.2,"fields":{"title":{"weight":3,"b":0.5}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		for name := range m.Fields {
			s := m.Field(name).Scorer(7, func(n byte) uint32 { return uint32(n) })
			if e := s.Evidence(math.MaxUint32, 0); e < 0 || math.IsNaN(float64(e)) || math.IsInf(float64(e), 0) {
				t.Fatalf("%s: evidence %v", data, e)
			}
		}
	})
}

// TestFormula holds the fixed-point score to the formula in float64.
func TestFormula(t *testing.T) {
	m := &Model{K1: 1.2, Fields: map[string]FieldModel{"title": {3, 0.5}, "body": {1, 0.75}}}
	const n, df = 1000, 37
	idf := IDF(n, df)
	if want := math.Log(1 + (n-df+.5)/(df+.5)); math.Abs(idf-want) > 1e-12 {
		t.Fatalf("IDF = %v, want %v", idf, want)
	}
	scale := ScaleOf(idf)
	length := func(norm byte) uint32 { return uint32(norm) }
	title, body := m.Field("title").Scorer(8, length), m.Field("body").Scorer(120, length)
	got := scale.Float(int64(m.Term(idf, scale).Score(title.Evidence(1, 5) + body.Evidence(4, 200))))
	s := 3*1/(1-.5+.5*5/8) + 1*4/(1-.75+.75*200/120)
	if want := idf * s / (1.2 + s); math.Abs(got-want) > 1e-6 {
		t.Errorf("score %v, want %v", got, want)
	}
}

// TestScale wants the sum of all bounds to fit an int32, with bits to spare for nothing.
func TestScale(t *testing.T) {
	for _, sum := range []float64{1e-9, 0.1, 1, 1.5, 2, 3, 1000, 1e9} {
		units := sum * float64(ScaleOf(sum))
		if units > 1<<scaleBits || units < 1<<(scaleBits-2) {
			t.Errorf("a sum of %v is %v units", sum, units)
		}
	}
	for _, sum := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if s := ScaleOf(sum); s != 1 {
			t.Errorf("ScaleOf(%v) = %v", sum, s)
		}
	}
}

// TestBound wants no score above the bound of at least as much evidence.
func TestBound(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for range 200_000 {
		m := &Model{K1: math.Exp(r.NormFloat64() * 2)}
		idf := math.Exp(r.NormFloat64() * 3)
		ts := m.Term(idf, ScaleOf(idf*(1+r.Float64()*10)))
		fields := make([]float32, 1+r.IntN(8))
		var up, down float32
		for i := range fields {
			fields[i] = float32(math.Exp(r.NormFloat64() * 4))
			up += fields[i]
		}
		for i := len(fields) - 1; i >= 0; i-- {
			down += fields[i]
		}
		less := up * float32(1-r.Float64()*1e-6)
		if b := ts.Bound(up); ts.Score(up) > b || ts.Score(down) > b || ts.Score(less) > b || b > ts.Max() {
			t.Fatalf("seed %d: k1 %v idf %v evidence %v: score %d %d %d, bound %d, max %d",
				seed, m.K1, idf, up, ts.Score(up), ts.Score(down), ts.Score(less), b, ts.Max())
		}
	}
	ts := (&Model{K1: 1}).Term(5, ScaleOf(5))
	if s, b := ts.Score(math.MaxFloat32), ts.Bound(math.MaxFloat32); s > b {
		t.Errorf("the most evidence scores %d, its bound is %d", s, b)
	}
}

func BenchmarkScore(b *testing.B) {
	m := Default()
	field := m.Field("body").Scorer(100, func(n byte) uint32 { return uint32(n) })
	term := m.Term(3, ScaleOf(3))
	var sum int64
	i := uint32(0)
	for b.Loop() {
		sum += int64(term.Score(field.Evidence(1+i&7, byte(i))))
		i++
	}
	_ = sum
}
