package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/ledger/audit"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

type auditFlags struct {
	policy, state, output string
	json, hashes          bool
}

func (a *app) auditCommand() *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use:   "audit --policy FILE [--hashes] [--state DIR] [-o EVIDENCE] URL",
		Short: "Check a whole ledger against its own rules",
		Long: `Reads every entry of a ledger, computes its tree, checks every signature, and asks the
rules of each what the ledger should have asked; compares a few contracts and tiles too.
With --state what was read is kept in DIR, a new folder at first: an audit that was
stopped goes on there, a later one reads what is new, and proves the rest unchanged.
With --hashes entries and tiles are only hashed, up to the signed root: no signature,
rule or state is judged, and DIR keeps the checkpoint alone.

Exit 1: the ledger broke a rule, or shows two histories: EVIDENCE, or a file beside it
where that is taken, proves it by chirograph-verify evidence. Or it shows an older tree
than it did, as a cache may. Exit 2: not all was judged.`,
		Example: "  chirograph audit --policy ledger.policy --state audited https://ledger.example",
		Args:    arguments("URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.audit(cmd.Context(), args[0], f)
		},
	}
	c.Flags().StringVar(&f.policy, "policy", "", "the ledger and the witnesses that you trust (`FILE`)")
	c.Flags().StringVar(&f.state, "state", "", "the folder in which what was read is kept (`DIR`)")
	c.Flags().BoolVar(&f.hashes, "hashes", false, "compare hashes alone, and judge neither signatures nor rules")
	c.Flags().StringVarP(&f.output, "output", "o", "", "the file for what proves a breach (`FILE`); evidence-LEDGER-ENTRY.txt where none is named")
	c.Flags().BoolVar(&f.json, "json", false, "print the result as data")
	return c
}

func (a *app) audit(ctx context.Context, url string, f auditFlags) (err error) {
	p, ledger, err := a.auditPolicy(url, f)
	if err != nil {
		return err
	}
	if f.state == "" && !f.hashes {
		if f.state, err = os.MkdirTemp("", "chirograph-audit-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(f.state)) }()
	}
	bar := a.newAuditBar()
	run := audit.Run
	if f.hashes {
		run = audit.Hashes
	}
	result, failure := run(ctx, audit.Config{
		Client: ledger, Policy: p, Dir: f.state, Clock: a.now, Random: a.random, Progress: bar.show,
	})
	bar.end()
	switch {
	case errors.Is(failure, audit.ErrHeld):
		return hint(failure, "another audit, or a ledger, has %s; wait for it, or name another folder with --state", f.state)
	case result == nil:
		return failure
	}
	r := newAuditResult(p, result, failure)
	if f.hashes {
		r.NotJudged = notHashed
	}
	if finding := result.Finding; finding != nil && finding.Evidence != nil {
		if r.Finding.Evidence = f.output; f.output == "" {
			r.Finding.Evidence = evidenceName(result)
		}
		if r.Finding.Evidence, err = keepBeside(r.Finding.Evidence, finding.Evidence); err != nil {
			return fmt.Errorf("%s: %s; and the evidence could not be written: %w", r.Origin, finding, err)
		}
	}
	if f.json {
		err = a.printJSON(r)
	} else {
		err = a.printAudit(r, f.policy)
	}
	return errors.Join(err, r.exit(result, failure))
}

// auditPolicy reads the policy, and returns the interface to its ledger at the URL.
func (a *app) auditPolicy(url string, f auditFlags) (*verify.Policy, *client.Client, error) {
	switch {
	case !isURL(url):
		return nil, nil, hint(errors.New(url+" is no URL"), "it begins with https:// or http://")
	case f.policy == "":
		return nil, nil, hint(errors.New("--policy is missing"), "without it nobody is trusted; name a policy file: chirograph policy %s -o FILE fetches the ledger's own", url)
	}
	b, err := readFile(f.policy, verify.MaxPolicy)
	if err != nil {
		return nil, nil, err
	}
	p, err := verify.ParsePolicy(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.policy, err)
	}
	cfg := client.Config{URL: url, Policy: p}
	here := func(l verify.Log) bool { return strings.TrimRight(l.URL, "/") == strings.TrimRight(url, "/") }
	if i := slices.IndexFunc(p.Logs, here); i >= 0 {
		cfg.Ledger = p.Logs[i].Key
	}
	c, err := client.New(cfg)
	return p, c, err
}

// evidenceName is where evidence goes when nobody says where. An origin may have a
// path.
func evidenceName(r *audit.Result) string {
	return fmt.Sprintf("evidence-%s-%d.txt", strings.ReplaceAll(r.Ledger.Name(), "/", "_"), r.Finding.Index)
}

// An auditResult is what audit prints.
type auditResult struct {
	Verdict   verify.Verdict `json:"verdict"`
	Origin    string         `json:"origin"`
	Ledger    string         `json:"ledger"`         // vkey
	Size      uint64         `json:"size,omitempty"` // of the log
	Root      string         `json:"root,omitempty"` // base64
	Quorum    string         `json:"quorum"`
	SeenBy    string         `json:"seen_by,omitempty"`
	Known     uint64         `json:"known"`                // entries below were judged by an earlier audit
	Judged    uint64         `json:"judged"`               // entries below break no rule
	Hashed    uint64         `json:"hashed,omitempty"`     // with --hashes: entries below are those of the tree
	NotJudged []string       `json:"not_judged,omitempty"` // with --hashes: what was not looked at
	Tiles     int            `json:"tiles"`                // compared
	Contracts int            `json:"contracts"`            // compared
	Finding   *auditFinding  `json:"finding,omitempty"`
	Error     string         `json:"error,omitempty"` // why not all was judged
}

