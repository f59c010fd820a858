package main

import (
	"fmt"
	"slices"
)

// A side is one of those that are compared.
type side struct {
	name string
	run  func() (metrics, error)
}

// A result has the metrics of all sides in each round.
type result []map[string]metrics

// rounds runs the sides in turns, so that what else the machine does meets all of them.
func rounds(n int, sides ...side) (result, error) {
	var all result
	for range n {
		round := make(map[string]metrics)
		for _, s := range sides {
			m, err := s.run()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			round[s.name] = m
		}
		all = append(all, round)
	}
	return all, nil
}

// of returns the median of one side's metric.
func (r result) of(side, metric string) float64 {
	return r.median(func(round map[string]metrics) float64 { return round[side][metric] })
}

// ratio returns the median of the ratios that two sides had in one round.
func (r result) ratio(a, b, metric string) float64 {
	return r.median(func(round map[string]metrics) float64 { return round[a][metric] / round[b][metric] })
}

// median returns that of what f says of each round.
func (r result) median(f func(map[string]metrics) float64) float64 {
	var list []float64
	for _, round := range r {
		list = append(list, f(round))
	}
	return quantile(list, 0.5)
}

// quantile returns the value below which that part of the list is. It sorts the list,
// which is not empty.
func quantile(list []float64, part float64) float64 {
	slices.Sort(list)
	if n := len(list); part == 0.5 && n%2 == 0 {
		return (list[n/2-1] + list[n/2]) / 2
	}
	return list[min(int(part*float64(len(list))), len(list)-1)]
}

// cpuStep is the least that is known of the processor time of another process, in
// seconds: a tick of the system's clock.
const cpuStep = 0.01
