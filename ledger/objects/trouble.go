package objects

import (
	"context"
	"fmt"
	"regexp"
	"sync"
)

// What is told of what goes wrong again and again.
const (
	troubleTries = 5  // of a write before it is told: a store that is slow for a moment is no trouble
	writeTries   = 12 // of a write of which somebody waits for the end: some ten seconds, where answers come
	maxReasons   = 8  // for which one thing fails that are told before it goes well
)

// tilesName is by what name tiles and bundles are told of: they fail together.
const tilesName = "tiles"

// A News knows what was told, so that what goes on failing is told once for each reason.
// Reasons are the same that differ by words with digits alone, such as the port of a connection
// or the id of a request. Its methods may be called at once.
type News struct {
	mu   sync.Mutex
	told map[string]map[string]bool // the reasons, by what failed
}

// Fails says whether it is news that something fails by this error.
func (n *News) Fails(what string, err error) bool {
	reason := reasonOf(err)
	n.mu.Lock()
	defer n.mu.Unlock()
	reasons := n.told[what]
	if reasons[reason] || len(reasons) == maxReasons {
		return false
	}
	if reasons == nil {
		if n.told == nil {
			n.told = make(map[string]map[string]bool)
		}
		reasons = make(map[string]bool)
		n.told[what] = reasons
	}
	reasons[reason] = true
	return true
}

// Well forgets that something failed, and says whether it did.
func (n *News) Well(what string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, failed := n.told[what]
	delete(n.told, what)
	return failed
}

// Clear forgets all.
func (n *News) Clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.told)
}

// numbered is a word that has a digit.
var numbered = regexp.MustCompile(`[\pL\pN]*\pN[\pL\pN]*`)

func reasonOf(err error) string { return numbered.ReplaceAllString(err.Error(), "#") }

// troubled tells that something fails, where that is news.
func (r *Register) troubled(what string, err error) {
	if r.Trouble != nil && r.news.Fails(what, err) {
		r.Trouble(what, err)
	}
}

// well tells that something goes well again, where it was told that it does not.
func (r *Register) well(what string) {
	if r.Trouble != nil && r.news.Well(what) {
		r.Trouble(what, nil)
	}
}

// bounded returns the register for writes of which somebody waits for the end: each is tried
// so often and no more.
func (r *Register) bounded() *Register {
	return &Register{Bucket: r.Bucket, Key: r.Key, Random: r.Random, Trouble: r.Trouble, tries: writeTries}
}

// tries are those of one write.
type tries struct {
	register *Register
	what     string
	pause    pause
	n        int
}

// wait waits before the next, and tells of trouble. The error says that there is none: ctx has
// ended, or there were enough.
func (t *tries) wait(ctx context.Context, err error) error {
	t.n++
	if t.n == t.register.tries {
		return fmt.Errorf("it was tried %d times", t.n)
	}
	if t.many() && ctx.Err() == nil {
		t.register.troubled(t.what, err)
	}
	return t.pause.wait(ctx)
}

// many says whether it is trouble by now.
func (t *tries) many() bool { return t.n >= troubleTries }
