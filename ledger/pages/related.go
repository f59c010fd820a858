package pages

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

// A related contract is one that stands about another.
type related struct {
	How   string // to the contract: replaces, replaced, frame or under
	ID    string
	Title string
}

// relatedTo returns what a contract replaces, what replaces it, its frame, and the first
// of those that were made under it: as far as its page of the time line has them, at most
// [MaxUnder].
func relatedTo(view *ledger.View, c *Contract) ([]related, error) {
	replaced, err := replacedBy(view, c.ID)
	if err != nil {
		return nil, err
	}
	var list []related
	for _, r := range []related{{How: "frame", ID: c.Under}, {How: "replaces", ID: c.Replaces}, {How: "replaced", ID: replaced}} {
		if r.ID == "" {
			continue
		}
		id, err := record.ParseID(r.ID)
		if err != nil {
			return nil, err
		}
		found, err := view.Contract(id)
		switch {
		case errors.Is(err, ledger.ErrNotFound):
			return nil, errors.New("the store is damaged: contract " + c.ID + " names " + r.ID + ", which is not there")
		case err != nil:
			return nil, err
		}
		r.Title = found.Record.Text().Title
		list = append(list, r)
	}
	n := 0
	for _, e := range c.Timeline {
		if e.Relation == "under" && n < MaxUnder {
			list, n = append(list, related{"under", e.ID, e.Title}), n+1
		}
	}
	return list, nil
}

// replacedBy returns the id of the contract that takes the place of another, today or
// later; "" for none.
func replacedBy(view *ledger.View, contract string) (string, error) {
	id, err := record.ParseID(contract)
	if err != nil {
		return "", err
	}
	ends, err := view.Ends(id)
	for _, e := range ends {
		if e.Replaces {
			return e.ID.String(), err
		}
	}
	return "", err
}

// under returns how many contracts made under it the page of a contract has.
func under(c *Contract) (n int) {
	for _, e := range c.Timeline {
		if e.Relation == "under" {
			n++
		}
	}
	return n
}

// Words returns what the related contract is to the other.
func (r related) Words() string {
	switch r.How {
	case "frame":
		return "It is made under"
	case "replaces":
		return "It takes the place of"
	case "replaced":
		return "Its place is taken by"
	}
	return "Made under it"
}

// Sizes of a drawing, in its own units, which are pixels where there is room: two boxes
// stand beside each other on the narrowest phone.
const (
	boxWidth  = 158
	boxHeight = 50
	rowHeight = 74
	right     = 178 // where the second column begins
	trunk     = 168 // the line between the columns
	boxRunes  = 21  // of a title, that fit a box
)

// A drawing is a contract with those about it: on the left those that took each other's
// place, on the right the frame above and what was made under it below.
type drawing struct {
	Width, Height int
	Boxes         []box
	Lines         []string // paths of SVG
}

type box struct {
	X, Y         int
	Label, Title string
	Self         bool
}

// draw returns nil where nothing stands about the contract.
func draw(c *Contract, around []related) *drawing {
	if len(around) == 0 {
		return nil
	}
	self := 0
	for _, r := range around {
		if r.How == "frame" || r.How == "replaces" {
			self = 1
		}
	}
	d := &drawing{Width: right + boxWidth + 2}
	middle := func(row int) int { return 2 + row*rowHeight + boxHeight/2 }
	add := func(x, row int, label, title string) {
		d.Boxes = append(d.Boxes, box{x, 2 + row*rowHeight, label, clip(titled(title)), row == self && x == 2})
		d.Height = max(d.Height, 2+row*rowHeight+boxHeight+2)
	}
	add(2, self, "this contract", c.Title)
	next := self + 1
	for _, r := range around {
		switch r.How {
		case "frame":
			add(right, 0, "made under", r.Title)
			d.Lines = append(d.Lines, branch(middle(self)-8, middle(0)))
		case "replaces":
			add(2, 0, "takes the place of", r.Title)
			d.Lines = append(d.Lines, stem(0))
		case "replaced":
			add(2, self+1, "replaced by", r.Title)
			d.Lines = append(d.Lines, stem(self))
		case "under":
			add(right, next, "made under this", r.Title)
			d.Lines = append(d.Lines, branch(middle(self)+8, middle(next)))
			next++
		}
	}
	return d
}

// clip returns the beginning of a title that fits a box.
func clip(title string) string {
	runes := []rune(title)
	if len(runes) <= boxRunes {
		return title
	}
	return string(runes[:boxRunes-1]) + "…"
}

// stem returns the line from the box of a row on the left to the one below.
func stem(row int) string {
	return fmt.Sprintf("M%d %dV%d", 2+boxWidth/2, 2+row*rowHeight+boxHeight, 2+(row+1)*rowHeight)
}

// branch returns the line from a height on the left to one on the right.
func branch(from, to int) string {
	return fmt.Sprintf("M%d %dH%dV%dH%d", 2+boxWidth, from, trunk, to, right)
}
