package watch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A Severity says whether somebody has to look.
type Severity string

const (
	Info  Severity = "info"
	Alarm Severity = "alarm"
)

// The kinds of event. Those of the ledger:
const (
	Fork        = "fork"        // it signed two histories
	Backdating  = "backdating"  // an entry was published later than it says
	Rule        = "rule"        // an entry breaks a rule of admission
	Tree        = "tree"        // what it serves is not of the tree that it signed
	Status      = "status"      // what it says of a contract is not what its log says
	Behind      = "behind"      // it shows an older tree than it has signed, as it showed itself, a source or a receipt
	Quorum      = "quorum"      // its checkpoint lacks the policy's quorum
	Stale       = "stale"       // what could be read to its end, the quorum had last seen long ago, or it was last so long ago
	Unjudged    = "unjudged"    // an entry is of a kind that this program does not know
	Unreachable = "unreachable" // it does not show its checkpoint, or not all that is in it, an alarm where that lasts; or a source shows none
	Reachable   = "reachable"   // it does again
	Frozen      = "frozen"      // it says that it registers nothing any more, for good
	Uncompared  = "uncompared"  // a source's tree is another or larger, and which, could not be found out; or a witness shows none to anybody
)

// Those of records:
const (
	Key         = "key"         // a key of mine signed a record that I do not have
	Named       = "named"       // a record names a key of mine, and I do not have it
	Revocation  = "revocation"  // a key of mine is revoked
	Amendment   = "amendment"   // a contract took the place of one of mine
	Statement   = "statement"   // under a contract of mine
	Dispute     = "dispute"     // a statement that something is disputed
	Resolution  = "resolution"  // a statement that a dispute is over
	Termination = "termination" // of a contract of mine
)

// An Event is something that is told. An event of severity info whose kind is one of the
// ledger's and whose text ends in "again" says that it is over; that something cannot be
// reached is over with a kind of its own.
type Event struct {
	Time     string   `json:"time"`               // when it was told: YYYY-MM-DDTHH:MM:SSZ
	Ledger   string   `json:"ledger"`             // vkey
	Kind     string   `json:"kind"`               // one of the kinds above
	Severity Severity `json:"severity"`           // info, alarm
	Index    *uint64  `json:"index,omitempty"`    // of the entry; of a fork as in evidence
	ID       string   `json:"id,omitempty"`       // of the record
	Text     string   `json:"text"`               // a sentence
	Evidence string   `json:"evidence,omitempty"` // the file that proves it to others
	Origin   string   `json:"-"`                  // name of the ledger

	key   *note.Key // of mine, by which alone it concerns me; nil where it is to be told whatever came before
	about string    // that the evidence is of, and its file named by; "" for what is in it
}

// String returns the event in one line.
func (e Event) String() string {
	s := fmt.Sprintf("%s %s %s: %s", e.Time, e.Origin, e.Kind, e.Text)
	if e.Severity == Alarm {
		s = fmt.Sprintf("%s %s ALARM %s: %s", e.Time, e.Origin, e.Kind, e.Text)
	}
	if e.Evidence != "" {
		s += "; evidence: " + e.Evidence
	}
	return s
}

// tell reports an event, with its evidence in a file where there is some.
func (w *Watcher) tell(e Event, evidence []byte) error {
	e.Time, e.Ledger, e.Origin = record.FormatTime(w.cfg.Clock().Unix()), w.cfg.Ledger.String(), w.cfg.Ledger.Name()
	if evidence != nil {
		sum := sha256.Sum256(evidence)
		if e.about != "" {
			sum = sha256.Sum256([]byte(e.about))
		}
		e.Evidence = filepath.Join(w.cfg.Dir, fmt.Sprintf("evidence-%s-%s.txt", e.Kind, hex.EncodeToString(sum[:8])))
		if err := replaceFile(e.Evidence, evidence); err != nil {
			return fmt.Errorf("%s; and the evidence could not be written: %w", e, err)
		}
	}
	return w.cfg.Report(e)
}

// replaceFile writes a file, whole or not at all, and returns when it is on disk.
func replaceFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".watch-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
