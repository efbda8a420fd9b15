package frontier

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestList: what is in some states is listed over chunks and ranges, each address
// once, and no more than asked for.
func TestList(t *testing.T) {
	f := open(t, vfs.NewMem(), Options{DefaultDelay: -1})
	const hosts, pages = 5, 500 // more than two chunks
	var in []Item
	for i := range hosts * pages {
		in = append(in, Item{URL: addr(t, fmt.Sprintf("http://h%d.test/%d", i%hosts, i))})
	}
	mustAdd(t, f, len(in), in)
	marked := Item{URL: addr(t, "http://h1.test/marked"), Mark: 3}
	mustAdd(t, f, 1, []Item{marked})
	want := map[State]int{}
	states := []State{Done, Gone, Failed, Denied, Skipped}
	for i := range 700 {
		s, l := states[i%len(states)], mustNext(t, f)
		mustCommit(t, f, Outcome{Lease: l, State: s})
		if l.URL != marked.URL { // it is not listed
			want[s]++
			want[Queued]--
		}
	}
	want[Queued] += len(in)
	for _, ask := range [][]State{{Queued}, {Done}, {Failed}, {Denied, Failed}, {Gone, Failed}, {Held}, {Queued, Done, Gone, Failed, Denied, Skipped}} {
		n := 0
		for _, s := range ask {
			n += want[s]
		}
		met := map[string]bool{}
		for _, r := range []Range{{0, Slots / 3}, {Slots / 3, Slots}} {
			list, err := f.List(t.Context(), r, Filter{States: ask, Skip: func(s State, mark uint8, referred bool) bool { return mark&2 != 0 }}, len(in))
			if err != nil {
				t.Fatal(err)
			}
			for _, st := range list {
				if met[st.URL.String()] || !slices.Contains(ask, st.State) || !r.Has(SlotOf(st.URL)) {
					t.Errorf("%v in %v: %+v", ask, r, st)
				}
				met[st.URL.String()] = true
			}
		}
		if len(met) != n {
			t.Errorf("%v: %d listed, want %d", ask, len(met), n)
		}
		if list, err := f.List(t.Context(), Range{0, Slots}, Filter{States: ask}, 20); err != nil || len(list) != min(20, n) {
			t.Errorf("%v: %d of at most 20; %v", ask, len(list), err)
		}
	}
	for name, ok := range map[string]bool{"gone": true, "queued": true, "none": false, "retry": false, "": false, "lost": false} {
		if _, is := StateOf(name); is != ok {
			t.Errorf("StateOf(%q) %v", name, is)
		}
	}
}
