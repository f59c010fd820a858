package main

import (
	"errors"
	"os"
)

// overHTTPSide posts n records to a new ledger's server, in one form.
func (s *stage) overHTTPSide(form string, n int) side {
	return side{form, func() (m metrics, err error) {
		dir, err := s.ledger()
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		srv, err := s.serve(dir)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, srv.stop()) }()
		before, err := cpuOf(srv.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		m, err = s.doRecords("post", dir, n, func(j *job) { j.URL, j.Conns, j.Form = srv.url, s.Conns, form })
		if err != nil {
			return nil, err
		}
		after, err := cpuOf(srv.cmd.Process.Pid)
		m["server-cpu"] = (after - before) / float64(n)
		return m, err
	}}
}

func overHTTP(s *stage, r *report) error {
	n := s.Posted
	res, err := rounds(s.Rounds, s.oursSide(n, ""), s.overHTTPSide(singleForm, n), s.overHTTPSide(bulkForm, n))
	if err != nil {
		return err
	}
	r.row("our ledger in process", res.of("ours", "rate"), "/s")
	r.row("one record a POST", res.of(singleForm, "rate"), "/s")
	r.least("  of in process", res.ratio(singleForm, "ours", "rate"), "", 0.5)
	r.row("  answer, p50", milli*res.of(singleForm, "p50"), "ms")
	r.row("  answer, p99", milli*res.of(singleForm, "p99"), "ms")
	r.row("  CPU a record, server", micro*res.of(singleForm, "server-cpu"), "µs")
	r.row("  CPU a record, load", micro*res.of(singleForm, "cpu"), "µs")
	r.row("many records a POST", res.of(bulkForm, "rate"), "/s")
	r.least("  of in process", res.ratio(bulkForm, "ours", "rate"), "", 0.8)
	r.row("  CPU a record, server", micro*res.of(bulkForm, "server-cpu"), "µs")
	return nil
}
