package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// Bounds of a stream of records. What bounds single records bounds each of its records too.
const (
	maxStreams    = 64                          // at once; half of them are one address's, with 2 MiB of records each
	streamRecords = 16 << 10                    // records: sixteen batches, so that a stream ends within seconds of an ordinary day
	streamFlight  = 1024                        // records that were read and not answered: a batch, while the one before it is on its way to the disk
	streamBytes   = 2 << 20                     // bytes of those: a batch of common ones, 64 of the largest
	streamLines   = 32 << 10                    // bytes of answers that are written at once, about
	lingerBytes   = 1 << 20                     // of what comes after a stream's end that are read, so that its last answers are not lost
	lingerTime    = time.Second                 // for that
	streamTime    = 10 * time.Minute            // for all of them to come, so that nobody holds a stream for days
	streamIdle    = 2*publishWait + readTimeout // for the next record to come whole: who waits for an answer first, which takes twice publishWait at most, has readTimeout as with one record a request
)

// streamEnded is the type of the problem that is the last line of a stream which was not
// read to its end: of no record, or of one that was not read whole.
const streamEnded = "urn:chirograph:stream-ended"

// A stream is a request of many records. Each goes through these, in the order in which
// they came but for the second: it is read, and takes the places that a request with it
// would; its signatures are checked, on all cores; it is put into the log's queue; it has
// its answer, and gives its places back; its line is written. An answer that has to be
// confirmed is so together with those that come behind it. So a record may refer to those
// before it, and a caller who is slow to read holds nothing but memory of the stream and his
// own next records.
//
// Where a request would be told that its address has its share, or that the ledger is busy,
// the stream waits, as long as that can be due to its own records: until one of them has
// its answer. So it is as fast as it may be and no faster. What is beyond the rate of its
// address is answered 429, each record by itself: to wait for tokens would hold a
// connection for a time that the caller can spend better.
type stream struct {
	h        *Handler
	e        endpoint
	q        *request
	w        http.ResponseWriter
	control  *http.ResponseController
	receipts bool // are asked for
	room     *room

	work      chan *item   // to those who check signatures
	read      chan *item   // in the order of the stream, as all that follow
	submitted chan *item   // what is in the log's queue, or needs not be
	answered  chan []*item // what has its answer
	sent      atomic.Int64 // how many records were put into submitted

	submitters, records own         // places of its records
	impatient           bool        // of the reader: it has waited long enough for what others at its address have
	crowded             atomic.Bool // so have those who check signatures, at the gate

	reading sync.Mutex // held while a deadline is set
	over    bool       // no deadline is set any more

	why   atomic.Pointer[problem] // what the reading was interrupted for
	fault *problem                // of the reader until read is closed: why there is no next record; nil where all were read
}

// An item is a record of a stream.
type item struct {
	submission
	number  int64
	view    *ledger.View // where it is public, and found is true
	found   bool
	index   uint64        // where it is public
	checked chan struct{} // closed when record or err are set; nil where there is nothing to check
	record  *record.Record
	pending *ledger.Pending
	again   bool // pending is somebody else's, or of an earlier record
	placed  bool // it holds a place of submitters
	queued  bool // it holds a place of records
	err     error
	reg     ledger.Registration
}

// run does all of it, and returns whether the answer is whole: its caller has not gone,
// and took what was written. It is over when that is so, or leave was called.
func (s *stream) run(ctx context.Context, leave func()) (whole bool) {
	var wg sync.WaitGroup
	for range s.h.cfg.Checks {
		wg.Go(s.check)
	}
	wg.Go(s.readAll)
	wg.Go(s.submit)
	wg.Go(s.settle)
	wg.Go(s.watch)
	s.write(leave)
	whole = ctx.Err() == nil
	if s.fault != nil && whole {
		s.linger()
	}
	leave()
	wg.Wait()
	s.endReading()
	return whole
}

