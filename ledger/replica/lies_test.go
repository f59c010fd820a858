package replica

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/audit"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// A lie is told after the copy has 300 entries of l. What it returns is served from then on.
var lies = []struct {
	name     string
	rule     rules.Rule // "" where it is no finding
	evidence bool
	says     string
	lie      func(l *liar) *liar
}{
	{"fork of the same size", verify.Fork, true, "fork", func(l *liar) *liar {
		f := l.twin(299)
		f.register(revocation(9999))
		return f
	}},
	{"fork that is larger", verify.Fork, true, "fork", func(l *liar) *liar {
		f := l.twin(280)
		f.register(revocation(9999))
		return f.grow(400)
	}},
	{"fork that is smaller", verify.Fork, true, "fork", func(l *liar) *liar {
		f := l.twin(280)
		f.register(revocation(9999))
		return f
	}},
	{"rollback", audit.Behind, false, "this one is old", func(l *liar) *liar { l.shown = 290; return l }},
	{"time that goes back", rules.Time, true, "time", func(l *liar) *liar {
		l.last -= 600
		return l.grow(400)
	}},
	{"record twice", rules.Once, true, "once", func(l *liar) *liar {
		l.register(revocation(7))
		return l.grow(400)
	}},
	{"garbage as an entry", rules.Form, true, "form", func(l *liar) *liar {
		l.add([]byte("hello"))
		return l.grow(400)
	}},
	{"forged signature", rules.Signed, true, "signed", func(l *liar) *liar {
		e := record.Entry{Registered: l.last, Record: revocation(5000).Bytes()}.Bytes()
		i := bytes.LastIndexByte(e, ' ') + 40
		e[i] ^= 1
		l.add(e)
		return l.grow(400)
	}},
	{"backdating", verify.Backdating, true, "backdated", func(l *liar) *liar {
		// What was shown was cosigned an hour after the last entry; the next says that it
		// is of a minute after that.
		return l.grow(400)
	}},
	{"changed bundle", audit.Tree, false, "leaf hash", func(l *liar) *liar {
		l.grow(600)
		l.answer = func(path string) *response {
			if path != "tile/entries/001" {
				return nil
			}
			b := bytes.Clone(l.has(path))
			b[1000] ^= 1
			return &response{http.StatusOK, bytes.NewReader(b)}
		}
		return l
	}},
	{"changed tile", audit.Tree, false, "tile", func(l *liar) *liar {
		l.grow(600)
		l.answer = func(path string) *response {
			if !strings.HasPrefix(path, "tile/1/") {
				return nil
			}
			b := bytes.Clone(l.has(path))
			b[len(b)-1] ^= 1
			return &response{http.StatusOK, bytes.NewReader(b)}
		}
		return l
	}},
	{"bundle cut short", "", false, "bundle", func(l *liar) *liar {
		l.grow(600)
		l.answer = func(path string) *response {
			if path != "tile/entries/001" {
				return nil
			}
			b := l.has(path)
			return &response{http.StatusOK, bytes.NewReader(b[:len(b)/2])}
		}
		return l
	}},
	{"endless bundle", "", false, "more than", func(l *liar) *liar {
		l.grow(600)
		l.answer = func(path string) *response {
			if !strings.HasPrefix(path, "tile/entries/") {
				return nil
			}
			return &response{http.StatusOK, endless{}}
		}
		return l
	}},
	{"endless checkpoint", "", false, "more than", func(l *liar) *liar {
		l.answer = func(string) *response { return &response{http.StatusOK, endless{}} }
		return l
	}},
	{"slow", "", false, "no answer", func(l *liar) *liar {
		l.grow(600)
		l.answer = func(path string) *response {
			if path == "checkpoint" {
				return nil
			}
			return &response{http.StatusOK, new(drip)}
		}
		return l
	}},
	{"garbage", "", false, "checkpoint", func(l *liar) *liar {
		l.answer = func(string) *response { return &response{http.StatusOK, strings.NewReader("<html>\n")} }
		return l
	}},
	{"another key's checkpoint", "", false, "checkpoint does not hold", func(l *liar) *liar {
		l.answer = func(path string) *response {
			b := bytes.Replace(l.has(path), []byte(home.Name()), []byte("other.example"), 1)
			return &response{http.StatusOK, bytes.NewReader(b)}
		}
		return l
	}},
	{"no quorum", "", false, "quorum", func(l *liar) *liar {
		l.grow(600)
		l.at = 0
		return l
	}},
	{"kind that nobody knows", "", false, "chirograph/lease/v1", func(l *liar) *liar {
		l.add([]byte("registered 1772400000\nchirograph/lease/v1\nwhatever\n"))
		return l
	}},
	{"errors", "", false, "500", func(l *liar) *liar {
		l.answer = func(string) *response { return &response{http.StatusInternalServerError, strings.NewReader("")} }
		return l
	}},
}

