package web

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/chirograph/chirograph/ledger/record"
)

// A lineJSON is the answer to a record of a stream that is public.
type lineJSON struct {
	Status  int    `json:"status"` // 201, or 200 where it was registered already
	ID      string `json:"id"`
	Index   uint64 `json:"index"`
	Receipt string `json:"receipt,omitempty"`
}

// A faultJSON is the answer to one that is not, or the end of a stream: a problem, with
// what a header says of a single one.
type faultJSON struct {
	*problem
	ID         string `json:"id,omitempty"`          // where it is known
	RetryAfter int    `json:"retry_after,omitempty"` // seconds
	Record     *int64 `json:"record,omitempty"`      // of the last line of a stream that was not read to its end: the number of the record, from 0, at which that was
}

// write writes the answers, and returns when there are no others. It calls leave when the
// caller has gone, or is too slow.
func (s *stream) write(leave func()) {
	var lines []byte
	n := int64(0)
	records, bytes := 0, 0 // whose lines were not sent yet
	flush := func() {
		lines = s.flush(lines, leave)
		s.room.leave(records, bytes)
		records, bytes = 0, 0
	}
	for group := range s.answered {
		for i, it := range group {
			if s.q.Context().Err() == nil {
				lines = s.line(lines, it)
			}
			n, records, bytes = n+1, records+1, bytes+len(it.body)
			group[i] = nil // its bytes are not kept while the others' lines are sent
			if len(lines) >= streamLines {
				flush()
			}
		}
		if len(s.answered) == 0 {
			flush()
		}
	}
	if s.fault != nil && s.q.Context().Err() == nil {
		p := *s.fault
		p.Type = streamEnded
		lines = appendLine(lines, faultJSON{problem: &p, RetryAfter: p.retryAfter, Record: &n})
	}
	s.flush(lines, leave)
}

// line appends the answer to a record.
func (s *stream) line(lines []byte, it *item) []byte {
	answer, err := s.success(it)
	if err == nil {
		s.h.count(answer.Status)
		return appendLine(lines, answer)
	}
	p := s.h.problem(s.q, s.e, err)
	fault := faultJSON{problem: p, RetryAfter: p.retryAfter}
	if it.id != (record.ID{}) {
		fault.ID = it.id.String()
	}
	return appendLine(lines, fault)
}

// success returns the answer to a record that is public, or why there is none.
func (s *stream) success(it *item) (answer lineJSON, err error) {
	defer caught(&err)
	if it.err != nil {
		return answer, it.err
	}
	answer = lineJSON{Status: http.StatusOK, ID: it.id.String(), Index: it.index}
	if !it.found {
		answer.Index = it.reg.Index
		if it.reg.New && !it.again {
			answer.Status = http.StatusCreated
		}
	}
	if !s.receipts {
		return answer, nil
	}
	var receipt []byte
	if it.found {
		receipt, err = s.h.receipt(s.q, it.view, it.index)
	} else {
		receipt, err = it.reg.Receipt()
	}
	if err != nil {
		return answer, &registeredError{err}
	}
	answer.Receipt = string(receipt)
	return answer, nil
}

func appendLine(lines []byte, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers
	}
	return append(append(lines, b...), '\n')
}

// flush sends lines to a caller who takes as long for them as for any answer, and returns
// them empty.
func (s *stream) flush(lines []byte, leave func()) []byte {
	if len(lines) == 0 || s.q.Context().Err() != nil {
		return lines[:0]
	}
	sent := s.h.hurry(s.w, len(lines), func() {})
	_, err := s.w.Write(lines)
	sent()
	if err != nil {
		leave()
	}
	return lines[:0]
}

// linger reads what a caller sends who has not heard yet that his stream has ended: else
// the system takes back the answers that he has not read.
func (s *stream) linger() {
	if s.readUntil(time.Time{}) != nil {
		return
	}
	last := time.AfterFunc(lingerTime, func() { _ = s.readUntil(time.Unix(1, 0)) })
	defer last.Stop()
	_, _ = io.CopyN(io.Discard, s.q.Body, lingerBytes)
}
