package pages

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chirograph/chirograph/crypto/note"
)

const (
	// hexKey is the base point of the curve, a key of no party.
	hexKey  = "5866666666666666666666666666666666666666666666666666666666666666"
	sshBlob = "AAAAC3NzaC1lZDI1NTE5AAAAIFhmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZm"
)

// Whatever form people have of a key, it is that key; what looks like one and is none is
// told why, and what a name may be is no key.
func TestAKeyIsKnownInEveryFormThatPeopleHave(t *testing.T) {
	pub := must(note.ParsePublicKey(must(hex.DecodeString(hexKey))))
	vkey := must(note.NewKey("ann.example", note.Ed25519, pub)).String()
	witness := must(note.NewKey("ann.example", note.Cosignature, pub)).String()
	for q, want := range map[string]string{
		"ssh-ed25519 " + sshBlob:                             "key",
		"ssh-ed25519 " + sshBlob + " ann@laptop (at home)":   "key",
		"ssh-ed25519   " + sshBlob + "  ann":                 "key",
		`command="x",no-pty ssh-ed25519 ` + sshBlob + " ann": "key", // authorized_keys
		"ann@example ssh-ed25519 " + sshBlob:                 "key", // allowed_signers
		sshBlob:                                              "key",
		vkey:                                                 "key",
		hexKey:                                               "", // an id as well
		"ann.example":                                        "",
		"ssh-":                                               "",
		"ssh-ed25519":                                        "",
		"ann ssh-ed25519":                                    "",
		"":                                                   "",
		"a+b":                                                "",
		"sk-ssh-ed25519@openssh.com AAAA x":                  "security token",
		"ssh-rsa AAAAB3NzaC1yc2E= x":                         `a key of the type "ssh-rsa"`,
		"ecdsa-sha2-nistp256 AAAA":                           `a key of the type "ecdsa-sha2-nistp256"`,
		"ssh-ed25519 " + sshBlob[:66] + " ann":               "not in base64",
		"ssh-ed25519 " + sshBlob[:64] + " ann":               "malformed",
		"ssh-ed25519 " + base64.StdEncoding.EncodeToString(nil) + "": "malformed",
		sshBlob + "AAAA":                       "malformed",
		strings.Replace(vkey, "ann", "bob", 1): "has the key id",
		witness:                                "has the type 0x04",
		"PRIVATE+KEY+ann.example+0123":         "a secret key",
	} {
		got, is, err := keyTyped(q)
		switch {
		case want == "key" && (!is || err != nil || got != pub), want == "" && is,
			want != "" && want != "key" && (!is || err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %t, %v, %v; want %q", q, is, got, err, want)
		}
	}
}

// Who finds nothing is told what that was, where it had the form of a key.
func TestAHintSaysWhatToSearchForInstead(t *testing.T) {
	pub := must(note.ParsePublicKey(must(hex.DecodeString(hexKey))))
	for q, want := range map[string]string{
		"ssh-ed25519 " + sshBlob + " ann":             "The key with the fingerprint " + pub.Fingerprint() + " signed nothing here",
		"ssh-rsa AAAA":                                "That is no key of a party: a key of the type",
		pub.Fingerprint():                             "A key is not found by its fingerprint: ",
		"256 " + pub.Fingerprint() + " ann (ED25519)": "A key is not found by its fingerprint: ",
		"ann.example":                                 "",
		hexKey:                                        "",
		"ssh-ed25519 \u202e" + strings.Repeat("x", 99): "That is no key of a party: its public key is not in base64.",
	} {
		if got := hint(q); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, want %q", q, got, want)
		}
	}
}

func TestAQueryIsBounded(t *testing.T) {
	for _, test := range []struct {
		raw, want string
		ok        bool
	}{
		{"", "", true}, {"q=", "", true}, {"q=a+b%26c", "a b&c", true}, {"q=%20x%0A", "x", true}, {"q=" + strings.Repeat("A", 64), strings.Repeat("a", 64), true}, {"q=" + strings.Repeat("G", 64), strings.Repeat("G", 64), true},
		{"q=" + strings.Repeat("a", MaxQuery), strings.Repeat("a", MaxQuery), true}, {"q=" + strings.Repeat("a", MaxQuery+1), "", false},
		{"q=" + strings.Repeat("%61", MaxQuery), strings.Repeat("a", MaxQuery), true}, {"q=" + strings.Repeat("%61", MaxQuery) + "+", "", false},
		{"q", "", false}, {"p=x", "", false}, {"q=a&q=b", "", false}, {"q=a;b", "", false}, {"q=a=b", "", false}, {"q=%", "", false}, {"q=%ff", "", false}, {"q=%zz", "", false}, {"Q=a", "", false}, {"&q=a", "", false},
	} {
		if got, _, err := ParseQuery(test.raw); got != test.want || (err == nil) != test.ok {
			t.Errorf("%.80q is %.80q, %v, want %.80q", test.raw, got, err, test.want)
		}
	}
}

