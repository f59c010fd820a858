package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/commands"
	"github.com/chirograph/chirograph/cmd/terminal"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/audit"
	"github.com/chirograph/chirograph/ledger/watch"
	"github.com/chirograph/chirograph/verify"
)

type watchFlags struct {
	policy, state         string
	keys, dossiers, peers []string
	interval, fresh       time.Duration
	once, json            bool
	exec, webhook         string
}

func (a *app) watchCommand() *cobra.Command {
	var f watchFlags
	c := &cobra.Command{
		Use:   "watch --policy FILE --state DIR [--key VKEY]… [--dossier X.chirograph]… URL…",
		Short: "Follow ledgers, and tell what is wrong with them and what concerns you",
		Long: `Audits what is new in each ledger, and tells what is wrong and what concerns you,
each thing once, as a line on stdout. DIR remembers; evidence is written there, and
chirograph-verify evidence judges it. Give all your dossiers with --dossier.

It tells a second history, a backdated entry, a broken rule, a missing quorum, a ledger
that stands still, or says that it is frozen for good; records of your keys that are in
no dossier of yours, and what happens to your contracts. What there is of a key before the first look is told as one.
What a ledger shows is compared with what it showed before, with the receipts in your
dossiers, with other addresses of it, and with what its witnesses saw, those that show
that (litewitness does not).

--json prints a line of JSON each: time, ledger (vkey), kind, severity (info, alarm), index, id, text,
evidence (file). Kinds about the ledger are fork, backdating, rule, tree, status, behind, quorum, stale,
frozen, unjudged, unreachable, reachable, uncompared; about records key, named, revocation, amendment, statement,
dispute, resolution, termination. --exec runs a program for each alarm, with that line on its stdin; what it prints goes
to stderr. --webhook posts the line. What was not handed on is kept in DIR, and tried again.

It ends with 0 when it is interrupted. With --once it looks once, and says on stderr what is so still,
told before or not, which is no line of JSON: exit 1, the ledger broke a promise;
exit 2, something could not be looked at (witnesses without an answer do not count), or handed on.
Alarms about your keys and contracts do not change the code.`,
		Example: "  chirograph watch --policy ledger.policy --state watched --key ann.key.pub https://ledger.example",
		Args:    arguments("URL…"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.watch(cmd.Context(), args, f) },
	}
	c.Flags().StringVar(&f.policy, "policy", "", "the ledgers and the witnesses that you trust (`FILE`)")
	c.Flags().StringVar(&f.state, "state", "", "the folder in which what was seen and told is kept (`DIR`)")
	c.Flags().StringArrayVar(&f.keys, "key", nil, "a key of yours (`VKEY|FILE`)")
	c.Flags().StringArrayVar(&f.dossiers, "dossier", nil, "a contract of yours (`X.chirograph`)")
	c.Flags().StringArrayVar(&f.peers, "peer", nil, "another address of the ledger, or a mirror (`[ORIGIN=]URL`)")
	c.Flags().DurationVar(&f.interval, "interval", time.Minute, "the pause after each look (`D`)")
	c.Flags().DurationVar(&f.fresh, "fresh", 24*time.Hour, "how old the word of the quorum may be (`D`); 0 for any age")
	c.Flags().BoolVar(&f.once, "once", false, "look once, and say by the exit code how things stand")
	c.Flags().StringVar(&f.exec, "exec", "", "a program for alarms, without arguments (`CMD`)")
	c.Flags().StringVar(&f.webhook, "webhook", "", "where alarms are posted (`URL`)")
	c.Flags().BoolVar(&f.json, "json", false, "print lines of JSON")
	commands.Advanced(c, "peer", "fresh", "interval")
	return c
}

func (a *app) watch(ctx context.Context, urls []string, f watchFlags) (err error) {
	switch {
	case f.state == "" && f.policy != "":
		return hint(errors.New("--state is missing"), "name a folder; it is made where there is none, and has a copy of each ledger's log")
	case f.interval <= 0 || f.fresh < 0:
		return fmt.Errorf("--interval %s and --fresh %s: a pause is above 0, an age is not below", f.interval, f.fresh)
	}
	targets, err := a.watchTargets(urls, f)
	if err != nil {
		return err
	}
	mine, err := a.newWatchMine(targets, f)
	if err != nil {
		return err
	}
	n, err := a.newNotifier(f)
	if err != nil {
		return err
	}
	report := a.watchReport(f.json, n)
	var watchers []*watch.Watcher
	dirs := make(map[string]string)
	defer func() {
		for _, w := range watchers {
			err = errors.Join(err, w.Close())
		}
	}()
	for _, t := range targets {
		dir := watch.Dir(f.state, t.ledger)
		w, err := watch.Open(watch.Config{
			Policy: t.policy, Ledger: t.ledger, URL: t.url, Peers: t.peers, Dir: dir, Fresh: f.fresh,
			Mine:  func() (*watch.Mine, error) { return mine.of(t.ledger), nil },
			Clock: a.now, Random: a.random, Report: report, Progress: a.watchProgress(),
			Log: slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		})
		switch {
		case errors.Is(err, audit.ErrHeld):
			return hint(err, "wait until it ends, or name another folder with --state")
		case err != nil:
			return err
		}
		watchers = append(watchers, w)
		dirs[t.ledger.String()] = dir
	}
	if err := n.start(ctx, dirs); err != nil {
		return err
	}
	if f.once {
		err = a.watchOnce(ctx, targets, watchers)
	} else {
		err = follow(ctx, watchers, f.interval)
	}
	if left := n.end(); left != nil && (err != nil || !f.once) {
		a.say("warning: %s", left)
	} else if left != nil {
		err = left
	}
	return err
}

