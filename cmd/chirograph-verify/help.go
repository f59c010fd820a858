package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/cmd/manual"
)

// flags are all that there are. What help, completion and the page for man say of them is
// here; parse knows what they do.
var flags = []manual.Flag{
	{Name: "--policy", Value: "FILE", Text: "the ledgers and witnesses that you trust"},
	{Name: "--docs", Value: "DIR", Text: "compare the documents with the files in DIR"},
	{Name: "--party", Value: "ROLE=VKEY", Repeating: true, Text: "demand that this key, or that in a file, signed for ROLE"},
	{Name: "--evidence", Value: "FILE", Text: "where receipts contradict each other: write what proves it"},
	{Name: "--json", Text: "print the result as data"},
	{Name: "--version", Text: "print which build this is, in a line"},
}

// flagsNamed returns some of the flags.
func flagsNamed(names ...string) []manual.Flag {
	return slices.DeleteFunc(slices.Clone(flags), func(f manual.Flag) bool { return !slices.Contains(names, f.Name) })
}

// program is the page of the program itself.
var program = &manual.Page{
	Name: "chirograph-verify", Section: 1,
	Short: "Check, without a network, what a ledger gave",
	Text: `Checks, without a network, what a ledger gave. A policy, as c2sp.org/tlog-policy has
it, says whom you trust.

Exit: 0 everything holds, 1 something does not, 2 something could not be asked or
checked.`,
	Usage:    []string{"chirograph-verify COMMAND --policy FILE … [--help]"},
	Examples: "  chirograph-verify receipt --policy ledger.policy pumps.chirograph",
	Commands: []manual.Row{
		{Names: "receipt", Text: "what receipts, and the dossiers that keep them, prove"},
		{Names: "consistency", Text: "whether a ledger only grew since an older checkpoint"},
		{Names: "evidence", Text: "whether a file proves that a ledger broke a rule"},
		{Names: "version", Text: "which build this is, and what it was built of"},
		{Names: "completion", Text: "what has a shell complete commands and flags"},
		{Names: "manual", Text: "write pages for man, which say what help does"},
	},
	Flags: flagsNamed("--policy", "--json", "--version"),
	See:   []string{"chirograph-verify-receipt", "chirograph-verify-consistency", "chirograph-verify-evidence", "chirograph-verify-version", "chirograph-verify-completion", "chirograph-verify-manual", "chirograph", "chirographd"},
}

// pages are those of each command.
var pages = map[string]*manual.Page{
	"receipt": {
		Short: "Say what receipts and dossiers prove",
		Text: `Says what receipts, and the dossiers that keep them, prove. Several files judge each
other: a statement is of the parties of its contract, a key signs nothing after its
revocation, all are of one history. What proves that they contradict each other, if they
alone do, goes to the new file of --evidence; chirograph extract fills the DIR of --docs.

Exit: 0 all of it is registered and signed by everyone who had to; 1 something does not
hold; 2 nothing fails, and something could not be checked, or a file could not be read.`,
		Usage:    []string{"chirograph-verify receipt --policy FILE [--docs DIR] [--party ROLE=VKEY]… [--evidence FILE] RECEIPT|DOSSIER…"},
		Examples: "  chirograph-verify receipt --policy ledger.policy pumps.chirograph",
		Flags:    flagsNamed("--policy", "--docs", "--party", "--evidence", "--json"),
	},
	"consistency": {
		Short: "Say whether a ledger only grew since an older checkpoint",
		Text: `Says whether a ledger only grew since an older checkpoint. PROOF is what the ledger
answers to GET /consistency/SIZE, with the size of the older tree, which
chirograph-verify receipt prints.

Exit: 0 the newer tree begins with the older one; 1 it does not, or a signature does not
hold; 2 a file could not be read.`,
		Usage:    []string{"chirograph-verify consistency --policy FILE OLD-CHECKPOINT|RECEIPT PROOF"},
		Examples: "  chirograph-verify consistency --policy ledger.policy pumps.tlog-proof \\\n    growth.proof",
		Flags:    flagsNamed("--policy", "--json"),
	},
	"evidence": {
		Short: "Judge what proves that a ledger broke a rule",
		Text: `Judges what proves that a ledger broke a rule: what chirograph audit and watch wrote,
and receipt --evidence. Of the policy, which has to list the ledger that is accused, no
quorum is asked for.

Exit: 0 the ledger broke the rule that EVIDENCE names, or signed two histories: it is
shown by what it signed itself; 1 the file does not show that, nor that it broke none;
2 nothing could be judged: it is cut, is no evidence, is of a ledger that the policy
does not list, or needs entries that are not in it, which it names.`,
		Usage:    []string{"chirograph-verify evidence --policy FILE EVIDENCE"},
		Examples: "  chirograph-verify evidence --policy ledger.policy evidence-ledger.example-41.txt",
		Flags:    flagsNamed("--policy", "--json"),
	},
	"version": {
		Short: "Print which build this is, and what it was built of",
		Text: `Prints the version, the commit that it was built from and its time, the Go release and
the platform, and each module in the program with its version and the hash that go.sum
has for it. --version prints the first of that, in a line.

Exit: 0 it is printed.`,
		Usage:    []string{"chirograph-verify version [--json]"},
		Examples: "  chirograph-verify version --json",
		Flags:    flagsNamed("--json"),
	},
	"completion": {
		Short: "Print what has a shell complete commands and flags",
		Text: `Prints a script that has the shell complete commands and flags. For bash it goes to a
file of the program's name in ~/.local/share/bash-completion/completions, or is sourced;
for zsh it is a file _chirograph-verify in a folder of $fpath, for fish
chirograph-verify.fish in ~/.config/fish/completions.

Exit: 0 it is printed.`,
		Usage:    []string{"chirograph-verify completion bash|zsh|fish"},
		Examples: "  . <(chirograph-verify completion bash)",
	},
	"manual": {
		Short: "Write the pages for man to a folder",
		Text: `Writes the page of this program, and of each of its commands, to the folder DIR, which
is made where it is not there. They say what the help does. man DIR/chirograph-verify.1
shows one; those in share/man/man1 beside a folder bin of your PATH are found by their
names.

Exit: 0 they are written.`,
		Usage:    []string{"chirograph-verify manual DIR"},
		Examples: "  chirograph-verify manual man",
	},
}

// pageOf returns the page of a command, nil where there is none.
func pageOf(command string) *manual.Page {
	page, ok := pages[command]
	if !ok {
		return nil
	}
	of := *page
	of.Name, of.Section, of.See = program.Name+" "+command, program.Section, []string{program.Name}
	return &of
}

// help prints the page of the command among the arguments, the first of them that is
// not "help"; without one, that of the program.
func help(w io.Writer, args []string) error {
	page := program
	if i := slices.IndexFunc(args, func(arg string) bool { return arg != "help" }); i >= 0 {
		if page = pageOf(args[i]); page == nil {
			return fmt.Errorf("unknown command %q; %w", args[i], errUsage)
		}
	}
	_, err := io.WriteString(w, page.Screen())
	return err
}

// names of the commands, in the order of the program's page.
func names() (names []string) {
	for _, r := range program.Commands {
		names = append(names, strings.Split(r.Names, ", ")...)
	}
	return names
}
