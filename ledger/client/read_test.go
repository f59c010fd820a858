package client

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// filled returns a log with n contracts.
func filled(name string, n int) *fakeLog {
	l := newLog(name)
	for i := range n {
		l.add(l.contract(i).Bytes())
	}
	return l
}

func TestClientIsOfOneLedger(t *testing.T) {
	l, other := newLog("ledger.example/log"), newLog("ledger.example/log2")
	both := policy(l, other)
	for _, test := range []struct {
		cfg  Config
		want string
	}{
		{Config{URL: "ftp://ledger.example", Policy: policy(l)}, "begins with neither http:// nor https://"},
		{Config{URL: "ledger.example", Policy: policy(l)}, "begins with neither"},
		{Config{URL: "http:///log", Policy: policy(l)}, "is not a scheme, a host and perhaps a path"},
		{Config{URL: "http://u:p@ledger.example", Policy: policy(l)}, "the URL of ledger.example has a user or a password"},
		{Config{URL: "http://ledger.example?a=b", Policy: policy(l)}, "is not a scheme, a host"},
		{Config{URL: "http://ledger.example/#", Policy: policy(l)}, "is not a scheme, a host"},
		{Config{URL: "http://ledger.example/%zz", Policy: policy(l)}, "cannot be read"},
		{Config{URL: "http://ledger.example"}, "no policy"},
		{Config{URL: "http://ledger.example", Policy: both}, "the policy has 2 logs"},
		{Config{URL: "http://ledger.example", Policy: policy(l), Ledger: other.Key}, "is no log of the policy"},
	} {
		_, err := New(test.cfg)
		wantError(t, err, test.want)
	}
	c := must(New(Config{URL: "HTTP://ledger.example/a/", Policy: both, Ledger: other.Key}))
	if c.URL() != "http://ledger.example/a" || c.Ledger() != other.Key || c.http.Transport.(*http.Transport).MaxResponseHeaderBytes != maxHeader {
		t.Errorf("%s of %s", c.URL(), c.Ledger())
	}
}

func TestPolicyIsReadAndBounded(t *testing.T) {
	l := newLog("ledger.example/log")
	text := policy(l).Bytes()
	comment := func(n int) []byte {
		return append(bytes.Clone(text), "#"+strings.Repeat("a", n-len(text)-2)+"\n"...)
	}
	for _, good := range [][]byte{text, comment(verify.MaxPolicy)} {
		b, p, err := Policy(t.Context(), serve(t, body(200, good)), "http://ledger.example/")
		if err != nil || !bytes.Equal(b, good) || p.Logs[0].Key != l.Key {
			t.Errorf("policy of %d bytes: %v", len(good), err)
		}
	}
	_, _, err := Policy(t.Context(), serve(t, body(200, comment(verify.MaxPolicy+1))), "http://ledger.example/")
	wantError(t, err, "GET http://ledger.example/policy: the answer has more than the 262144 bytes")
	_, _, err = Policy(t.Context(), serve(t, body(200, []byte("<html>"))), "http://ledger.example/")
	wantError(t, err, "GET http://ledger.example/policy: policy")
	_, _, err = Policy(t.Context(), serve(t, body(404, text)), "http://ledger.example/")
	wantError(t, err, "404 Not Found")
	_, _, err = Policy(t.Context(), nil, "policy")
	wantError(t, err, "begins with neither")
}

