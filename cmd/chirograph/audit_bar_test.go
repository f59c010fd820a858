package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/audit"
)

func TestAuditShowsItsRateAndTheTimeLeft(t *testing.T) {
	now := time.Unix(1_772_355_600, 0)
	for _, terminal := range []bool{false, true} {
		var out bytes.Buffer
		b := &auditBar{w: &out, terminal: terminal, now: func() time.Time { return now }, start: now}
		start := now
		for _, step := range []struct {
			at   time.Duration
			done uint64
		}{{time.Second, 1500}, {2 * time.Second, 2000}, {2*time.Second + redraw/2, 2001}, {10 * time.Second, 6000}, {10*time.Second + redraw/2, 11_000}} {
			now = start.Add(step.at)
			b.show(audit.Progress{First: 1000, Done: step.done, Size: 11_000})
		}
		b.end()
		want := "2,000 of 11,000 entries, 500/s, 18s left\n6,000 of 11,000 entries, 500/s, 10s left\n11,000 of 11,000 entries, 995/s\n"
		if terminal {
			want = "\r[#####...................................] 1,500 of 11,000 entries, 500/s, 19s left\x1b[K" +
				"\r[#######.................................] 2,000 of 11,000 entries, 500/s, 18s left\x1b[K" +
				"\r[#####################...................] 6,000 of 11,000 entries, 500/s, 10s left\x1b[K" +
				"\r[########################################] 11,000 of 11,000 entries, 995/s\x1b[K\n"
		}
		if out.String() != want {
			t.Errorf("terminal %v:\n%q, want\n%q", terminal, out.String(), want)
		}
	}
}

func TestAuditThatReadNothingShowsNoBar(t *testing.T) {
	var out bytes.Buffer
	a := &app{stderr: &out, now: time.Now}
	a.newAuditBar().end()
	if out.Len() > 0 {
		t.Errorf("%q", out.String())
	}
}
