// Command chirograph-verify checks, without a network, what a ledger gave: receipts
// and the dossiers that keep them, consistency proofs, and evidence against it.
//
// It exits 0 when everything holds, 1 when something does not, and 2 when something
// could not be asked or checked.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/chirograph/chirograph/cmd/terminal"
	"github.com/chirograph/chirograph/cmd/version"
	"github.com/chirograph/chirograph/verify"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

const (
	exitYes     = 0
	exitNo      = 1
	exitUnasked = 2
)

// options are the flags of all commands.
type options struct {
	policy  string
	docs    string
	parties []string
	charge  string // the file for evidence
	json    bool
	version bool
	help    bool
	stdout  io.Writer
	stderr  io.Writer
	now     func() time.Time
}

// errUsage is the error of a command line that says nothing to do.
var errUsage = errors.New("see chirograph-verify --help")

func run(args []string, stdout, stderr io.Writer) int {
	stdout, stderr = terminal.Writer(stdout), terminal.Writer(stderr)
	o := options{stdout: stdout, stderr: stderr, now: time.Now}
	args, err := o.parse(args)
	var code int
	switch {
	case err != nil:
	case o.version:
		_, err = fmt.Fprintln(stdout, version.Of("chirograph-verify"))
	case o.help, len(args) == 0, args[0] == "help":
		err = help(stdout, args)
	default:
		code, err = o.command(args[0], args[1:])
	}
	if err == nil {
		return code
	}
	fmt.Fprintf(stderr, "chirograph-verify: %s\n", err)
	return exitUnasked
}

func (o *options) command(name string, args []string) (int, error) {
	if is, err := o.about(name, args); is {
		return exitYes, err
	}
	if pages[name] == nil {
		return 0, fmt.Errorf("unknown command %q; %w", name, errUsage)
	}
	if flag := o.ofReceipts(); flag != "" && name != "receipt" {
		return 0, fmt.Errorf("flag %s is of receipt, %s does not know it; %w", flag, name, errUsage)
	}
	if o.policy == "" {
		return 0, fmt.Errorf("--policy is missing: without it nobody is trusted; %w", errUsage)
	}
	text, err := readFile(o.policy, verify.MaxPolicy)
	if err != nil {
		return 0, err
	}
	p, err := verify.ParsePolicy(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", o.policy, err)
	}
	switch name {
	case "receipt":
		return o.receipts(p, args)
	case "evidence":
		return o.evidence(p, args)
	}
	return o.consistency(p, args)
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, path, limit)
}

// readAll reads the rest of the file of that name, at most limit bytes.
func readAll(r io.Reader, path string, limit int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(4 << 10) // most policies and receipts
	if _, err := b.ReadFrom(io.LimitReader(r, limit+1)); err != nil {
		return nil, err
	}
	if int64(b.Len()) > limit {
		return nil, fmt.Errorf("%s has more than the %d bytes that are allowed", path, limit)
	}
	return b.Bytes(), nil
}

// code is the exit code of a verdict.
func code(v verify.Verdict) int {
	switch v {
	case verify.Yes:
		return exitYes
	case verify.No:
		return exitNo
	}
	return exitUnasked
}

// worse returns the verdict of two things together.
func worse(a, b verify.Verdict) verify.Verdict {
	for _, v := range []verify.Verdict{verify.No, verify.Unchecked} {
		if a == v || b == v {
			return v
		}
	}
	return verify.Yes
}

func (o *options) printJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = o.stdout.Write(append(terminal.JSON(b), '\n'))
	return err
}

// hints say what to do about a failure, by its step.
var hints = map[verify.Step]string{
	verify.StepProof:       "a receipt is the whole file that the ledger answered with, to the byte; chirograph extract writes those of a dossier",
	verify.StepLedger:      "the policy has to list the ledger that the record is for; compare the keys with somebody you trust",
	verify.StepCheckpoint:  "the receipt is of another ledger than the policy trusts, or it was changed",
	verify.StepCosignature: "a witness's line was changed, or is under another checkpoint",
	verify.StepQuorum:      "ask the ledger for a newer receipt: chirograph update",
	verify.StepInclusion:   "the proof is for the record as it was submitted, to the byte",
	verify.StepDocuments:   "the record was signed over another file than this one",
	verify.StepUnder:       "a ledger refuses such a contract; chirograph audit finds out whether it has broken its rules, and writes the evidence",
	verify.StepFork:        "keep these receipts: together they are evidence against the ledger",
	verify.StepSize:        "ask for the proof from the older checkpoint's size: GET /consistency/<size>",
	verify.StepConsistency: "keep both checkpoints: together they show that the ledger rewrote its past",
	verify.StepRule:        "this file does not show that the ledger broke a rule; nor does it show that it broke none",
}

// complain prints a failure to stderr, with a hint.
func (o *options) complain(where string, f *verify.Failure) {
	h := hints[f.Step]
	if f.Step == verify.StepProof && strings.HasPrefix(f.Reason, "not registered") {
		h = "chirograph submit registers it; if somebody else did: chirograph update"
	}
	o.complainWith(where, f, h)
}

// complainWith prints a failure to stderr with that hint, if any.
func (o *options) complainWith(where string, f *verify.Failure, h string) {
	fmt.Fprintf(o.stderr, "chirograph-verify: %s: %s\n", plain(where), strings.TrimSuffix(f.Reason, "\n"))
	if h != "" {
		fmt.Fprintf(o.stderr, "hint: %s\n", h)
	}
}

// plain returns the name of a file as it is, or quoted where a terminal would obey it.
func plain(name string) string { return terminal.Name(name) }