func TestRedirectsStayOnTheHost(t *testing.T) {
	l := filled("ledger.example/log", 1)
	for _, test := range []struct{ location, want string }{
		{"http://ledger.example/else", ""},
		{"else", ""},
		{"http://evil.example/l/checkpoint", "redirected from http://ledger.example to http://evil.example, which is not followed"},
		{"http://ledger.example:81/l/checkpoint", "to http://ledger.example:81, which is not followed"},
		{"https://ledger.example/l/checkpoint", "to https://ledger.example, which is not followed"},
		{"file:///etc/passwd", "to file://, which is not followed"},
		{"checkpoint", "redirected more than 3 times"},
		{"", "the status 302, which is neither success nor an error"},
	} {
		h, asked := recorded(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/else") {
				body(200, l.checkpoint(1).Bytes())(w, r)
				return
			}
			if test.location != "" {
				w.Header().Set("Location", test.location)
			}
			w.WriteHeader(http.StatusFound)
		})
		c, err := l.client(t, h).Checkpoint(t.Context())
		if test.want != "" {
			wantError(t, err, test.want)
			continue
		}
		if err != nil || c.Size != 1 || len(asked()) != 2 {
			t.Errorf("%q: %v after %q", test.location, err, asked())
		}
	}
}

func TestThreeRedirectsAreFollowed(t *testing.T) {
	l := filled("ledger.example/log", 1)
	for hops, want := range map[int]string{maxRedirects: "", maxRedirects + 1: "redirected more than 3 times"} {
		h, asked := recorded(func(w http.ResponseWriter, r *http.Request) {
			if strings.Count(r.URL.RawQuery, "x") == hops {
				body(200, l.checkpoint(1).Bytes())(w, r)
				return
			}
			w.Header().Set("Location", "?x"+r.URL.RawQuery)
			w.WriteHeader(http.StatusTemporaryRedirect)
		})
		_, err := l.client(t, h).Checkpoint(t.Context())
		if want != "" {
			wantError(t, err, want)
		} else if err != nil {
			t.Error(err)
		}
		if len(asked()) != maxRedirects+1 {
			t.Errorf("asked %q", asked())
		}
	}
}

// A submission that is redirected to a page is not one.
func TestRedirectsKeepTheMethod(t *testing.T) {
	l := filled("ledger.example/log", 1)
	for status, want := range map[int]string{
		http.StatusMovedPermanently:  "redirected from POST to GET, which is not followed",
		http.StatusSeeOther:          "redirected from POST to GET, which is not followed",
		http.StatusPermanentRedirect: "",
		http.StatusNotModified:       "neither success nor an error",
	} {
		h, asked := recorded(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" && r.URL.Path == "/b" && r.ContentLength == int64(len(l.contract(0).Bytes())) {
				body(200, l.proof(0).Bytes())(w, r)
				return
			}
			w.Header().Set("Location", "/b")
			w.WriteHeader(status)
		})
		_, err := l.client(t, h).Submit(t.Context(), l.contract(0))
		if want != "" {
			wantError(t, err, want)
		} else if err != nil {
			t.Error(err)
		}
		if len(asked()) > 2 {
			t.Errorf("asked %q", asked())
		}
	}
}

func TestRecordIsTheOneThatWasAskedFor(t *testing.T) {
	l := newLog("ledger.example/log")
	r := l.contract(1)
	got, err := l.client(t, body(200, r.Bytes())).Record(t.Context(), r.ID())
	if err != nil || !bytes.Equal(got.Bytes(), r.Bytes()) {
		t.Error(err)
	}
	forged := r.Bytes()
	forged[len(forged)-10] ^= 1
	for _, test := range []struct {
		b    []byte
		want string
	}{
		{l.contract(2).Bytes(), "the record is " + l.contract(2).ID().String()},
		{must(record.New(r.Text())).Bytes(), "note has no signature line"},
		{forged, "signature"},
		{bytes.Repeat([]byte("a"), record.MaxRecord+1), fmt.Sprintf("more than the %d bytes", record.MaxRecord)},
		{bytes.Repeat([]byte("a"), record.MaxRecord), "no empty line"},
	} {
		_, err := l.client(t, body(200, test.b)).Record(t.Context(), r.ID())
		wantError(t, err, test.want)
		wantError(t, err, "GET http://ledger.example/l/records/"+r.ID().String()+": ")
	}
}

