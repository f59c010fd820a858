package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

// stateFormat is what the file begins with; another number is of another program.
const stateFormat = "chirograph watch 1"

// A state is what a watch remembers beside the copy, in watch.json. It is written at
// the end of each turn, and while records are told.
type state struct {
	Format   string               `json:"format"`
	Ledger   string               `json:"ledger"`   // vkey
	Began    int64                `json:"began"`    // POSIX seconds: when it was first watched
	Reached  int64                `json:"reached"`  // when it was last read to its end
	Renewed  int64                `json:"renewed"`  // from when on a quorum cosigned what was shown; 0 where none did
	Future   int64                `json:"future"`   // the latest time that was to come when a quorum was shown to have cosigned at it
	Cosigned []byte               `json:"cosigned"` // the checkpoint of the copy's size with the latest cosignatures that anybody showed
	Proved   string               `json:"proved"`   // the first breach that evidence proves: it is never over
	Dated    []uint64             `json:"dated"`    // the last entries that were found to be backdated
	Forks    []toldFork           `json:"forks"`    // the last that were told, whoever showed them
	Standing map[string]condition `json:"standing"` // what is so, by kind and source
	Ahead    map[string]ahead     `json:"ahead"`    // by source
	Forked   map[string][][]byte  `json:"forked"`   // by source: the checkpoints of each fork that was told of it, as far as it has grown
	Owed     owed                 `json:"owed"`
	Scans    []scan               `json:"scans"`
	First    map[string]firstLook `json:"first"` // of keys whose first look is not over, as in Scans

	written []byte // what the file has
}

// A condition is something that is so until it is over.
type condition struct {
	What  string `json:"what"` // told again where this is another
	Text  string `json:"text"`
	Since int64  `json:"since"`
}

// An ahead is a source's checkpoint that the copy has not reached.
type ahead struct {
	Checkpoint []byte `json:"checkpoint"`
	Since      int64  `json:"since"`
}

func statePath(dir string) string { return filepath.Join(dir, "watch.json") }

// readState reads what is remembered of a ledger, or begins.
func readState(dir string, ledger note.Key, now int64) (*state, error) {
	s := &state{Format: stateFormat, Ledger: ledger.String(), Began: now}
	b, err := os.ReadFile(statePath(dir))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		*s = state{written: b}
		if err := json.Unmarshal(b, s); err != nil {
			return nil, fmt.Errorf("%s: %w", statePath(dir), err)
		}
	}
	switch {
	case s.Format != stateFormat:
		return nil, fmt.Errorf("%s has the format %.80q, this program reads %q", statePath(dir), s.Format, stateFormat)
	case s.Ledger != ledger.String():
		return nil, fmt.Errorf("%s is of the ledger %.400s, not %s", statePath(dir), s.Ledger, ledger)
	}
	if s.Standing == nil {
		s.Standing = make(map[string]condition)
	}
	if s.Ahead == nil {
		s.Ahead = make(map[string]ahead)
	}
	if s.Forked == nil {
		s.Forked = make(map[string][][]byte)
	}
	if s.First == nil {
		s.First = make(map[string]firstLook)
	}
	return s, nil
}

// write puts the state on disk where it is another than what is there.
func (s *state) write(dir string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil || slices.Equal(b, s.written) {
		return err
	}
	if err := replaceFile(statePath(dir), b); err != nil {
		return err
	}
	s.written = b
	return nil
}

// right takes what is remembered as of a time to come, by a clock that was put right
// meanwhile, as of now: nothing waits for that time.
func (s *state) right(now int64) {
	s.Began, s.Reached, s.Renewed = min(s.Began, now), min(s.Reached, now), min(s.Renewed, now)
	s.Owed.Since = min(s.Owed.Since, now)
	for source, a := range s.Ahead {
		a.Since = min(a.Since, now)
		s.Ahead[source] = a
	}
}

// forget drops what is of sources that are no longer asked.
func (s *state) forget(sources []*source) {
	gone := func(name string) bool {
		return name != "" && name != heldSource && !slices.ContainsFunc(sources, func(s *source) bool { return s.name == name })
	}
	for key := range s.Standing {
		if _, source, _ := strings.Cut(key, " "); gone(source) {
			delete(s.Standing, key)
		}
	}
	maps.DeleteFunc(s.Ahead, func(source string, _ ahead) bool { return gone(source) })
	maps.DeleteFunc(s.Forked, func(source string, _ [][]byte) bool { return gone(source) })
}

// Of a condition, by its kind: whether the ledger broke a promise, or something was not
// looked at. That no witness answers is neither: its cosignatures are what counts.
var (
	brokenKinds   = []string{Fork, Backdating, Rule, Tree, Status, Behind, Quorum}
	unlookedKinds = []string{Stale, Unjudged, Unreachable, Uncompared}
)

func (s *state) outcome() *Outcome {
	o := new(Outcome)
	if s.Proved != "" {
		o.Broken = append(o.Broken, s.Proved)
	}
	for _, key := range sortedKeys(s.Standing) {
		kind, source, _ := strings.Cut(key, " ")
		text := s.Standing[key].Text
		switch {
		case slices.Contains(brokenKinds, kind) && text != s.Proved:
			o.Broken = append(o.Broken, text)
		case slices.Contains(unlookedKinds, kind) && !strings.HasPrefix(source, witnessPrefix):
			o.Unlooked = append(o.Unlooked, text)
		}
	}
	return o
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// begin tells that something is so, where that was not told: of a source, or of the
// ledger where it is "". What tells one reason from another is what.
func (w *Watcher) begin(source, what string, e Event, evidence []byte) error {
	key := conditionKey(e.Kind, source)
	if old, ok := w.state.Standing[key]; ok && old.What == what {
		return nil
	}
	if err := w.tell(e, evidence); err != nil {
		return err
	}
	w.state.Standing[key] = condition{what, e.Text, w.cfg.Clock().Unix()}
	if evidence != nil && w.state.Proved == "" {
		w.state.Proved = e.Text
	}
	return nil
}

// end tells that it is over, where it was told that it is so.
func (w *Watcher) end(source, kind, text string) error {
	key := conditionKey(kind, source)
	if _, ok := w.state.Standing[key]; !ok {
		return nil
	}
	e := Event{Kind: kind, Severity: Info, Text: text}
	if kind == Unreachable {
		e.Kind = Reachable
	}
	if err := w.tell(e, nil); err != nil {
		return err
	}
	delete(w.state.Standing, key)
	return nil
}

func conditionKey(kind, source string) string {
	if source == "" {
		return kind
	}
	return kind + " " + source
}