type auditFinding struct {
	Rule     string `json:"rule"`
	Index    uint64 `json:"index"`
	ID       string `json:"id,omitempty"`
	Reason   string `json:"reason"`
	Evidence string `json:"evidence,omitempty"` // file
	Doubt    string `json:"doubt,omitempty"`    // what the evidence leaves open
}

// says returns what the ledger did, in a few words: its reason follows on stderr.
func (f *auditFinding) says() string {
	switch rules.Rule(f.Rule) {
	case verify.Fork:
		return "it signed two histories"
	case audit.Tree:
		return "what it serves is not of the tree that it signed"
	case audit.Status:
		return "what it says of a contract is not what its log says"
	case audit.Behind:
		return "it shows an older tree than it has signed"
	}
	return fmt.Sprintf("entry %d breaks the rule %s", f.Index, f.Rule)
}

func newAuditResult(p *verify.Policy, result *audit.Result, failure error) *auditResult {
	r := &auditResult{
		Verdict: verify.Yes, Origin: result.Ledger.Name(), Ledger: result.Ledger.String(), Quorum: p.Quorum,
		Known: result.Known, Judged: result.Judged, Hashed: result.Hashed, Tiles: result.Tiles, Contracts: result.Contracts,
	}
	if c := result.Checkpoint; c != nil {
		r.Size, r.Root = c.Size, c.Root.String()
		if !p.LedgerOnly(c.Cosignatures) {
			r.SeenBy = record.FormatTime(result.SeenBy)
		}
	}
	switch f := result.Finding; {
	case f != nil:
		r.Verdict = verify.No
		r.Finding = &auditFinding{Rule: string(f.Rule), Index: f.Index, Reason: f.Reason, Doubt: f.Doubt}
		if f.ID != (record.ID{}) {
			r.Finding.ID = f.ID.String()
		}
	case failure != nil:
		r.Verdict, r.Error = verify.Unchecked, failure.Error()
	}
	return r
}

// exit returns the error by which the program ends.
func (r *auditResult) exit(result *audit.Result, failure error) error {
	switch {
	case result.Finding != nil && result.Finding.Rule == audit.Behind:
		return hint(no("%s: %s", r.Origin, result.Finding), behind)
	case result.Finding != nil:
		return no("%s: %s", r.Origin, result.Finding)
	case failure != nil:
		return fmt.Errorf("%s: %w", r.Origin, failure)
	}
	return nil
}

// notHashed is what an audit with --hashes does not look at.
var notHashed = []string{"signatures", "rules", "state"}

func (a *app) printAudit(r *auditResult, policy string) error {
	news := fmt.Sprintf("%s entries break no rule", thousands(r.Judged))
	switch {
	case r.NotJudged != nil && r.Verdict == verify.Unchecked && r.Hashed == 0:
		news = "no entry is compared"
	case r.NotJudged != nil:
		news = fmt.Sprintf("%s entries are those of the tree, by their hashes alone", thousands(r.Hashed))
	case r.Judged == 0 && r.Verdict == verify.Unchecked:
		news = "no entry is judged"
	case r.Known > 0:
		news += fmt.Sprintf("; %s of them are new", thousands(r.Judged-r.Known))
	}
	if r.Finding != nil {
		news = r.Finding.says() + "; " + news
	}
	if err := a.print("%s: %s: %s", r.Origin, r.Verdict, news); err != nil {
		return err
	}
	switch {
	case r.Finding != nil:
		return a.printFinding(r.Finding, policy)
	case r.Verdict != verify.Yes:
		from, what := r.Judged, "judged"
		if r.NotJudged != nil {
			from, what = r.Hashed, "compared"
		}
		if r.Size > from { // which is known only where a checkpoint was
			a.say("the ledger has %s entries: those from entry %d on are not %s", thousands(r.Size), from, what)
		}
		return nil
	}
	seen := "quorum none: one key vouches for this tree; others may have been shown another"
	if r.Quorum != verify.NoQuorum {
		seen = fmt.Sprintf("the ledger's own word alone meets the quorum %s: others may have been shown another tree", r.Quorum)
	}
	if r.SeenBy != "" {
		seen = fmt.Sprintf("the quorum %s had seen it by %s", r.Quorum, r.SeenBy)
	}
	if r.NotJudged != nil {
		return a.print("  the tree has the root %s, which the ledger signed\n  %s\n  NOT judged, because of --hashes: %s", r.Root, seen, strings.Join(r.NotJudged, ", "))
	}
	return a.print("  the tree has the root %s, which the ledger signed\n  %s\n  compared with what the ledger serves: %s, the status of %s",
		r.Root, seen, count(r.Tiles, "tile"), count(r.Contracts, "contract"))
}

func (a *app) printFinding(f *auditFinding, policy string) error {
	switch {
	case f.Evidence != "":
		a.say("wrote %s: who has it needs nobody to see that, by", f.Evidence)
		a.say("  chirograph-verify evidence --policy %s %s", policy, f.Evidence)
		if f.Doubt != "" {
			a.say("it leaves open: %s", f.Doubt)
		}
	case f.Doubt != "":
		a.say("no evidence is written: %s", f.Doubt)
	default:
		a.say("no evidence is written: nothing that the ledger signed shows it")
	}
	return nil
}
