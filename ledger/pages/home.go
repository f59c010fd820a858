package pages

import (
	"slices"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A Home says what the ledger is.
type Home struct {
	Name        string    `json:"name"`
	Ledger      string    `json:"ledger"` // vkey
	Key         string    `json:"key"`    // 64 hex digits
	Fingerprint string    `json:"fingerprint"`
	URL         string    `json:"url,omitempty"`
	Copy        bool      `json:"copy,omitempty"`   // this is a read-only copy of it
	Frozen      bool      `json:"frozen,omitempty"` // it registers nothing any more, for good
	Time        string    `json:"time"`             // of the page
	Size        uint64    `json:"size"`
	Root        string    `json:"root"`
	Last        string    `json:"last,omitempty"` // when the last entry was registered
	Quorum      string    `json:"quorum"`         // of the policy
	Witnesses   []Witness `json:"witnesses"`      // of the policy
	Latest      []Entry   `json:"latest"`         // records, the newest first; at most 8
	Checkpoint  string    `json:"checkpoint"`     // the signed note
}

// A Witness is one of the ledger's policy.
type Witness struct {
	Name        string `json:"name"` // in the policy
	VKey        string `json:"vkey"`
	Fingerprint string `json:"fingerprint"`
	URL         string `json:"url,omitempty"`
	Own         bool   `json:"own,omitempty"`      // the ledger's second key, which is no other's word
	Cosigned    string `json:"cosigned,omitempty"` // when last, by its own word, since the process began; "" for not since

	At int64 `json:"-"` // Cosigned in POSIX seconds
}

// Independent says whether somebody else than the ledger is a witness of its policy.
func (h *Home) Independent() bool {
	return slices.ContainsFunc(h.Witnesses, func(w Witness) bool { return !w.Own })
}

// HomeAt returns the home page at a time, in POSIX seconds.
func (s *Site) HomeAt(view *ledger.View, now int64) (*Home, error) {
	c := view.Checkpoint()
	h := &Home{
		Name: s.Key.Name(), Ledger: s.Key.String(), Key: s.Key.Public().String(), Fingerprint: s.Key.Fingerprint(),
		URL: s.URL, Copy: s.Copy, Frozen: s.Frozen, Time: record.FormatTime(max(now, view.LastTime())),
		Size: c.Size, Root: c.Root.String(), Quorum: view.Policy().Quorum, Witnesses: s.witnesses(view.Policy()),
	}
	if view.Begun() {
		h.Checkpoint = string(c.Bytes())
	}
	if c.Size > 0 {
		h.Last = record.FormatTime(view.LastTime())
	}
	var err error
	h.Latest, err = entries(view, c.Size, MaxLatest)
	return h, err
}

func (s *Site) witnesses(p *verify.Policy) []Witness {
	list := []Witness{}
	log, _ := p.Log(s.Key)
	for _, w := range p.Witnesses {
		out := Witness{Name: w.Name, VKey: w.Key.String(), Fingerprint: w.Key.Fingerprint(), URL: w.URL, Own: log.Owns(w)}
		if s.Past != nil {
			if at, ok := s.Past.Cosigned(w.Key); ok {
				out.Cosigned, out.At = record.FormatTime(at), at
			}
		}
		list = append(list, out)
	}
	return list
}
