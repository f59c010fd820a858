package check_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/store"
)

// inOneLine demands that nothing of Pebble's own stands in what is said of damage.
func inOneLine(t *testing.T, of, said string) {
	t.Helper()
	for _, not := range []string{"\n", "corruption detail carrier", "000000", ".go:", "runtime.goexit"} {
		if strings.Contains(said, not) {
			t.Errorf("%s: it has %q: %s", of, not, said)
		}
	}
}

// spread returns four bytes of each file of the store with that end, none of them in its
// second half: in the last block of the log of writes damage looks as a torn end.
func spread(t *testing.T, w *world, end string) (list []filePlace) {
	t.Helper()
	names, err := w.fs.List(storeDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		name = w.fs.PathJoin(storeDir, name)
		if !strings.HasSuffix(name, end) {
			continue
		}
		for i := range 4 {
			list = append(list, filePlace{name: name, at: i * len(w.contents(t, name)) / 8})
		}
	}
	return list
}

// What an operator reads of a damaged file is one line that names it.
func TestDamageOfAFileIsSaidInOneLineWithItsName(t *testing.T) {
	t.Parallel()
	wal, table := 0, 0
	tables, log := reopened(t, 40), newWorld(t, history(t, 1003, 300)[:120], 7, 1<<30)
	for _, p := range append(spread(t, tables, ".sst"), spread(t, log, ".log")...) {
		c := tables.clone(t)
		if strings.HasSuffix(p.name, ".log") {
			c = log.clone(t)
		}
		c.flipFile(t, p.name, p.at)
		name := p.name[strings.LastIndexByte(p.name, '/')+1:]
		for _, f := range c.check(t).Findings {
			inOneLine(t, p.name, f.String())
			switch {
			case f.Where == "file "+name:
				table++
			case f.Where == "store" && strings.HasSuffix(name, ".log"):
				wal++
				for _, want := range []string{"replaying wal", name + ": ", "restore a backup, or promote a copy"} {
					if !strings.Contains(f.What, want) {
						t.Errorf("%s: it does not say %q: %s", p.name, want, f)
					}
				}
			}
		}
		var lines bytes.Buffer
		cfg := c.store()
		cfg.Log = slog.New(slog.NewTextHandler(&lines, nil))
		s, err := store.Open(cfg)
		if err != nil {
			inOneLine(t, p.name+", opened", err.Error())
		} else {
			for i := range s.Head().Checkpoint.Size {
				if _, err := s.Entry(i); err != nil {
					inOneLine(t, p.name+", read", err.Error())
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for line := range strings.Lines(lines.String()) {
			inOneLine(t, p.name+", logged", strings.TrimSuffix(line, "\n"))
		}
	}
	if wal == 0 || table == 0 {
		t.Errorf("%d findings of the log of writes, %d of tables: the test finds too little", wal, table)
	}
}