// interrupt has the reader find an error, which stands for p.
func (s *stream) interrupt(p *problem) {
	s.why.CompareAndSwap(nil, p)
	_ = s.readUntil(time.Unix(1, 0)) // long ago
}

// readUntil sets the deadline of reading, while the request lasts: a timer that fires at its
// very end would else meet what net/http has given to another, or to nobody.
func (s *stream) readUntil(deadline time.Time) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.over {
		return errStreamOver
	}
	return s.control.SetReadDeadline(deadline)
}

// errStreamOver says that a stream has its answer, and reads no more.
var errStreamOver = errors.New("the stream is over")

// endReading lets no deadline be set any more.
func (s *stream) endReading() {
	s.reading.Lock()
	defer s.reading.Unlock()
	s.over = true
}

// watch ends the reading when the log ends, which has answered what it took, and all
// waiting when the caller has gone.
func (s *stream) watch() {
	select {
	case <-s.h.cfg.Log.Done():
		s.interrupt(problemOf(ledger.ErrClosed, false))
		<-s.q.Context().Done()
	case <-s.q.Context().Done():
	}
	s.room.close()
	s.interrupt(&problem{})
}

// readAll reads the records.
func (s *stream) readAll() {
	defer close(s.read)
	defer close(s.work)
	in := newFrames(s.q.Body)
	slow := time.AfterFunc(streamIdle, func() {
		s.interrupt(newProblem(http.StatusRequestTimeout, "the record did not come whole within %s", streamIdle))
	})
	defer slow.Stop()
	late := time.AfterFunc(streamTime, func() {
		s.interrupt(newProblem(http.StatusRequestTimeout, "the stream did not come whole within %s: send what follows in another", streamTime))
	})
	defer late.Stop()
	for n := int64(0); ; n++ {
		slow.Reset(streamIdle)
		body, err := in.next()
		slow.Stop()
		if s.fault = s.end(n, err); s.fault != nil || err != nil || !s.room.enter(len(body)) {
			return
		}
		it := s.look(body)
		it.number = n
		if it.err == nil && !it.found && it.pending == nil {
			it.checked = make(chan struct{})
			s.work <- it
		}
		s.read <- it
	}
}

// end returns why record n is not taken, after what came of reading it; nil where it is,
// and where the stream is at its end.
func (s *stream) end(n int64, err error) *problem {
	why := s.why.Load()
	switch {
	case err != nil && why != nil:
		return why
	case err != nil && !errors.Is(err, io.EOF):
		return brokenOff(err)
	case err == nil && n == streamRecords:
		return newProblem(http.StatusRequestEntityTooLarge, "a stream has at most %d records: send this one and what follows in another", streamRecords)
	}
	return nil
}

// look asks of a record what costs least, and takes its places.
func (s *stream) look(body []byte) *item {
	it := &item{submission: submission{body: body}}
	it.err = func() (err error) {
		defer caught(&err)
		view := s.h.cfg.View()
		var ok bool
		if it.submission, it.index, ok, err = parse(view, body); err != nil {
			return err
		}
		if it.found = ok && view.Begun(); it.found {
			it.view = view
			return nil
		}
		if err := s.place(&s.submitters); err != nil {
			return err
		}
		it.placed = true
		if it.pending = s.h.cfg.Log.Pending(it.id, body); it.pending != nil {
			it.again = true
			return nil
		}
		if err := s.h.cfg.Log.Takes(it.id); err != nil {
			return err
		}
		if err := s.h.room(); err != nil {
			return err
		}
		if err := s.h.submitted.look(s.q.from, s.h.cfg.Clock()); err != nil {
			return err
		}
		if err := s.place(&s.records); err != nil {
			return err
		}
		it.queued = true
		// In the order of the stream, and not when it is checked: else a statement could
		// have the last token, and the contract before it none.
		return s.h.submitted.take(s.q.from, s.h.cfg.Clock())
	}()
	return it
}

