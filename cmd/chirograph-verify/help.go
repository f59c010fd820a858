package main

import (
	"fmt"
	"io"
	"slices"
)

const usage = `chirograph-verify checks, without a network, what a ledger gave.

Usage:
  chirograph-verify receipt     --policy FILE [--docs DIR] [--party ROLE=VKEY]... [--evidence FILE] RECEIPT|DOSSIER...
  chirograph-verify consistency --policy FILE OLD-CHECKPOINT|RECEIPT PROOF
  chirograph-verify evidence    --policy FILE EVIDENCE

Flags:
  --policy FILE       the ledgers and witnesses that you trust (c2sp.org/tlog-policy)
  --json              print the result as data
  --version           print which build this is

Exit: 0 everything holds, 1 something does not, 2 something could not be asked or checked.

chirograph-verify help receipt, and so on, says more.

Example:
  chirograph-verify receipt --policy ledger.policy pumps.chirograph
`

// pages are the help of each command.
var pages = map[string]string{
	"receipt": `chirograph-verify receipt says what receipts, and the dossiers that keep them, prove.

Usage:
  chirograph-verify receipt --policy FILE [--docs DIR] [--party ROLE=VKEY]... [--evidence FILE] RECEIPT|DOSSIER...

Several files judge each other: a statement is of the parties of its contract, a key
signs nothing after its revocation, all are of one history.

Flags:
  --policy FILE       the ledgers and witnesses that you trust (c2sp.org/tlog-policy)
  --docs DIR          compare the documents with the files in DIR, where chirograph extract puts them
  --party ROLE=VKEY   demand that this key, or the one in this file, signed for the role
  --evidence FILE     where receipts contradict each other: write what proves it, if they alone do, to a new FILE
  --json              print the result as data

Exit: 0 all of it is registered and signed by everyone who had to; 1 something does not
hold; 2 nothing fails, and something could not be checked, or a file could not be read.

Example:
  chirograph-verify receipt --policy ledger.policy pumps.chirograph
`,
	"consistency": `chirograph-verify consistency says whether a ledger only grew since an older checkpoint.

Usage:
  chirograph-verify consistency --policy FILE OLD-CHECKPOINT|RECEIPT PROOF

PROOF is what the ledger answers to GET /consistency/SIZE, with the size of the older
tree, which chirograph-verify receipt prints.

Flags:
  --policy FILE       the ledgers and witnesses that you trust (c2sp.org/tlog-policy)
  --json              print the result as data

Exit: 0 the newer tree begins with the older one; 1 it does not, or a signature does not
hold; 2 a file could not be read.

Example:
  chirograph-verify consistency --policy ledger.policy pumps.tlog-proof growth.proof
`,
	"evidence": `chirograph-verify evidence judges what proves that a ledger broke a rule:
what chirograph audit and watch wrote, and receipt --evidence.

Usage:
  chirograph-verify evidence --policy FILE EVIDENCE

Flags:
  --policy FILE       the ledger that is accused (c2sp.org/tlog-policy); no quorum is asked for
  --json              print the result as data

Exit: 0 the ledger broke the rule that EVIDENCE names, or signed two histories: it is
shown by what it signed itself; 1 the file does not show that, nor that it broke none;
2 nothing could be judged: it is cut, is no evidence, is of a ledger that the policy
does not list, or needs entries that are not in it, which it names.

Example:
  chirograph-verify evidence --policy ledger.policy evidence-ledger.example-41.txt
`,
}

// help prints the page of the command among the arguments, the first of them that is
// not "help"; without one, that of the program.
func help(w io.Writer, args []string) error {
	page := usage
	if i := slices.IndexFunc(args, func(arg string) bool { return arg != "help" }); i >= 0 {
		var ok bool
		if page, ok = pages[args[i]]; !ok {
			return fmt.Errorf("unknown command %q; %w", args[i], errUsage)
		}
	}
	_, err := io.WriteString(w, page)
	return err
}
