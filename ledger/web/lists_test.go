package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/pages"
	"github.com/chirograph/chirograph/ledger/record"
)

func TestTheLogIsReadToItsFirstEntry(t *testing.T) {
	w := open(t).add(contracts(150)...)
	var seen []uint64
	for path := "/log.json"; path != ""; {
		var l pages.Log
		if err := json.Unmarshal(read(t, w.get("GET", path)), &l); err != nil || l.Size != 150 || len(l.Entries) > pages.MaxLog {
			t.Fatalf("%s: %v %+v", path, err, l)
		}
		for _, e := range l.Entries {
			seen = append(seen, e.Index)
		}
		if path = ""; l.Next != nil {
			path = fmt.Sprintf("/log.json?before=%d", *l.Next)
		}
	}
	for i, index := range seen {
		if index != uint64(149-i) {
			t.Fatalf("entry %d comes as number %d", index, i)
		}
	}
	if len(seen) != 150 {
		t.Errorf("%d entries", len(seen))
	}
	for query, want := range map[string]int{"?before=1": 1, "?before=64": 64, "?before=65": 64, "?before=9223372036854775807": 64} {
		var l pages.Log
		if err := json.Unmarshal(read(t, w.get("GET", "/log"+query)), &l); err != nil || len(l.Entries) != want || (l.Next == nil) != (want == 1 || query == "?before=64") {
			t.Errorf("%s: %v, %d entries, next %v", query, err, len(l.Entries), l.Next)
		}
	}
}

// From each part of a list one comes to the next, and to the beginning.
func TestPartsOfAListLeadToEachOther(t *testing.T) {
	w := open(t)
	c := w.one(contract(0)).ID()
	list := make([]*record.Record, 0, 256)
	for i := range uint64(256) {
		list = append(list, under(i, record.Statement, c, byMaker, maker))
	}
	w.add(list...)
	w.one(under(256, record.Statement, c, byMaker, maker))
	for path, next := range map[string]string{"/contracts/" + c.String(): "256", "/keys/" + maker.Public().String(): "255"} {
		for query, want := range map[string][2]bool{"": {false, true}, "?after=9": {true, false}, "?after=257": {true, false}} {
			b := string(read(t, w.ask(path+query)))
			begin, later := strings.Contains(b, `<a class="button" href="..`+path+`">From the beginning</a>`), strings.Contains(b, `<a class="button" href="?after=`+next+`" rel="next">`)
			if begin != want[0] || later != want[1] {
				t.Errorf("%s%s: to the beginning %v, to the next %v, want %v", path[:6], query, begin, later, want)
			}
		}
	}
}

// Of many contracts under one some are drawn, and all are in the time line.
func TestSomeOfManyContractsUnderOneAreDrawn(t *testing.T) {
	for n, others := range map[uint64]bool{pages.MaxUnder: false, pages.MaxUnder + 1: true} {
		w := open(t)
		c := w.one(contract(0)).ID()
		for i := range n {
			w.one(sealed(draft(1+i, func(t *record.Text) { t.Under, t.Title = c, fmt.Sprintf("Part %d", i) }), maker, buyer))
		}
		b := string(read(t, w.ask("/contracts/"+c.String())))
		if boxes, listed, told := strings.Count(b, "<rect"), strings.Count(b, "Made under it <a"), strings.Count(b, "<strong>A contract was made under it"); boxes != 1+pages.MaxUnder || listed != pages.MaxUnder || told != int(n) {
			t.Errorf("of %d there are %d boxes, %d links, %d in the time line", n, boxes, listed, told)
		}
		if strings.Contains(b, "Others are in the time line.") != others {
			t.Errorf("of %d, others: want %v", n, others)
		}
	}
}
