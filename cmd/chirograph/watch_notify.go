package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"time"
)

// Bounds of what alarms are handed to.
const (
	execTime  = 30 * time.Second // that a program has for an alarm
	execGrace = 2 * time.Second  // until what it left behind is no longer waited for
	hookTime  = 10 * time.Second // that a server has for an answer
	hookTries = 3
	hookPause = time.Second     // after the first; doubled
	waitAtEnd = 5 * time.Second // for what is being handed on, after a signal: less than grace
)

// A notifier hands alarms to a program and to a server, one after the other, beside the
// watch. They are told on stdout whatever becomes of them here; what is not handed on
// stays in the state, and is tried again after each pause and at the next watch.
type notifier struct {
	*app
	program string
	webhook string
	client  *http.Client
	pause   time.Duration
	queue   alarmQueue
	new     chan struct{} // of one: that there is something new to hand on
	closing chan struct{}
	done    chan struct{} // closed when nothing is tried any more
	ctx     context.Context
	cancel  context.CancelFunc
	ended   <-chan struct{}        // of the command
	trouble map[destination]string // that was said, and is not over
}

// newNotifier returns one that hands alarms to nobody where neither flag is given. It
// does nothing before start.
func (a *app) newNotifier(f watchFlags) (*notifier, error) {
	n := &notifier{app: a, webhook: f.webhook, pause: f.interval, trouble: make(map[destination]string)}
	if f.exec != "" {
		var err error
		if n.program, err = exec.LookPath(f.exec); err != nil {
			return nil, hint(fmt.Errorf("--exec: %w", err), "it is the name of one program, without arguments; no shell reads it")
		}
		n.queue.to = append(n.queue.to, toProgram)
	}
	if f.webhook != "" {
		u, err := url.Parse(f.webhook)
		if err != nil || !isURL(f.webhook) || u.Host == "" {
			return nil, hint(errors.New("--webhook is no URL"), "it begins with https:// or http://")
		}
		n.queue.to = append(n.queue.to, toWebhook)
	}
	n.client = &http.Client{
		Timeout:       hookTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	n.new, n.closing, n.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	return n, nil
}

// start begins with what was left before in these directories, by ledger.
func (n *notifier) start(ctx context.Context, dirs map[string]string) error {
	if err := n.queue.open(dirs); err != nil {
		return err
	}
	// A signal ends the watch, and what is being handed on may go on for a while.
	n.ended = ctx.Done()
	n.ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go n.work()
	return nil
}

// alarm keeps a line about a ledger until it is handed on. The error is of the disk.
func (n *notifier) alarm(ledger string, line []byte) error {
	kept, err := n.queue.add(ledger, line)
	if err != nil {
		return fmt.Errorf("an alarm could not be kept: %w", err)
	}
	if !kept {
		n.say("warning: an alarm is not handed on, because %d wait: %s", maxWaiting, bytes.TrimSuffix(line, []byte("\n")))
	}
	select {
	case n.new <- struct{}{}:
	default:
	}
	return nil
}

func (n *notifier) work() {
	defer close(n.done)
	n.handOn(n.queue.all())
	for {
		timer := time.NewTimer(n.pause)
		select {
		case <-n.new:
			n.handOn(n.queue.untried())
		case <-timer.C:
			n.handOn(n.queue.all())
		case <-n.closing:
			timer.Stop()
			n.handOn(n.queue.untried())
			return
		}
		timer.Stop()
	}
}

// handOn tries each once. Where a destination takes nothing at the moment, the rest is
// left for later.
func (n *notifier) handOn(alarms []*keptAlarm) {
	down := make(map[destination]bool)
	for _, k := range alarms {
		k.tried = true
		if n.ctx.Err() != nil || down[k.to] {
			continue
		}
		again, err := n.deliver(k)
		if err == nil {
			delete(n.trouble, k.to)
			continue
		}
		down[k.to] = again
		if text := err.Error(); n.trouble[k.to] != text {
			n.trouble[k.to] = text
			n.say("warning: %s; the alarm is kept, and tried again later", text)
		}
	}
}

// deliver hands on an alarm. It says whether another would fail as well.
func (n *notifier) deliver(k *keptAlarm) (down bool, err error) {
	line, err := k.read()
	if err != nil {
		return false, err
	}
	if k.to == toProgram {
		if err := n.run(line); err != nil {
			return n.ctx.Err() != nil, fmt.Errorf("--exec %s: %w", n.program, err)
		}
		return false, n.queue.delivered(k)
	}
	if down, err = n.post(line); err != nil {
		return down, fmt.Errorf("--webhook: %w", err)
	}
	return false, n.queue.delivered(k)
}

// end returns when each alarm was tried, or, after a signal, soon: nil where all were
// handed on, an error that says how many were not.
func (n *notifier) end() error {
	close(n.closing)
	select {
	case <-n.done:
	case <-n.ended:
		select {
		case <-n.done:
		case <-time.After(waitAtEnd):
		}
	}
	n.cancel()
	<-n.done
	left, lost := n.queue.count()
	switch {
	case lost > 0:
		return fmt.Errorf("%s could not be handed on, and there was no room to keep %d of them", count(left+lost, "alarm"), lost)
	case left > 0:
		return fmt.Errorf("%s could not be handed on, and wait in --state for the next watch with that --exec or --webhook", count(left, "alarm"))
	}
	return nil
}

// run runs the program with a line on its stdin. What it prints is talk.
func (n *notifier) run(line []byte) error {
	ctx, cancel := context.WithTimeout(n.ctx, execTime)
	defer cancel()
	c := exec.CommandContext(ctx, n.program)
	c.Stdin, c.Stdout, c.Stderr, c.WaitDelay = bytes.NewReader(line), n.stderr, n.stderr, execGrace
	err := c.Run()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("it was ended after %s", execTime)
	}
	return err
}

// post sends a line, again where the server may take it later, which it then says. The
// error does not repeat the URL, which may be a secret.
func (n *notifier) post(line []byte) (again bool, err error) {
	pause := hookPause
	for try := 1; ; try++ {
		again, err := n.postOnce(line)
		if err == nil || !again || try == hookTries {
			return again, err
		}
		select {
		case <-time.After(pause):
		case <-n.ctx.Done():
			return again, err
		}
		pause *= 2
	}
}

// postOnce sends a line, and says whether to try again.
func (n *notifier) postOnce(line []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(n.ctx, http.MethodPost, n.webhook, bytes.NewReader(line))
	if err != nil {
		return false, errors.New("the URL makes no request")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "chirograph")
	resp, err := n.client.Do(req)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return true, fmt.Errorf("%s: %w", req.URL.Host, err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 16<<10) // so that the connection serves again
	if resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		return false, nil
	}
	return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500, fmt.Errorf("%s answers %d", req.URL.Host, resp.StatusCode)
}
