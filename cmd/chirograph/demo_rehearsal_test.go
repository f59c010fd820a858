//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// fixed is a source of random bytes, the same in each test.
func fixed() io.Reader { return &locked{r: rand.NewChaCha8([32]byte{'d', 'e', 'm', 'o'})} }

type locked struct {
	sync.Mutex
	r io.Reader
}

func (l *locked) Read(b []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.r.Read(b)
}

// rehearsal is a demo with a crowd of eight, to be changed before it is played.
func rehearsal(t *testing.T) (*demo, *bytes.Buffer) {
	t.Helper()
	var story bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &story, stderr: io.Discard, random: fixed(), now: time.Now}
	d := a.newDemo(t.TempDir(), "", 8)
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	return d, &story
}

func TestAForgeryThatPassesFailsTheDemo(t *testing.T) {
	passes := func(context.Context) error { return nil }
	elsewhere := func(context.Context) error { return &verify.Failure{Step: verify.StepQuorum, Reason: "no witness"} }
	broken := func(context.Context) error { return errors.New("the disk is full") }
	all, _ := rehearsal(t)
	for i, f := range all.forgeries {
		for _, c := range []struct {
			try  func(context.Context) error
			says string
			no   bool
		}{
			{passes, "the forgery passed; it should be caught " + f.want, true},
			{elsewhere, `caught by the verifier, at the step "quorum" (no witness); it should be caught ` + f.want, true},
			{broken, "the disk is full", false},
		} {
			d, story := rehearsal(t)
			d.forgeries[i].try = c.try
			err := d.play(t.Context())
			var n *negative
			if err == nil || !strings.HasSuffix(err.Error(), f.title+": "+c.says) || errors.As(err, &n) != c.no {
				t.Errorf("%s: %v, want %q; negative: %t, want %t", f.title, err, c.says, errors.As(err, &n), c.no)
			}
			if strings.Contains(story.String(), "What you saw") {
				t.Errorf("%s: the demo ends as if all were well", f.title)
			}
		}
	}
}

func TestAStepThatFailsFailsTheDemo(t *testing.T) {
	all, _ := rehearsal(t)
	for i, s := range append(all.steps, all.finale) {
		d, _ := rehearsal(t)
		broken := func(context.Context) error { return errors.New("the disk is full") }
		if i < len(d.steps) {
			d.steps[i].do = broken
		} else {
			d.finale.do = broken
		}
		err := d.play(t.Context())
		if err == nil || !strings.HasSuffix(err.Error(), strings.ToLower(s.title)+": the disk is full") {
			t.Errorf("%s: %v", s.title, err)
		}
	}
}

// A step that does nothing leaves the next one without what it stands on.
func TestTheDemoNoticesAStepThatDoesNothing(t *testing.T) {
	all, _ := rehearsal(t)
	for i, s := range all.steps {
		switch s.title {
		case "A ledger opens", "The receipt is verified, offline":
			continue // without the first there is no play, and on the other stands only what the reader knows
		}
		d, story := rehearsal(t)
		d.steps[i].do = func(context.Context) error { return nil }
		if err := d.play(t.Context()); err == nil {
			t.Errorf("%s: nobody noticed:\n%s", s.title, story.String())
		}
	}
}

func TestACrowdThatIsLateIsRegisteredAsFarAsItCame(t *testing.T) {
	d, _ := rehearsal(t)
	for _, s := range d.steps[:6] {
		if err := s.do(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	draw, err := d.orders()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	asked := 0
	late := func() bool {
		mu.Lock()
		defer mu.Unlock()
		asked++
		return asked > 40
	}
	c := &crowd{client: d.client, draw: draw, n: 100, late: late, progress: &progress{story: d.story, total: 100}}
	records, err := c.register(t.Context())
	if err != nil || len(records) != 40 {
		t.Fatalf("%d records, %v; want 40", len(records), err)
	}
	for i, r := range records {
		if r == nil {
			t.Errorf("record %d is missing", i)
		}
	}
	checkpoint, err := d.client.Checkpoint(t.Context())
	if err != nil || checkpoint.Size != 41 {
		t.Errorf("checkpoint %v, %v; want 41 entries", checkpoint, err)
	}

	d.crowdTime = -1
	if err := d.joinCrowd(t.Context()); err == nil {
		t.Error("a crowd of nobody passes")
	}
}

func TestACrowdStopsAtItsFirstRefusal(t *testing.T) {
	d, _ := rehearsal(t)
	for _, s := range d.steps[:6] {
		if err := s.do(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	draw, err := d.orders()
	if err != nil {
		t.Fatal(err)
	}
	same, err := draw(0)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{
		client: d.client, n: 100, late: func() bool { return false }, progress: &progress{story: d.story, total: 100},
		draw: func(int) (*record.Record, error) { return same, nil },
	}
	if _, err := c.register(t.Context()); err == nil || !strings.Contains(err.Error(), "was registered before") {
		t.Errorf("a crowd of one contract: %v", err)
	}
}

func TestADemoLedgerIsNeverWrittenOver(t *testing.T) {
	d, _ := rehearsal(t)
	if err := d.openLedger(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := startLedger(d.path("ledger"), d.secret, time.Now); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second ledger in one directory: %v, want that it exists", err)
	}
}

func TestEvidenceIsTwoSignedTreesOfOneSize(t *testing.T) {
	d, _ := rehearsal(t)
	if err := d.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	unsigned := d.kept
	unsigned.Note.Signatures = d.first.Note.Signatures
	for name, c := range map[string]tlog.SignedCheckpoint{"the same": d.kept, "an older one": d.first, "one that is not signed": unsigned} {
		err := d.checkEvidence(c)
		if err == nil {
			t.Errorf("%s is evidence", name)
		}
		if where, _ := caught(err); where != "" {
			t.Errorf("%s: taken as caught %s", name, where)
		}
	}
}
