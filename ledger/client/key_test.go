package client

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/chirograph/chirograph/crypto/note"
)

const someID = "00000000000000000000000000000000000000000000000000000000000000aa"

func claim(index int) string {
	return fmt.Sprintf(`{"index":%d,"id":"%s","kind":"contract","registered":"2026-01-02T03:04:05Z","name":"maker.example"}`, index, someID)
}

func TestKeyPageIsReadStrictly(t *testing.T) {
	l := newLog("ledger.example/log")
	pub := newSigner("maker.example", note.Ed25519).Public()
	page := func(records, rest string) string {
		return fmt.Sprintf(`{"key":"%s","records":[%s]%s}`, pub, records, rest)
	}
	var many []string
	for i := range maxPageRecords + 1 {
		many = append(many, claim(i))
	}
	for _, test := range []struct {
		body string
		want string
	}{
		{page("", ""), ""},
		{page(claim(4)+","+claim(9), `,"revoked_by":9,"next":9,"later":"x"`), ""},
		{page(strings.Join(many[:maxPageRecords], ","), ""), ""},
		{page(strings.Join(many, ","), ""), "it has 257 records, at most 256"},
		{page(claim(4)+","+claim(4), ""), "record 1 of it has the index 4, after 4"},
		{page(claim(4), `,"next":5`), "the next one is after 5"},
		{page("", `,"next":5`), "the next one is after 5"},
		{page(claim(-1), ""), "not the JSON"},
		{page(strings.Replace(claim(1), "aa", "AA", 1), ""), "record 0 of it"},
		{page(strings.Replace(claim(1), "05Z", "05", 1), ""), "registered"},
		{page(strings.Replace(claim(1), "contract", "poem", 1), ""), `kind "poem"`},
		{page(strings.Replace(claim(1), "maker.example", "\\u001b[2J", 1), ""), "record 0 of it"},
		{`{"key":"00","records":[]}`, `of the key "00"`},
		{"hello", "not the JSON"},
		{page("", strings.Repeat(" ", maxKeyPage)), "more than the 131072 bytes"},
	} {
		p, err := l.client(t, body(200, []byte(test.body))).Key(t.Context(), pub, nil)
		if test.want != "" {
			wantError(t, err, test.want)
			wantError(t, err, "GET http://ledger.example/l/keys/"+pub.String()+": ")
		} else if err != nil || strings.Count(test.body, `"id"`) != len(p.Records) || (p.RevokedBy == nil) != (p.Next == nil) {
			t.Errorf("%+v, %v", p, err)
		}
	}
}

func TestNextKeyPageBeginsAfterTheLast(t *testing.T) {
	l := newLog("ledger.example/log")
	pub := newSigner("maker.example", note.Ed25519).Public()
	after := uint64(7)
	for index, want := range map[int]string{8: "", 7: "record 0 of it has the index 7, after 7"} {
		c := l.client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "after=7" {
				t.Errorf("asked for %s", r.URL)
			}
			body(200, fmt.Appendf(nil, `{"key":"%s","records":[%s]}`, pub, claim(index)))(w, r)
		}))
		p, err := c.Key(t.Context(), pub, &after)
		if want != "" {
			wantError(t, err, want)
		} else if err != nil || p.Records[0].Index != 8 || p.Records[0].Registered != 1767323045 || after != 7 {
			t.Errorf("%+v, %v", p, err)
		}
	}
}

func FuzzKeyPage(f *testing.F) {
	pub := newSigner("maker.example", note.Ed25519).Public()
	f.Add(fmt.Sprintf(`{"key":"%s","records":[%s],"next":4}`, pub, claim(4)))
	f.Add(`{"key":null,"records":{}}`)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseKeyPage([]byte(s), pub, nil)
		if err != nil {
			return
		}
		last := -1
		for _, r := range p.Records {
			if int(r.Index) <= last || r.Kind == "" || r.Name == "" {
				t.Errorf("%+v after %d", r, last)
			}
			last = int(r.Index)
		}
	})
}

// Whatever a server says, it stays on its line and moves no cursor.
func FuzzDetail(f *testing.F) {
	f.Add("buyer has 1 of 2 signatures")
	f.Add("a\x1b[2J\u202e\xff\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s)
		if n := len([]rune(got)); n > maxDetail+1 {
			t.Errorf("%d characters", n)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }); i >= 0 {
			t.Errorf("%q has %q", got, got[i:])
		}
	})
}
