package witness

// A Report says how a witness of the policy has done since New.
type Report struct {
	Witness  string // its name in the policy
	Cosigned int64  // when it cosigned last, POSIX seconds by our clock; 0 before it has
	Failures uint64 // how many requests it has not answered with a cosignature that counts
}

// Reports returns one for each witness that is asked, in the order of the policy.
func (w *Witnesses) Reports() []Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Report
	for _, x := range w.cfg.Policy.Witnesses {
		if r, ok := w.reports[x.Name]; ok {
			list = append(list, *r)
		}
	}
	return list
}

// newReports returns those of witnesses that nobody has asked yet.
func newReports(askers []*asker) map[string]*Report {
	reports := make(map[string]*Report)
	for _, a := range askers {
		for _, x := range a.witnesses {
			reports[x.Name] = &Report{Witness: x.Name}
		}
	}
	return reports
}

// failed counts a failure of those of a who have not cosigned in r.
func (w *Witnesses) failed(a *asker, r *round) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, x := range a.witnesses {
		if _, ok := r.lines[x.Name]; !ok {
			w.reports[x.Name].Failures++
		}
	}
}