// An endless body is all zeros.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// A drip is a body of a byte in ten seconds, which breaks off after a minute, as the
// client's patience does.
type drip struct{ n int }

func (d *drip) Read(b []byte) (int, error) {
	if d.n++; d.n > 6 {
		return 0, io.ErrUnexpectedEOF
	}
	time.Sleep(10 * time.Second) // of synctest
	return copy(b, "x"), nil
}

// Issue 5, point 4: whatever is lied, the copy shows the last state that was verified,
// says what is wrong, keeps evidence where there is some, and takes nothing of it in.
func TestALieIsNeverTakenIn(t *testing.T) {
	for _, c := range lies {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				l := newLiar(300)
				l.at = l.last + 10
				if c.rule == verify.Backdating {
					l.at = l.last + 3600
				}
				files := vfs.NewMem()
				b := follow(t, l, seen, files, dir)
				b.turn(t)
				honest, at := l.twin(300), l.at
				honest.at = at
				lie := c.lie(l)
				lie.at = l.at
				b.close(t)
				b = follow(t, lie, seen, files, dir)
				for range 2 { // what is found once is found again
					err := b.Turn(t.Context())
					var breach *Breach
					switch {
					case err == nil || !strings.Contains(err.Error(), c.says):
						t.Fatalf("%v, want %q", err, c.says)
					case errors.As(err, &breach) != (c.rule != ""):
						t.Fatalf("%v, want the rule %q", err, c.rule)
					case breach != nil && (breach.Finding.Rule != c.rule || (breach.Evidence != "") != c.evidence):
						t.Fatalf("rule %s, evidence %q; want %s, %t", breach.Finding.Rule, breach.Evidence, c.rule, c.evidence)
					}
					b.shows(t, honest, 300)
					broken := breach != nil && broken(c.rule)
					if why := b.Ready(); broken != (why != nil && strings.Contains(why.Error(), "breaks a promise")) {
						t.Errorf("right after it: %v, and it broke a promise: %t", why, broken)
					}
				}
				if said := strings.Count(b.log.String(), "\n"); said == 0 || said > 2 || broken(c.rule) != strings.Contains(b.log.String(), "level=ERROR") {
					t.Errorf("%d lines:\n%s", said, b.log)
				}
				checkEvidence(t, dir, c.evidence, c.rule)
				time.Sleep(Patience + time.Second)
				if b.Ready() == nil {
					t.Error("it is ready, and shows an old state")
				}
				b.close(t)
				b = follow(t, lie, seen, files, dir) // after a restart too
				b.shows(t, honest, 300)
				b.close(t)
			})
		})
	}
}

// broken says whether a rule is a promise: an older tree may be that of a cache.
func broken(rule rules.Rule) bool { return rule != "" && rule != audit.Behind }

// checkEvidence judges the evidence in a directory as somebody who has nothing else.
func checkEvidence(t *testing.T, dir string, want bool, rule rules.Rule) {
	t.Helper()
	files := must(filepath.Glob(filepath.Join(dir, "*")))
	if !want {
		if len(files) > 0 {
			t.Errorf("there is %q", files)
		}
		return
	}
	if len(files) != 1 {
		t.Fatalf("there is %q", files)
	}
	b, err := verify.Evidence(seen, must(os.ReadFile(files[0])))
	if err != nil || b.Rule != rule {
		t.Error(b, err)
	}
}
