package web

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// drain has as many batches signed as there are.
func drain(t *testing.T, signs chan struct{}) {
	go func() {
		for {
			select {
			case <-signs:
			case <-t.Context().Done():
				return
			}
		}
	}()
}

// Each is answered as it would be alone after those that stand before it.
func TestEachRecordOfAStreamHasOneAnswerInItsOrder(t *testing.T) {
	first, second := contract(1), contract(2)
	stated := under(3, record.Statement, first.ID(), byMaker, maker)
	orphan := under(6, record.Statement, contract(99).ID(), byMaker, maker)
	otherLines := sealed(draft(1, nil), maker, buyer, deputy)
	forged := bytes.Replace(contract(4).Bytes(), []byte("terms.txt"), []byte("terms.doc"), 1)
	tests := []struct {
		body   []byte
		status int
		rule   string
		id     record.ID
		index  uint64
	}{
		{contract(0).Bytes(), 200, "", contract(0).ID(), 0},
		{first.Bytes(), 201, "", first.ID(), 1},
		{[]byte("hello"), 400, "form", record.ID{}, 0},
		{first.Bytes(), 200, "", first.ID(), 1},
		{stated.Bytes(), 201, "", stated.ID(), 2},
		{forged, 422, "signed", record.ID{1}, 0},
		{sealed(draft(5, nil), maker).Bytes(), 422, "quorum", contract(5).ID(), 0},
		{otherLines.Bytes(), 200, "", first.ID(), 1},
		{orphan.Bytes(), 422, "refers", orphan.ID(), 0},
		{second.Bytes(), 201, "", second.ID(), 3},
		{second.Bytes(), 200, "", second.ID(), 3},
	}
	for _, query := range []string{"", "?receipts"} {
		w := open(t).add(contract(0))
		var bodies [][]byte
		for _, test := range tests {
			bodies = append(bodies, test.body)
		}
		got := w.all(t, one, query, bodies...)
		if len(got) != len(tests) {
			t.Fatalf("%d answers to %d records: %+v", len(got), len(tests), got)
		}
		for i, l := range got {
			want := tests[i]
			wantLine(t, l, want.status, want.rule, "")
			switch {
			case want.id == record.ID{} && l.ID != "", want.id != record.ID{} && want.id != record.ID{1} && l.ID != want.id.String():
				t.Errorf("answer %d is of %q, want %s", i, l.ID, want.id)
			case want.status > 201:
			case l.Index == nil || *l.Index != want.index:
				t.Errorf("answer %d: %+v, want index %d", i, l, want.index)
			case query == "" && l.Receipt != "":
				t.Errorf("answer %d has a receipt that nobody asked for", i)
			case query != "":
				reg, err := verify.Receipt(must(verify.ParsePolicy(policy)), []byte(l.Receipt))
				if err != nil || reg.Record.ID() != want.id {
					t.Errorf("receipt %d: %v", i, err)
				}
			}
		}
		if n := len(w.checkLog()); n != 4 || w.held() != 0 || w.lines.String() != "" {
			t.Errorf("%d entries, %d are held, log: %s", n, w.held(), w.lines)
		}
	}
}

func TestWhatAStreamAcknowledgesIsInTheLog(t *testing.T) {
	w := open(t)
	const n = 3000 // several batches
	s := w.stream(t, one, "")
	list := contracts(n)
	go func() {
		for _, r := range list {
			s.send(r.Bytes())
		}
		s.end()
	}()
	for i, r := range list {
		l, ok := s.next()
		if !ok || l.Status != 201 || l.ID != r.ID().String() {
			t.Fatalf("answer %d: %+v", i, l)
		}
		// At this moment, and at this place.
		if got, err := w.log.View().Registered(*l.Index); err != nil || got.Record.ID() != r.ID() {
			t.Fatalf("entry %d: %v", *l.Index, err)
		}
	}
	if l, ok := s.next(); ok {
		t.Errorf("an answer too many: %+v", l)
	}
	if got := len(w.checkLog()); got != n {
		t.Errorf("%d entries, want %d", got, n)
	}
}

func TestAnAnswerComesBeforeTheNextRecordIsSent(t *testing.T) {
	w := open(t)
	s := w.stream(t, one, "")
	for n := range uint64(20) {
		s.send(contract(n).Bytes())
		if l, ok := s.next(); !ok || l.Status != 201 || *l.Index != n {
			t.Fatalf("%+v", l)
		}
	}
	s.end()
	if more := s.rest(); len(more) > 0 {
		t.Errorf("more answers: %+v", more)
	}
	wantHeader(t, "a stream", resultOf(s), map[string]string{"Content-Type": linesType, "Cache-Control": never})
	if s.header.Get("Connection") != "close" || s.header.Get("Content-Length") != "" || !s.full {
		t.Errorf("header %v", s.header)
	}
}

