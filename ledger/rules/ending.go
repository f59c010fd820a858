package rules

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger/record"
)

// An Ending is how a contract ends, and when.
type Ending struct {
	Day record.Date // first day no longer in force; zero for no end
	How Standing    // Replaced, Terminated or Expired
	By  record.ID   // the contract that replaces it, the termination; zero where it expires
}

// lastDay is 9999-12-31: whoever is in force until then is so for ever, for no day
// after it can be written.
const lastDay record.Date = 2_932_897

// ending returns how a contract ends by its own text and by what ends it. Of the days
// the earliest stands; on a tie a replacement, then a termination, then its expiry.
func ending(text *record.Text, ends []End) Ending {
	var first Ending
	sooner := func(e Ending) {
		if first.Day == 0 || e.Day < first.Day {
			first = e
		}
	}
	for _, e := range ends {
		if e.Replaces {
			sooner(Ending{e.Day, Replaced, e.ID})
		}
	}
	for _, e := range ends {
		if !e.Replaces {
			sooner(Ending{e.Day, Terminated, e.ID})
		}
	}
	if text.Until != 0 && text.Until != lastDay {
		sooner(Ending{text.Until + 1, Expired, record.ID{}})
	}
	return first
}

// String says in words how a contract ends.
func (e Ending) String() string {
	if e.How == Expired {
		return fmt.Sprintf("%s is its last day", e.Day-1)
	}
	return fmt.Sprintf("%s from %s on by %s", e.How, e.Day, e.By)
}

// endingJSON is an Ending as data: FORMATS.md, section 5.
type endingJSON struct {
	Day string   `json:"day"`
	How Standing `json:"how"`
	By  string   `json:"by,omitempty"`
}

// MarshalJSON prints the end: day, how, and by, which is left out where the contract
// expires. A zero Ending has no form: who has none leaves it out ("omitzero").
func (e Ending) MarshalJSON() ([]byte, error) {
	out := endingJSON{Day: e.Day.String(), How: e.How}
	if e.By != (record.ID{}) {
		out.By = e.By.String()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON prints, and refuses what is no end.
func (e *Ending) UnmarshalJSON(b []byte) error {
	var in endingJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return errors.New("it is no end of a contract")
	}
	day, err := record.ParseDate(in.Day)
	if err != nil {
		return err
	}
	var by record.ID
	switch in.How {
	case Expired:
		if in.By != "" {
			return errors.New("what expires does so by no record")
		}
	case Replaced, Terminated:
		if by, err = record.ParseID(in.By); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%.32q is no end of a contract", in.How)
	}
	*e = Ending{day, in.How, by}
	return nil
}