func TestReceiptThatIsNotThereIsARefusal(t *testing.T) {
	l := filled("ledger.example/log", 2)
	_, err := l.client(t, body(404, nil)).Receipt(t.Context(), l.contract(1).ID())
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Status != http.StatusNotFound {
		t.Error(err)
	}
	_, err = l.client(t, body(200, l.proof(0).Bytes())).Receipt(t.Context(), l.contract(1).ID())
	wantError(t, err, "/receipt: the receipt is of record "+l.contract(0).ID().String())
	receipt, err := l.client(t, body(200, l.proof(1).Bytes())).Receipt(t.Context(), l.contract(1).ID())
	if err != nil || receipt.New || receipt.Index != 1 {
		t.Error(receipt, err)
	}
}

func TestCheckpointIsSignedAndHasItsQuorum(t *testing.T) {
	l, stranger := filled("ledger.example/log", 3), filled("ledger.example/log2", 3)
	witness := newSigner("witness.example", note.Cosignature)
	l.witness = &witness
	c := l.client(t, body(200, l.checkpoint(3).Bytes()))
	got, err := c.Checkpoint(t.Context())
	if err != nil || got.Size != 3 || len(got.Cosignatures) != 1 {
		t.Fatal(got, err)
	}
	alone := l.checkpoint(3)
	alone.Note.Signatures = alone.Note.Signatures[:1]
	forged := l.checkpoint(3)
	forged.Note.Signatures = []note.Signature{forged.Note.Signatures[0], l.checkpoint(2).Note.Signatures[1]}
	for _, test := range []struct {
		b    []byte
		step verify.Step
		want string
	}{
		{alone.Bytes(), verify.StepQuorum, "the quorum witness.example"},
		{forged.Bytes(), verify.StepCosignature, "witness.example"},
		{stranger.checkpoint(3).Bytes(), verify.StepCheckpoint, "no log of the policy signed the checkpoint of \"ledger.example/log2\""},
		{[]byte("hello\n"), "", "note has no empty line"},
		{bytes.Repeat([]byte("a"), note.MaxSize+1), "", "more than the 1000000 bytes"},
	} {
		_, err := l.client(t, body(200, test.b)).Checkpoint(t.Context())
		wantError(t, err, test.want)
		wantError(t, err, "GET http://ledger.example/l/checkpoint: ")
		var f *verify.Failure
		if errors.As(err, &f) != (test.step != "") || f != nil && f.Step != test.step {
			t.Errorf("failure %+v, want the step %q", f, test.step)
		}
	}
	l.witness = nil
	c = must(New(Config{URL: "http://ledger.example", Policy: policy(l, stranger), Ledger: l.Key,
		HTTP: serve(t, body(200, stranger.checkpoint(3).Bytes()))}))
	_, err = c.Checkpoint(t.Context())
	wantError(t, err, "the checkpoint is of the ledger "+stranger.Key.String())
	_, _, err = c.Consistency(t.Context(), l.checkpoint(3))
	wantError(t, err, "does not hold")
}

func TestRewrittenPastIsRefused(t *testing.T) {
	l, fork := filled("ledger.example/log", 5), newLog("ledger.example/log")
	for i := range 7 {
		fork.add(fork.contract(i + 100).Bytes())
	}
	old := l.checkpoint(3)
	c := l.client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/l/consistency/3" {
			t.Errorf("asked for %s", r.URL)
		}
		body(200, l.consistency(3))(w, r)
	}))
	x, b, err := c.Consistency(t.Context(), old)
	if err != nil || !bytes.Equal(b, l.consistency(3)) || x.Old.Size != 3 || x.New.Size != 5 {
		t.Fatal(x, err)
	}
	for _, test := range []struct {
		b    []byte
		step verify.Step
	}{
		{fork.consistency(3), verify.StepConsistency},
		{l.consistency(2), verify.StepSize},
		{filled("ledger.example/log2", 5).consistency(3), verify.StepCheckpoint},
		{[]byte("old 3\n"), verify.StepForm},
	} {
		_, _, err := l.client(t, body(200, test.b)).Consistency(t.Context(), old)
		wantError(t, err, "GET http://ledger.example/l/consistency/3: the proof does not hold: ")
		var f *verify.Failure
		if !errors.As(err, &f) || f.Step != test.step {
			t.Errorf("failure %+v, want the step %q", f, test.step)
		}
	}
	_, _, err = l.client(t, body(200, bytes.Repeat([]byte("a"), tlog.MaxConsistency+1))).Consistency(t.Context(), old)
	wantError(t, err, "more than the")
	both := must(New(Config{URL: "http://ledger.example", Policy: policy(l, filled("ledger.example/log2", 0)), Ledger: newLog("ledger.example/log2").Key,
		HTTP: serve(t, body(200, l.consistency(3)))}))
	_, _, err = both.Consistency(t.Context(), old)
	wantError(t, err, "the newer checkpoint is of the ledger "+l.Key.String())
}