func TestAStreamOfNothingHasNoAnswers(t *testing.T) {
	if got := open(t).all(t, one, ""); len(got) != 0 {
		t.Errorf("answers %+v", got)
	}
}

// What was answered before stands, and nothing after it is read.
func TestAFaultEndsAStreamAndSaysWhere(t *testing.T) {
	whole := string(framed(contract(1).Bytes()))
	for sent, want := range map[string]struct {
		status int
		detail string
	}{
		"\n":               {400, `"" is not the length of a record`},
		"0\n":              {400, `"0" is not the length`},
		"01\na":            {400, `"01" is not the length`},
		"+1\na":            {400, `"+1" is not the length`},
		" 1\na":            {400, `" 1" is not the length`},
		"1\r\na":           {400, `"1\r" is not the length`},
		"-1\na":            {400, `"-1" is not the length`},
		"0x1\na":           {400, `"0x1" is not the length`},
		"chirograph":       {400, `"chirog" does not begin with the length`},
		"99999\na":         {413, "the record has 99999 bytes, at most 327"},
		"999999999\n":      {400, "does not begin with the length"},
		"5":                {400, `the stream ends within the length of a record, after "5"`},
		"5\n":              {400, "the record ends after 0 bytes of 5"},
		"5\nhell":          {400, "the record ends after 4 bytes of 5"},
		"5\nhello5\nhell":  {400, "the record ends after 4 bytes of 5"},
		"5\nhellohello\na": {400, `"hello" is not the length`},
	} {
		w := open(t)
		s := w.stream(t, one, "")
		go func() {
			io.WriteString(s.sender, whole+sent+whole[:0])
			s.end()
		}()
		got := s.rest()
		last := got[len(got)-1]
		wantLine(t, last, want.status, map[int]string{413: "size"}[want.status], want.detail)
		if at := int64(len(got) - 1); last.Type != streamEnded || last.Record == nil || *last.Record != at || last.ID != "" {
			t.Errorf("%q: %+v, want the end at record %d", sent, last, at)
		}
		for i, l := range got[:len(got)-1] {
			if l.Record != nil || i == 0 && l.Status != 201 || i > 0 && l.Rule != "form" {
				t.Errorf("%q: answer %d is %+v", sent, i, l)
			}
		}
		if n := len(w.checkLog()); n != 1 || w.held() != 0 {
			t.Errorf("%q: %d entries, %d are held", sent, n, w.held())
		}
	}
}

// A caller who has gone takes his places along, and what the log has stays.
func TestADroppedStreamLeavesWhatTheLogHas(t *testing.T) {
	w, signs, proceed := gated(t, 16)
	s := w.stream(t, one, "")
	s.send(contract(1).Bytes(), contract(2).Bytes(), contract(3).Bytes())
	<-signs
	w.await(contract(3))
	s.leave()
	<-s.ended
	if w.h.streams.taken()+w.h.submitters.taken() != 0 || w.h.records.taken() != 3 {
		t.Errorf("%d streams, %d submitters, %d records", w.h.streams.taken(), w.h.submitters.taken(), w.h.records.taken())
	}
	proceed()
	for w.h.records.taken() != 0 {
		runtime.Gosched()
	}
	for n := range uint64(3) {
		wantReceipt(t, w.from(one, contract(n+1).Bytes()), 200, contract(n+1).ID())
	}
	if n := len(w.checkLog()); n != 3 {
		t.Errorf("%d entries", n)
	}
}

// It needs no more places than its address may have, and gets its answers all the same;
// others find theirs while it does.
func TestAStreamWaitsForItsOwnRecords(t *testing.T) {
	for _, narrow := range []func(h *Handler){
		func(h *Handler) { h.submitters = newShare(4) },
		func(h *Handler) { h.records = newShare(4) },
		func(h *Handler) { h.submitters, h.records = newShare(2), newShare(2) },
		func(h *Handler) { h.submitters, h.records = newShare(1), newShare(1) },
	} {
		w := open(t)
		narrow(w.h)
		var wg sync.WaitGroup
		for from := range uint64(2) { // the second waits for the first too
			wg.Go(func() {
				var bodies [][]byte
				for n := range uint64(100) {
					bodies = append(bodies, contract(100*from+n).Bytes())
				}
				got := w.all(t, one, "", bodies...)
				for i, l := range got {
					if l.Status != 201 && (w.h.submitters.limit > 1 || l.Status != 503) {
						t.Errorf("answer %d: %+v", i, l)
					}
				}
				if len(got) != 100 {
					t.Errorf("%d answers", len(got))
				}
			})
		}
		wg.Wait()
		if w.held() != 0 {
			t.Errorf("%d are held", w.held())
		}
	}
}