// A page says behind what the next one begins, and only that is taken for it.
func TestAQuerySaysBehindWhatItGoesOn(t *testing.T) {
	key := "5866666666666666666666666666666666666666666666666666666666666666"
	long := strings.Repeat("a", 64)
	for raw, name := range map[string]string{
		"q=ann&after=ann.example%2B" + key: "ann.example", "q=a&after=%61%2b" + key: "a", "q=a&after=" + long + "%2B" + key: long, "q=&after=a%2B" + key: "a",
		"q=ann&after=": "", "q=ann&after=ann": "", "q=ann&after=ann+" + key: "", "q=ann&after=%2B" + key: "", "q=a&after=a%2B" + key[:62]: "", "q=a&after=a%2B" + strings.Replace(key, "58", "5F", 1): "",
		"q=a&after=a%2B" + strings.Repeat("0", 64): "", "q=a&after=" + long + "a%2B" + key: "", "q=a&after=a%2B" + key + "&after=a%2B" + key: "", "after=a%2B" + key: "", "after=a%2B" + key + "&q=a": "",
		"q=a&after=a%20b%2B" + key: "", "q=a&after=%zz": "", "q=a&after=" + strings.Repeat("a", 3*MaxQuery+1): "", "q=a&before=a%2B" + key: "",
	} {
		q, after, err := ParseQuery(raw)
		if after.Name != name || (err == nil) != (name != "") || err != nil && q != "" || err == nil && after.Key.String() != key {
			t.Errorf("%.100q is %q behind %v, %v", raw, q, after, err)
		}
	}
}

// A search that gave up, or that has all behind it, does not say that there is nothing.
func TestASearchSaysNothingOnlyWhereThereIsNothing(t *testing.T) {
	pub := must(note.ParsePublicKey(must(hex.DecodeString("5866666666666666666666666666666666666666666666666666666666666666"))))
	site := &Site{Key: must(note.NewKey("ledger.example", note.Ed25519, pub))}
	for want, s := range map[string]Search{"<p>Nothing. An id": {}, "Ask again in a moment": {More: true}, "<p>Nothing else.": {Part: true}} {
		s.Query, s.Keys = "ann", []NamedKey{}
		b := string(must(site.SearchHTML("/search", &s)))
		if !strings.Contains(b, want) || strings.Contains(b, "<p>Nothing. ") != (want == "<p>Nothing. An id") {
			t.Errorf("%+v: no %q in %s", s, want, b)
		}
	}
}

// Whatever is searched for: it is bounded UTF-8 without space about it, and asked again it
// is the same.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"", "q=", "q=maker.example", "q=%F0%9F%94%8F", "q=+a+", "q=" + strings.Repeat("0A", 32), "q=%C2%A0", "q=a%00b", "q=%E2%80%AE", "q=a&after=a%2B58" + strings.Repeat("66", 31), "q=a&after=a",
		"q=ssh-ed25519+" + sshBlob + "+ann", "q=ann.example%2B00000000%2BAVhm", "q=SHA256%3Abb", "q=ssh-rsa+AAAA%E2%80%AE"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, after, err := ParseQuery(raw)
		if err != nil {
			if q != "" || after.Name != "" {
				t.Errorf("%q is %q behind %q and %v", raw, q, after.Name, err)
			}
			return
		}
		if len(q) > MaxQuery || !utf8.ValidString(q) || strings.TrimSpace(q) != q {
			t.Errorf("%q is %q", raw, q)
		}
		var again strings.Builder
		for _, c := range []byte(q) {
			again.WriteString("%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
		}
		if got, _, err := ParseQuery("q=" + again.String()); err != nil || got != q {
			t.Errorf("%q is %q, and again %q, %v", raw, q, got, err)
		}
		pub, is, err := keyTyped(q)
		if is && err == nil {
			// It has one form in 64 hex digits, and one in a line of OpenSSH.
			wire := append(must(base64.StdEncoding.DecodeString(sshBlob))[:19], must(hex.DecodeString(pub.String()))...)
			if again, is, err := keyTyped(base64.StdEncoding.EncodeToString(wire)); again != pub || !is || err != nil {
				t.Errorf("%q is the key %s, and that %s, %v", q, pub, again, err)
			}
		}
		if h := hint(q); is && h == "" || len(h) > 4*MaxQuery || !utf8.ValidString(h) {
			t.Errorf("%q has the hint %q", q, h)
		}
		if s := shown(q); strings.ContainsFunc(s, hides) {
			t.Errorf("%q is shown as %q", q, s)
		}
	})
}