// To compare what was signed, one line that verifies is enough, and none is not; nothing
// else rests on it.
func TestSignedCheckpointNeedsOneLineThatVerifies(t *testing.T) {
	l := newLog("ledger.example")
	l.add(l.contract(0).Bytes())
	good := l.checkpoint(1).Bytes()
	garbage := l.Signature(make([]byte, 64)).Append(bytes.Clone(good))
	c := l.client(t, body(200, garbage))
	if _, err := c.Checkpoint(t.Context()); err == nil {
		t.Error("a checkpoint with a line that does not verify is relied on")
	}
	signed, err := c.Signed(t.Context())
	if err != nil || string(signed.Bytes()) != string(garbage) {
		t.Error(signed, err)
	}
	text, _, _ := strings.Cut(string(good), "\n\n")
	forged := l.Signature(make([]byte, 64)).Append([]byte(text + "\n\n"))
	foreign := newLog("other.example").checkpoint(0).Bytes()
	for _, b := range [][]byte{forged, foreign, []byte("what?\n")} {
		if _, err := l.client(t, body(200, b)).Signed(t.Context()); err == nil {
			t.Errorf("%s is taken for signed", b)
		}
	}
	if _, err := l.client(t, body(404, nil)).Signed(t.Context()); err == nil {
		t.Error("no checkpoint is taken for one")
	}
}

// A receipt that lacks nothing but the quorum is the ledger's word for the place of the
// record, and names whose cosignature it lacks. One that lacks more is no word at all.
func TestAReceiptWithoutItsQuorumIsTheLedgersWord(t *testing.T) {
	l := newLog("ledger.example/log")
	l.add(l.contract(0).Bytes())
	r := l.contract(1)
	l.add(r.Bytes())
	bare := l.proof(1)
	other := l.proof(0)
	moved := l.proof(1)
	moved.Hashes = append([]tlog.Hash{{1}}, moved.Hashes[1:]...)
	witness := newSigner("witness.example", note.Cosignature)
	l.witness = &witness
	for name, test := range map[string]struct {
		b    []byte
		want bool
	}{"bare": {bare.Bytes(), true}, "of another record": {other.Bytes(), false}, "of another tree": {moved.Bytes(), false}} {
		t.Run(name, func(t *testing.T) {
			for what, ask := range map[string]func(*Client) error{
				"GET":  func(c *Client) error { _, err := c.Receipt(t.Context(), r.ID()); return err },
				"POST": func(c *Client) error { _, err := c.Submit(t.Context(), r); return err },
			} {
				err := ask(l.client(t, body(201, test.b)))
				var unmet *Unmet
				var f *verify.Failure
				switch is := errors.As(err, &unmet); {
				case err == nil || is != test.want:
					t.Errorf("%s: %v", what, err)
				case is && (unmet.Index != 1 || len(unmet.Missing) != 1 || unmet.Missing[0].Key != witness.Key || !errors.As(err, &f) || f.Step != verify.StepQuorum):
					t.Errorf("%s: %+v", what, unmet)
				}
			}
		})
	}
}