// A watchTarget is a ledger with the addresses at which it is asked.
type watchTarget struct {
	policy *verify.Policy
	ledger note.Key
	url    string
	peers  []string
}

// watchTargets finds out which ledger is at which URL. Of two URLs of one ledger the
// second is a peer of the first.
func (a *app) watchTargets(urls []string, f watchFlags) ([]*watchTarget, error) {
	var targets []*watchTarget
	find := func(is func(*watchTarget) bool) *watchTarget {
		for _, t := range targets {
			if is(t) {
				return t
			}
		}
		return nil
	}
	for _, url := range urls {
		p, c, err := a.auditPolicy(url, auditFlags{policy: f.policy})
		if err != nil {
			return nil, err
		}
		if t := find(func(t *watchTarget) bool { return t.ledger == c.Ledger() }); t != nil {
			t.peers = append(t.peers, url)
			continue
		}
		targets = append(targets, &watchTarget{policy: p, ledger: c.Ledger(), url: url})
	}
	for _, peer := range f.peers {
		origin, url, named := strings.Cut(peer, "=")
		if !named || isURL(peer) {
			origin, url = "", peer
		}
		if !isURL(url) {
			return nil, hint(fmt.Errorf("--peer %s is no URL", peer), "it begins with https:// or http://")
		}
		t := find(func(t *watchTarget) bool { return origin == t.ledger.Name() || origin == "" && len(targets) == 1 })
		if t == nil {
			return nil, hint(fmt.Errorf("--peer %s: nobody says which of the ledgers that is", peer), "name it: --peer ORIGIN=URL")
		}
		t.peers = append(t.peers, url)
	}
	return targets, nil
}

// watchReport prints what is told, one line after the other, and hands alarms on.
func (a *app) watchReport(asJSON bool, n *notifier) func(watch.Event) error {
	var turn sync.Mutex
	return func(e watch.Event) error {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		turn.Lock()
		defer turn.Unlock()
		if asJSON {
			err = a.print("%s", terminal.JSON(line))
		} else {
			err = a.print("%s", e.String())
		}
		if err == nil && e.Severity == watch.Alarm {
			err = n.alarm(e.Ledger, append(line, '\n'))
		}
		return err
	}
}

// barFrom is how many entries have to be new for a bar to be shown: a few are judged at
// once.
const barFrom = 10_000

func (a *app) watchProgress() func(audit.Progress) {
	var bar *auditBar
	return func(p audit.Progress) {
		if p.Size-p.First < barFrom {
			return
		}
		if bar == nil {
			bar = a.newAuditBar()
		}
		if bar.show(p); p.Done == p.Size {
			bar.end()
			bar = nil
		}
	}
}

// watchOnce looks at each ledger once.
func (a *app) watchOnce(ctx context.Context, targets []*watchTarget, watchers []*watch.Watcher) error {
	var broken, unlooked []string
	for i, w := range watchers {
		o, err := w.Once(ctx)
		if err != nil {
			return err
		}
		origin := targets[i].ledger.Name() + ": "
		for _, s := range o.Broken {
			broken = append(broken, origin+s)
		}
		for _, s := range o.Unlooked {
			unlooked = append(unlooked, origin+s)
		}
	}
	switch {
	case len(broken) > 0:
		for _, s := range append(broken[1:], unlooked...) {
			a.say("%s", s)
		}
		return no("%s", broken[0])
	case len(unlooked) > 0:
		for _, s := range unlooked[1:] {
			a.say("%s", s)
		}
		return errors.New(unlooked[0])
	}
	return nil
}

// follow follows all ledgers until the context ends, or one of them cannot be followed.
func follow(ctx context.Context, watchers []*watch.Watcher, pause time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, len(watchers))
	for _, w := range watchers {
		go func() { ended <- w.Follow(ctx, pause) }()
	}
	var err error
	for range watchers {
		if e := <-ended; e != nil {
			err = errors.Join(err, e)
			cancel()
		}
	}
	return err
}