// check checks signatures.
func (s *stream) check() {
	for it := range s.work {
		it.err = func() (err error) {
			defer caught(&err)
			if err := s.q.Context().Err(); err != nil {
				return err
			}
			if err := s.turn(); err != nil {
				return err
			}
			defer s.h.gate.leave(s.q.from)
			it.record, err = s.h.verified(it.note)
			return err
		}()
		close(it.checked)
	}
}

// submit puts what was checked into the log's queue.
func (s *stream) submit() {
	defer close(s.submitted)
	for it := range s.read {
		if it.checked != nil {
			<-it.checked
		}
		if it.record != nil && it.err == nil {
			if it.err = s.q.Context().Err(); it.err == nil {
				it.pending, it.again, it.err = s.h.cfg.Log.SubmitAbsent(it.record, it.absent)
			}
		}
		s.sent.Add(1)
		s.submitted <- it
	}
}

// settle waits for the answers of the log.
func (s *stream) settle() {
	defer close(s.answered)
	var group []*item
	var free places
	var concluding sync.WaitGroup // of the group: those that have to be confirmed share that
	next := func() {
		concluding.Wait()
		s.answered <- group
		s.give(free)
		group, free = nil, places{}
	}
	p := &publishing{stream: s, cancel: func() {}}
	defer func() { p.cancel() }()
	for it := range s.submitted {
		if it.pending != nil && it.err == nil {
			select {
			case <-it.pending.Done():
			default:
				if len(group) > 0 { // which do not wait for this one
					next()
				}
			}
			it.reg, it.err = p.wait(it)
		}
		s.release(it, &free)
		if it.err != nil {
			concluding.Go(func() { s.conclude(it) })
		}
		if group = append(group, it); len(s.submitted) == 0 {
			next()
		}
	}
	if len(group) > 0 {
		next()
	}
}

// publishing bounds how long records wait to be public. All that were in the queue when
// one began to be waited for share its patience: none has less than publishWait, and none
// more than twice that.
type publishing struct {
	*stream
	ctx    context.Context
	cancel func()
	before int64 // the number of the first record that is not concerned
}

func (p *publishing) wait(it *item) (ledger.Registration, error) {
	if it.number >= p.before {
		p.cancel()
		p.before = p.sent.Load()
		p.ctx, p.cancel = context.WithTimeout(p.q.Context(), publishWait)
	}
	return it.pending.Wait(p.ctx)
}

// places are how many a stream no longer has.
type places struct {
	submitters, records int64 // that are to be given back
	waiting             int64 // of records, that are when those have their answer
}

// give gives places back.
func (s *stream) give(free places) {
	s.submitters.give(s.q.from, free.submitters, 0)
	s.records.give(s.q.from, free.records, free.waiting)
}

// release adds to free what a record holds. One that still waits stays one of its address's
// until it has its answer, whoever waits for that.
func (s *stream) release(it *item, free *places) {
	if it.placed {
		free.submitters++
	}
	if !it.queued {
		return
	}
	if it.pending != nil && !it.again {
		select {
		case <-it.pending.Done():
		default:
			go func() {
				<-it.pending.Done()
				s.h.records.give(s.q.from, 1)
			}()
			free.waiting++
			return
		}
	}
	free.records++
}

// conclude finds why a record is refused whose signature lines are at fault, where one is that
// became public while it was checked, and what is true of the id of one that is not.
func (s *stream) conclude(it *item) {
	defer caught(&it.err)
	it.err = s.h.faulty(s.q.Context(), it.err)
	var refusal *rules.Refusal
	switch {
	case errors.As(it.err, &refusal) && refusal.Rule == rules.Once:
		it.err, it.found, it.index, it.view = nil, true, refusal.Index, s.h.cfg.View()
	case it.id != record.ID{}:
		it.err = s.h.fate(s.q.Context(), it.id, it.body, it.err)
	}
}
