package main

import "slices"

// A summary is of the best times of a class or a part, in microseconds.
type summary struct {
	N    int     `json:"n"`
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
}

func summarize(us []float64) summary {
	if len(us) == 0 {
		return summary{}
	}
	us = slices.Sorted(slices.Values(us))
	sum := 0.0
	for _, v := range us {
		sum += v
	}
	return summary{len(us), sum / float64(len(us)), median(us), percentile(us, .9), percentile(us, .99)}
}

// percentile is of sorted numbers, as peers/table.py takes it.
func percentile(sorted []float64, p float64) float64 {
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

// median is of sorted numbers; between two it is their mean.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// of summarizes the questions of a command whose part or class has the name.
// Questions that another engine was not asked do not count, so that ratios are
// of the same questions; nil: all count.
func (r results) of(command, name string, common results) summary {
	var us []float64
	for k, t := range r {
		if k.command != command || t.part != name && classOf(t.part) != name {
			continue
		}
		if common != nil && common[k] == nil {
			continue
		}
		us = append(us, t.best)
	}
	return summarize(us)
}

// ratios compares means, medians and the 99th of a hundred with a reference.
func (s summary) ratios(ref summary) (mean, p50, p99 float64) {
	return ratio(s.Mean, ref.Mean), ratio(s.P50, ref.P50), ratio(s.P99, ref.P99)
}

// ratio is 0 if there is nothing to compare with.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
