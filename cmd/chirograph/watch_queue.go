package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// maxWaiting is how many alarms are kept that were not handed on: to each destination as
// many as are told on the worst day, in some megabytes.
const maxWaiting = 1024

// alarmsDir is the folder in the state of a ledger in which they are.
const alarmsDir = "alarms"

// maxAlarm bounds what is read back of an alarm: a line of a few sentences.
const maxAlarm = 64 << 10 // bytes

// A destination is what alarms are handed to, as it stands in the name of a file.
type destination string

const (
	toProgram destination = "exec"
	toWebhook destination = "webhook"
)

// A keptAlarm is a line in a file, for one destination.
type keptAlarm struct {
	path  string
	to    destination
	tried bool // since the watch began
}

func (k *keptAlarm) read() ([]byte, error) { return readFile(k.path, maxAlarm) }

// An alarmQueue keeps on disk what is not handed on. A file of it is there from before
// the alarm counts as told until it is delivered, so that none is lost in between.
type alarmQueue struct {
	to []destination // that are asked for

	mu      sync.Mutex
	dirs    map[string]string // of the ledgers, by vkey
	next    uint64            // number of the next file: they are handed on in this order
	waiting []*keptAlarm
	lost    int // for which there was no room
}

// open finds what was left in the directories of these ledgers, which are held.
func (q *alarmQueue) open(dirs map[string]string) error {
	q.dirs = make(map[string]string)
	for ledger, dir := range dirs {
		dir = filepath.Join(dir, alarmsDir)
		q.dirs[ledger] = dir
		files, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, f := range files {
			var number uint64
			var to destination
			if _, err := fmt.Sscanf(strings.TrimSuffix(f.Name(), ".json"), "%d-%s", &number, &to); err != nil || f.Name() != alarmName(number, to) {
				continue
			}
			q.next = max(q.next, number+1)
			if slices.Contains(q.to, to) {
				q.waiting = append(q.waiting, &keptAlarm{path: filepath.Join(dir, f.Name()), to: to})
			}
		}
	}
	slices.SortStableFunc(q.waiting, func(a, b *keptAlarm) int {
		return strings.Compare(filepath.Base(a.path), filepath.Base(b.path))
	})
	return nil
}

func alarmName(number uint64, to destination) string { return fmt.Sprintf("%020d-%s.json", number, to) }

// add keeps a line for each destination, and says whether there was room.
func (q *alarmQueue) add(ledger string, line []byte) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.to) == 0 {
		return true, nil
	}
	if len(q.waiting)+len(q.to) > maxWaiting*len(q.to) {
		q.lost++
		return false, nil
	}
	dir := q.dirs[ledger]
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, err
	}
	for _, to := range q.to {
		k := &keptAlarm{path: filepath.Join(dir, alarmName(q.next, to)), to: to}
		if err := replaceFile(k.path, forAll, bytes.NewReader(line)); err != nil {
			return false, err
		}
		q.waiting = append(q.waiting, k)
	}
	q.next++
	return true, nil
}

func (q *alarmQueue) all() []*keptAlarm {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.waiting)
}

// untried returns those that were not tried since the watch began.
func (q *alarmQueue) untried() []*keptAlarm {
	return slices.DeleteFunc(q.all(), func(k *keptAlarm) bool { return k.tried })
}

// delivered drops an alarm.
func (q *alarmQueue) delivered(k *keptAlarm) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.DeleteFunc(q.waiting, func(w *keptAlarm) bool { return w == k })
	return os.Remove(k.path)
}

// count returns how many alarms wait, however many destinations they wait for, and for
// how many there was no room.
func (q *alarmQueue) count() (left, lost int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	numbers := make(map[string]bool)
	for _, k := range q.waiting {
		number, _, _ := strings.Cut(filepath.Base(k.path), "-")
		numbers[number] = true
	}
	return len(numbers), q.lost
}