// Nobody wins anything by a stream: it has the share of its address, and whoever comes
// from another finds a place.
func TestAStreamLeavesOthersTheirPlaces(t *testing.T) {
	w, signs, proceed := gated(t, 64)
	w.h.submitters, w.h.records = newShare(9), newShare(9)
	s := w.stream(t, one, "")
	go func() {
		for n := range uint64(50) {
			s.send(contract(n).Bytes())
		}
		s.end()
	}()
	<-signs
	for w.h.submitters.taken() != 5 { // half of them, rounded up
		runtime.Gosched()
	}
	// More than its part one at this address has not, in whatever form.
	wantProblem(t, w.from(one, contract(100).Bytes()), 429, "", "as is its share")
	second := w.stream(t, one, "")
	second.send(contract(101).Bytes())
	var wg sync.WaitGroup
	for n := range uint64(2) {
		wg.Go(func() { wantReceipt(t, w.from(two, contract(200+n).Bytes()), 201, contract(200+n).ID()) })
	}
	for w.h.submitters.taken() != 7 {
		runtime.Gosched()
	}
	proceed()
	drain(t, signs)
	wg.Wait()
	for i, l := range s.rest() {
		wantLine(t, l, 201, "", "")
		if l.ID != contract(uint64(i)).ID().String() {
			t.Errorf("answer %d is of %s", i, l.ID)
		}
	}
	if l, ok := second.next(); !ok || l.Status != 201 {
		t.Errorf("the second stream: %+v", l)
	}
	second.end()
	second.rest()
	if n := len(w.checkLog()); n != 53 || w.held() != 0 {
		t.Errorf("%d entries, %d are held", n, w.held())
	}
}

// Where others have all places, it is told so as a request is.
func TestAStreamIsToldWhatARequestIsTold(t *testing.T) {
	w := open(t)
	for _, full := range []**share{&w.h.submitters, &w.h.records, &w.h.gate.places} {
		leave := fill(t, *full)
		got := w.all(t, one, "", contract(1).Bytes(), []byte("hello"), contract(2).Bytes())
		for i, l := range got {
			if i == 1 {
				wantLine(t, l, 400, "form", "")
				continue
			}
			wantLine(t, l, 503, "", "not taken, send it again later")
			if l.Type != notTaken || l.ID != contract(uint64(1+i/2)).ID().String() || l.RetryAfter != 1 {
				t.Errorf("%+v", l)
			}
		}
		leave()
		*full = newShare((*full).limit)
	}
	if got := w.all(t, one, "", contract(1).Bytes()); got[0].Status != 201 {
		t.Errorf("%+v", got)
	}
}

func TestARecordBeyondTheRateIs429AndTheStreamGoesOn(t *testing.T) {
	w := open(t).add(contract(0)).rated(2, 3)
	var bodies [][]byte
	for n := range uint64(6) {
		bodies = append(bodies, contract(n).Bytes())
	}
	bodies = append(bodies, contract(0).Bytes(), []byte("hello"))
	for i, l := range w.all(t, one, "", bodies...) {
		wantLine(t, l, []int{200, 201, 201, 201, 429, 429, 200, 400}[i], []string{7: "form"}[i], "")
		if l.Status == 429 && (l.RetryAfter != 1 || !strings.Contains(l.Detail, "your address has sent more than it may at once; nothing was done")) {
			t.Errorf("%+v", l)
		}
	}
	wantProblem(t, w.from(one, contract(7).Bytes()), 429, "", "")
	wantReceipt(t, w.from(two, contract(7).Bytes()), 201, contract(7).ID())
	w.unix.Add(1)
	if got := w.all(t, one, "", contract(4).Bytes(), contract(5).Bytes(), contract(6).Bytes()); got[0].Status != 201 || got[1].Status != 201 || got[2].Status != 429 {
		t.Errorf("%+v", got)
	}
}

// It answers all that the log took, and reads no further.
func TestAStreamEndsWithTheLog(t *testing.T) {
	w, signs, proceed := gated(t, 16)
	s := w.stream(t, one, "")
	s.send(contract(1).Bytes(), contract(2).Bytes())
	<-signs
	w.await(contract(2))
	closed := make(chan error)
	go func() { closed <- w.log.Close() }()
	for n := uint64(1000); ; n++ { // until it takes no more
		if _, _, err := w.log.Submit(contract(n)); errors.Is(err, ledger.ErrClosed) {
			break
		}
		runtime.Gosched()
	}
	drain(t, signs)
	s.send(contract(4).Bytes())
	proceed()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	got := s.rest() // nobody ends the body
	if len(got) != 4 {
		t.Fatalf("%+v", got)
	}
	wantLine(t, got[0], 201, "", "")
	wantLine(t, got[1], 201, "", "")
	wantLine(t, got[2], 503, "", "not taken, send it again later: the ledger is stopping")
	wantLine(t, got[3], 503, "", "the ledger is stopping")
	if got[2].Type != notTaken || got[3].Type != streamEnded || *got[3].Record != 3 {
		t.Errorf("%+v", got)
	}
}
