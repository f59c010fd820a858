package commands

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/manual"
	"github.com/chirograph/chirograph/cmd/version"
)

// does runs a program with the commands make, which has many flags, and hide, which is hidden.
func does(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	root := &cobra.Command{Use: "tool", Short: "A tool", Example: "  tool make", SilenceErrors: true, SilenceUsage: true, Version: "1"}
	run := func(*cobra.Command, []string) error { return nil }
	maker := &cobra.Command{Use: "make [--often] [--rare N] [--hid]", Short: "Make it", Long: "Makes it.\n\n" + strings.Repeat("It is so. ", 200), Example: "  tool make --often", RunE: run}
	maker.Flags().Bool("often", false, "it is often so")
	maker.Flags().Int("rare", 7, "it is so `N` times")
	maker.Flags().StringArray("dir", nil, "it is in `DIR`")
	maker.Flags().Duration("pause", 90*time.Minute, "it waits so long (`D`)")
	maker.Flags().Bool("hid", false, "it is hidden")
	if err := maker.Flags().MarkHidden("hid"); err != nil {
		t.Fatal(err)
	}
	Advanced(maker, "rare")
	hide := &cobra.Command{Use: "hide", Short: "Hide it", Hidden: true, RunE: run}
	root.AddCommand(maker, hide)
	Prepare(root, Program{Section: 1, Rows: []manual.Row{{Names: "version, help", Text: "about it"}}, See: []string{"chirographd"}})
	var b bytes.Buffer
	root.SetOut(&b)
	root.SetErr(&b)
	root.SetArgs(args)
	err = root.Execute()
	return b.String(), err
}

// A flag that is marked, or hidden, is in the whole help, in completion and on paper, and
// gives way to the others in the short help.
func TestAMarkedFlagGivesWay(t *testing.T) {
	short, err := does(t, "make", "--help")
	if err != nil || strings.Contains(short, "rare") || strings.Contains(short, "--hid") || strings.Contains(short, "It is so.") ||
		!strings.Contains(short, "  tool make [--often]\n") || !strings.Contains(short, "\ntool make --help-all says more.\n") {
		t.Error(err, short)
	}
	all, err := does(t, "make", "--help-all")
	if err != nil || !strings.Contains(all, "  --rare N    it is so N times (default 7)\n") || !strings.Contains(all, "--hid ") || !strings.Contains(all, "--pause D   it waits so long (default 1h30m)\n") ||
		!strings.Contains(all, "--dir DIR…") || !strings.Contains(all, "It is so.") || strings.Contains(all, "help-all") {
		t.Error(err, all)
	}
	offers, err := does(t, cobra.ShellCompNoDescRequestCmd, "make", "--")
	if err != nil || !strings.Contains(offers, "--rare\n") || !strings.Contains(offers, "--hid\n") {
		t.Error(err, offers)
	}
	offers, err = does(t, cobra.ShellCompRequestCmd, "make", "--")
	if err != nil || !strings.Contains(offers, "--rare\tit is so N times\n") || !strings.Contains(offers, "--pause\tit waits so long\n") {
		t.Error(err, offers)
	}
	dir := t.TempDir()
	if out, err := does(t, "manual", dir); err != nil {
		t.Fatal(err, out)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"tool-completion.1", "tool-make.1", "tool-manual.1", "tool-version.1", "tool.1"}; !slices.Equal(names, want) {
		t.Errorf("pages %q, want %q", names, want)
	}
	page, err := os.ReadFile(filepath.Join(dir, "tool-make.1"))
	if err != nil || !strings.Contains(string(page), `\fB\-\-rare\fR \fIN\fR`) || !strings.Contains(string(page), "It is so.") {
		t.Error(err, string(page))
	}
}

// Of a command that no row names, the help of the program says its own line: whoever adds
// one need not think of it.
func TestACommandWithoutARowIsNamed(t *testing.T) {
	help, err := does(t, "--help")
	if err != nil || !strings.Contains(help, "\n  make           Make it\n") || !strings.HasSuffix(help, "\n  version, help  about it\n") || strings.Contains(help, "hide") || !strings.Contains(help, "\n  manual ") {
		t.Error(err, help)
	}
}

func TestTheVersionIsDataToo(t *testing.T) {
	out, err := does(t, "version", "--json")
	var b version.Build
	if err := json.Unmarshal([]byte(out), &b); err != nil || b.Program != "tool" {
		t.Fatal(err, out)
	}
	if text, err2 := does(t, "version"); err != nil || err2 != nil || text != b.Text() {
		t.Error(err, err2, text)
	}
	if _, err := does(t, "version", "x"); err == nil {
		t.Error("version takes an argument")
	}
}

func TestValuesAreCompletedByTheirNames(t *testing.T) {
	for value, want := range map[string]string{
		"DIR": "16", "DIR2": "16", "FILE": "0", "URL|POLICY": "0", "VKEY|FILE": "0", "NOTE": "0", "CMD": "0", "X.chirograph": "8 chirograph", "ID|DOSSIER": "8 chirograph",
		"URL": "4", "N": "4", "NAME[,NAME]": "4", "string": "4",
	} {
		list, how := completionOf(value)(nil, nil, "")
		if got := strings.TrimSpace(fmt.Sprint(int(how)) + " " + strings.Join(list, " ")); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

// A name of a file is completed where it stands behind other things in one word, and no
// offer can be taken for two files or two lines.
func TestAFileIsCompletedBehindAComma(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"ann.pub", "bob.pub", "bob", "b,c.pub", "b\nd.pub", ".hid.pub", "x.vkey"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil && !strings.Contains(name, "\n") { // not every system has such names
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join("keys", "old"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		want string
	}{
		{"b", "r=ann.pub,bob.pub 6"},
		{"", "r=ann.pub,keys/ r=ann.pub,bob.pub 6"},
		{".", "r=ann.pub,.hid.pub 6"},
		{"x", "r=ann.pub,x.vkey 6"},
		{"keys/", "r=ann.pub,keys/old/ 6"},
		{"none", "0"},
		{"none/", "0"},
		{"ann", "0"},
	} {
		list, how := FilesAfter("r=ann.pub,", c.name, ".pub", "ann.pub")
		if got := strings.TrimSpace(fmt.Sprint(strings.Join(list, " "), " ", int(how))); got != c.want {
			t.Errorf("%q: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestADurationIsShort(t *testing.T) {
	for d, want := range map[time.Duration]string{24 * time.Hour: "24h", time.Minute: "1m", 90 * time.Minute: "1h30m", time.Second: "1s", time.Hour + time.Second: "1h0m1s", 10 * time.Minute: "10m", 20 * time.Second: "20s"} {
		if got := shortest(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}
