package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/dossier"
)

// offered returns what the program offers a shell for the last of the words, and how the
// shell is to go on: 0 with files, 2 without a space, 4 not with files, 8 with files of the
// endings that are offered, 16 with folders, 32 in this order.
func offered(t *testing.T, words ...string) (list []string, how string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(append([]string{"__completeNoDesc"}, words...), nil, &stdout, &stderr); code != exitYes {
		t.Fatalf("%q: exit code %d\n%s", words, code, stderr.String())
	}
	list = strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
	return list[:len(list)-1], list[len(list)-1]
}

func TestAHalfLineIsCompleted(t *testing.T) {
	path := draftFile(t)
	d, err := dossier.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	id := d.Contract().ID().String()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(t.TempDir(), "none.chirograph")
	if err := os.WriteFile(none, []byte("no dossier"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys := t.TempDir() + "/"
	for _, name := range []string{"ann.pub", "ann", "bob.pub"} {
		if err := os.WriteFile(keys+name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		words []string
		list  string // divided by spaces
		how   string
	}{
		{[]string{"si"}, "sign", ":4"},
		{[]string{"key", ""}, "new revoke show", ":4"},
		{[]string{"help", "key", "s"}, "show", ":4"},
		{[]string{"sign", "--k"}, "--key", ":4"},
		{[]string{"sign", ""}, "chirograph", ":8"},
		{[]string{"--yes", "sign", ""}, "chirograph", ":8"},
		{[]string{"submit", ""}, "chirograph note revocation", ":8"},
		{[]string{"sign", path, "--key", ""}, "", ":0"},
		{[]string{"sign", path, "--record", ""}, id, ":36"},
		{[]string{"drop", path, ""}, id, ":36"},
		{[]string{"drop", path, id, ""}, "", ":36"},
		{[]string{"drop", none, ""}, "", ":4"},
		{[]string{"declare", path, "--about", "pa"}, "payment", ":4"},
		{[]string{"declare", path, "--by", ""}, "buyer manufacturer", ":6"},
		{[]string{"declare", path, "--by=buyer,"}, "buyer,manufacturer", ":6"},
		{[]string{"declare", none, "--by", ""}, "", ":6"},
		{[]string{"declare", path, "--answers", ""}, "", ":36"},
		{[]string{"declare", path, ""}, "", ":0"},
		{[]string{"new", "--party", "buy"}, "buyer=", ":38"},
		{[]string{"new", "--party", "buyer=none"}, "", ":0"},
		{[]string{"new", "--party", "buyer=" + keys + "a"}, "buyer=" + keys + "ann.pub", ":6"},
		{[]string{"new", "--party", "buyer=2:" + keys + "ann.pub," + keys}, "buyer=2:" + keys + "ann.pub," + keys + "bob.pub", ":6"},
		{[]string{"new", "--party", "buyer=a", "--terminable", ""}, "buyer:", ":6"},
		{[]string{"key", "revoke", "--reason", "s"}, "superseded", ":4"},
		{[]string{"audit", "--state", ""}, "", ":16"},
		{[]string{"audit", "--policy", ""}, "", ":0"},
		{[]string{"policy", ""}, "", ":4"},
		{[]string{"watch", "--dossier", ""}, "chirograph", ":8"},
		{[]string{"completion", "z"}, "zsh", ":4"},
	} {
		list, how := offered(t, c.words...)
		if begun := c.words[len(c.words)-1]; how != ":8" {
			if _, value, is := strings.Cut(begun, "="); is && strings.HasPrefix(begun, "--") {
				begun = value
			}
			list = slices.DeleteFunc(list, func(offer string) bool { return !strings.HasPrefix(offer, begun) }) // as shells do
		}
		if !slices.Equal(list, strings.Fields(c.list)) || how != c.how {
			t.Errorf("%q: %q %s, want %s %s", c.words, list, how, c.list, c.how)
		}
	}
}

// What a key or a contract is called is anyone's text: it is never offered to a shell.
func TestNoOthersTextIsOffered(t *testing.T) {
	path := draftFile(t)
	for _, words := range [][]string{{"sign", path, "--record", ""}, {"declare", path, "--by", ""}, {"drop", path, ""}} {
		var stdout, stderr bytes.Buffer
		if code := run(append([]string{"__complete"}, words...), nil, &stdout, &stderr); code != exitYes {
			t.Fatal(stderr.String())
		}
		for _, name := range []string{"ann.example", "dan.example", "terms.txt"} {
			if strings.Contains(stdout.String(), name) {
				t.Errorf("%q: %s", words, stdout.String())
			}
		}
	}
}

func TestScriptsAreForTheShellsThatThereAre(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		var stdout, stderr bytes.Buffer
		if code := run([]string{"completion", shell}, nil, &stdout, &stderr); code != exitYes || !strings.Contains(stdout.String(), "__complete") {
			t.Errorf("%s: exit code %d\n%s", shell, code, stderr.String())
		}
	}
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}} {
		var stdout, stderr bytes.Buffer
		if code := run(args, nil, &stdout, &stderr); code != exitUnasked || stdout.Len() > 0 || !strings.Contains(stderr.String(), "one of bash, zsh, fish and powershell") {
			t.Errorf("%q: exit code %d\n%s", args, code, stderr.String())
		}
	}
}
