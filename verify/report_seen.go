package verify

import (
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

func (rep *Report) registration(r *Registration, p *Policy) {
	log := r.Checkpoint.Log.Key
	rep.prove("%s registered it as entry %d at %s, and signed the tree of %s that it is in (key %s)",
		log.Name(), r.Index, rep.Registered, entries(r.Checkpoint.Size), log.Public().Fingerprint())
	rep.Witnesses = witnessReports(r.Counted)
	for i, c := range r.Counted {
		if last := i+1 == len(r.Counted) || r.Counted[i+1].Witness != c.Witness; c.Own && last {
			rep.prove("%s cosigned that tree with %s (%s) at %s: the ledger's own word", log.Name(), keyKind(c.Witness.Key), c.Witness.Key.Fingerprint(), record.FormatTime(c.Time))
		}
	}
	const alone = "when it was registered, and that others are shown the same ledger: "
	seen := r.seen()
	switch rep.LedgerOnly = p.LedgerOnly(seen.Counted); {
	case p.Quorum == NoQuorum:
		rep.leaveOpen(alone + "quorum none, so one key vouches for this tree and its time; others may have been shown another")
	case rep.LedgerOnly:
		rep.leaveOpen(alone+"the ledger's own word alone meets the quorum %s, so nobody else vouches for this tree and its time; others may have been shown another", p.Quorum)
	case seen == r:
		rep.SeenBy = record.FormatTime(r.SeenBy)
		rep.prove("the quorum %s had seen it by %s (%s)", p.Quorum, rep.SeenBy, r.seers())
	default:
		rep.seenIn(r, seen, p)
	}
}

// seenIn says in which older tree the quorum had seen the entry. What is said of the
// newer one is of its own cosignatures.
func (rep *Report) seenIn(r, older *Registration, p *Policy) {
	c := older.Checkpoint
	rep.SeenBy = record.FormatTime(older.SeenBy)
	rep.SeenIn = &SeenReport{c.Size, c.Root.String(), witnessReports(older.Counted)}
	rep.prove("the quorum %s had seen it by %s (%s) in a tree of %s that it is in, too", p.Quorum, rep.SeenBy, older.seers(), entries(c.Size))
	if p.LedgerOnly(r.Counted) {
		rep.leaveOpen("that others are shown the same tree of %s: the ledger's own word alone meets the quorum %s there", entries(r.Checkpoint.Size), p.Quorum)
	}
}

func witnessReports(counted []Cosignature) []WitnessReport {
	var reports []WitnessReport
	for _, c := range counted {
		reports = append(reports, WitnessReport{c.Witness.Name, record.FormatTime(c.Time), c.Own})
	}
	return reports
}

// keyKind says what kind of key a ledger has beside the one of its log.
func keyKind(k note.Key) string {
	if k.Type() == note.MLDSA44 {
		return "its ML-DSA-44 key"
	}
	return "another Ed25519 key"
}

// seers lists the witnesses that had cosigned by the time of the quorum.
func (r *Registration) seers() string {
	var names []string
	own := false
	for _, c := range r.Counted {
		own = own || c.Own
		if !c.Own && c.Time <= r.SeenBy && !slices.Contains(names, c.Witness.Name) {
			names = append(names, c.Witness.Name)
		}
	}
	s := strings.Join(names, ", ")
	if own {
		s += ", and the ledger's own word"
	}
	return s
}
