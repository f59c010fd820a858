package witness

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
)

// at is when the cosignatures of the seeds were made.
const at = 1_790_000_000

// FuzzAnswer reads bytes as the body of both answers. Of a size, printing gives the
// body. Of signature lines, printing gives the body too, and what is picked of them is
// one of these lines, of the key, and verifies with a time that fits.
func FuzzAnswer(f *testing.F) {
	text := newLog(7, 7, "").checkpoint(7).Note.Text
	keys := []signer{newSigner("w1.example", note.Cosignature), newSigner("w1.example", note.MLDSA44)}
	for _, s := range answers(text, keys) {
		f.Add([]byte(s.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if size, err := parseSize(body); err == nil && !bytes.Equal(fmt.Appendf(nil, "%d\n", size), body) {
			t.Errorf("size %d of %q", size, body)
		}
		signatures, err := parseSignatures(text, body)
		if err != nil {
			return
		}
		var again []byte
		for _, s := range signatures {
			again = s.Append(again)
		}
		if !bytes.Equal(again, body) {
			t.Errorf("%q is printed as %q", body, again)
		}
		for _, k := range keys {
			s, err := pick(k.Key, text, signatures, at-Window, at+Window)
			if err != nil {
				continue
			}
			when, err := k.VerifyCosignature(text, s.Bytes)
			if err != nil || when < at-Window || when > at+Window || !s.By(k.Key) || !bytes.Contains(body, s.Append(nil)) {
				t.Errorf("picked %q of the time %d, %v", s.Append(nil), when, err)
			}
		}
	})
}

type seed struct{ name, body string }

func answers(text []byte, keys []signer) []seed {
	line := func(s note.Signature) string { return string(s.Append(nil)) }
	old, lattice := keys[0], keys[1]
	other := newSigner("w2.example", note.Cosignature)
	good := line(old.cosign(text, at))
	return []seed{
		{"empty", ""}, {"size", "7\n"}, {"size_0", "0\n"}, {"size_leading_zero", "07\n"}, {"size_crlf", "7\r\n"},
		{"size_no_lf", "7"}, {"size_greatest", "9223372036854775807\n"}, {"size_too_great", "9223372036854775808\n"}, {"size_twice", "7\n7\n"},
		{"ed25519", good}, {"both", line(lattice.cosign(text, at)) + good}, {"other_first", line(other.cosign(text, at)) + good},
		{"two_times", good + line(old.cosign(text, at+1))}, {"too_old", line(old.cosign(text, at-301))}, {"time_0", line(old.cosign(text, 0))},
		{"other_text", line(old.cosign([]byte("x\n"), at))}, {"empty_line", good + "\n" + good}, {"crlf", good[:len(good)-1] + "\r\n"},
		{"no_lf", good[:len(good)-1]}, {"short", line(old.Signature([]byte{1, 2, 3}))},
	}
}

func TestWhatTheSeedsSay(t *testing.T) {
	text := newLog(7, 7, "").checkpoint(7).Note.Text
	keys := []signer{newSigner("w1.example", note.Cosignature), newSigner("w1.example", note.MLDSA44)}
	sizes := map[string]uint64{"size": 7, "size_0": 0, "size_greatest": 1<<63 - 1}
	picked := map[string][]int64{"ed25519": {at, 0}, "both": {at, at}, "other_first": {at, 0}, "two_times": {at + 1, 0}}
	for _, s := range answers(text, keys) {
		size, err := parseSize([]byte(s.body))
		if want, ok := sizes[s.name]; ok != (err == nil) || size != want {
			t.Errorf("%s: size %d, %v", s.name, size, err)
		}
		signatures, err := parseSignatures(text, []byte(s.body))
		for i, k := range keys {
			var got, want int64
			if x, pickErr := pick(k.Key, text, signatures, at-Window, at+Window); err == nil && pickErr == nil {
				got, _ = k.VerifyCosignature(text, x.Bytes)
			}
			if times, ok := picked[s.name]; ok {
				want = times[i]
			}
			if got != want {
				t.Errorf("%s: key %d has the time %d, want %d", s.name, i, got, want)
			}
		}
	}
}
