// Package witness asks the witnesses of a policy to cosign a ledger's checkpoints:
// the client's side of c2sp.org/tlog-witness, v1.0.0 and what came after it.
//
// # Asking
//
// Each witness, which is a URL of the policy with one or more keys, has a goroutine
// of its own, and at most one request in flight. It is always asked for the newest
// checkpoint; what an older one still lacks is given up. A witness that fails is
// left alone for a second, then two, and so on up to half a minute, within which a
// newer checkpoint may try again after the first second. So a witness that is slow,
// dead or hostile costs the others no time, and us one connection, a time-out and a
// line in the log when the kind of its failure changes.
//
// A request is the checkpoint with the ledger's own signature lines and a proof that
// it continues what the witness cosigned last. As long as nothing is known of that,
// the guess is the checkpoint itself: a ledger that starts asks again for the one that
// it sent last, and whoever cosigned it then answers at once. Every other witness,
// also one that is new, says its size in the refusal, which is what a first guess of
// zero would cost all but the new ones.
//
// Of an answer only those cosignatures are kept that are of the key which the policy
// has for this witness, verify over the very checkpoint, and have a time that fits.
//
// # A witness that has another tree
//
// An honest witness never has more than what we asked somebody to cosign, nor another
// tree of a size that we had: it takes only what the ledger's key signed, and the
// ledger asks for each tree that it signs, in order, before the tree leaves by any
// other way. A witness that refuses because it has such a tree (409 with a size above
// all that were asked; 422 for a proof that holds, or for a size that should be the
// same tree; in v1.0.0 a 409 for the latter) therefore says one of two things: that
// the ledger's key signs a second history, or that ours is an older copy of its
// store. Either must stop a ledger before it signs another tree. But the refusal is
// not signed, and a witness may lie, or have lost its own state; whoever could stop
// a ledger by a word would be its master, and nobody gave one witness that power.
//
// So the witness is asked for the checkpoint that it saw ([Seen]). One that the
// ledger's key signed, and that is larger than all that were asked or no part of
// the newest of them, is a proof which no witness can make up: it is a [Conflict],
// whatever all others say.
//
// Without that proof the refusal counts as no answer of this witness, and as a claim
// that stands until it cosigns again. Claims weigh all the same
//
//   - when those who make them are a quorum by themselves. Whoever follows the policy
//     would believe the tree that they say they have; not to believe them here would
//     be to trust them less than everybody is told to. And if they all are as they
//     should be, a second history has a quorum of its own.
//   - when there is no quorum without them. Then no checkpoint of ours can become
//     public as long as they say so, and to wait would be to hide an alarm in an outage.
//     It costs nothing that they could not take by not answering.
//
// Fewer of them can neither make others believe in a second history nor keep ours
// from a quorum. What one witness says then is an error in the log, and no more: two
// of three that cosign outvote a liar, and an honest third one that cannot show what
// it saw is outvoted too, as the policy's author has decided by asking for two. A
// quorum of "none", or of the ledger's own key alone, gives nobody's word any weight;
// then only the proof counts.
//
// What claims that weigh do depends on whether a quorum has confirmed the ledger since
// New. Before, an old copy that was restored is the likeliest of all reasons, and they
// are a Conflict. After, the ledger is the one that the quorum knew, and to end it would
// let one witness take from the public what it can read: they are a doubt
// ([Witnesses.Doubt]), in which whoever asks signs nothing new, Cosign returns no
// checkpoint, and those who make it are asked on. It passes when enough of them cosign.
//
// A Conflict is for ever: every later call returns it. Who wants to ask again has
// to look first, and then begins anew.
package witness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// Bounds of what is asked. A test is at each limit and one past it.
const (
	// MaxRequest is the most bytes of a request: witnesses read no more.
	MaxRequest = 10 << 10
	// maxProof is what of them is not the checkpoint: "old", 63 hashes, an empty line.
	maxProof = len("old 9223372036854775807\n") + tlog.MaxHashes*45 + len("\n")
	// maxAnswer is the most bytes of an answer that are read: an ML-DSA-44 line has
	// 3.3 kB and up to 255 of the name, so four keys of a witness fit.
	maxAnswer = 16 << 10
	// Window is by how many seconds the time of a cosignature may be off: so much
	// before the newest entry's it counts for nothing (testvectors/FORMATS.md,
	// section 3), so much after ours is another clock's.
	Window = rules.Skew
)

// ErrClosed is what Cosign returns after Close.
var ErrClosed = errors.New("the witnesses are no longer asked")

// Config says who is asked, and by whom.
type Config struct {
	Ledger note.Key       // who signs the checkpoints; a log of Policy
	Policy *verify.Policy // whose witnesses are asked, and whose quorum is waited for; left as it is

	// Transport makes the requests, and ends each when its context does; nil for one
	// of the package's own.
	Transport http.RoundTripper

	// Clock is asked whether the time of a cosignature fits. Pauses are the runtime's.
	Clock func() time.Time

	// Prove returns the hashes by which the tree of that size, which was asked for,
	// continues the one of size old, 0 < old < size. Whoever implements it has
	// verified that they prove it: a witness that refuses them then has another tree.
	// It is called by several goroutines at a time.
	Prove func(old, size uint64) ([]tlog.Hash, error)

	Logger *slog.Logger // nil for none
}

// Witnesses asks the witnesses of a policy, by a goroutine each.
type Witnesses struct {
	cfg     Config
	log     *slog.Logger
	client  *http.Client
	askers  []*asker
	late    chan tlog.SignedCheckpoint // sent to under mu alone, so that a send after making room has room
	cancel  context.CancelFunc
	workers sync.WaitGroup

	conflicted chan struct{} // closed when conflict is set

	mu       sync.Mutex
	round    *round    // of the newest checkpoint asked for; nil before the first
	met      bool      // a quorum of others has cosigned: from then on words end nothing
	doubt    *Conflict // without proof, as long as it stands; nil for none
	conflict *Conflict // ends all rounds
	closed   bool
	reports  map[string]*Report // by the witness's name
}

// New begins to work; nobody is asked yet. A witness of the policy whose key has the
// ledger's name is the ledger itself: nobody asks it, and its line stands in the
// checkpoints. Any other has a URL, or the error names it.
func New(cfg Config) (*Witnesses, error) {
	if _, ok := cfg.Policy.Log(cfg.Ledger); !ok {
		return nil, fmt.Errorf("policy: the ledger %s is no log of it", cfg.Ledger)
	}
	askers, err := newAskers(cfg.Policy, cfg.Ledger)
	if err != nil {
		return nil, err
	}
	w := &Witnesses{
		cfg:    cfg,
		log:    cfg.Logger,
		client: newClient(cfg.Transport),
		askers: askers,
		late:   make(chan tlog.SignedCheckpoint, 1),

		conflicted: make(chan struct{}),
		reports:    newReports(askers),
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	for _, a := range askers {
		w.workers.Go(func() { w.work(ctx, a) })
	}
	return w, nil
}

// Cosign asks every witness to cosign a checkpoint that has the ledger's own lines,
// and returns it with those and with the cosignatures that were there when they made
// the quorum, in the order of the policy. For the quorum "none", or one that the
// ledger's own line makes, that is at once. Since is when the newest entry was
// registered, in POSIX seconds: no cosignature counts whose time is more than [Window]
// before it.
//
// Cosign waits as long as it takes, and as long as there is a doubt. The error is that of ctx, ErrClosed, a [*Conflict],
// or says what is wrong with c: a checkpoint is not smaller than the last one, and no
// other of its size. To ask for the same again asks every witness again. A checkpoint
// that is not cosigned when the next is asked for, or when Cosign fails, is given up.
func (w *Witnesses) Cosign(ctx context.Context, c tlog.SignedCheckpoint, since int64) (tlog.SignedCheckpoint, error) {
	if err := ctx.Err(); err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	r, err := w.newRound(c, since)
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	if err := w.begin(r); err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		w.giveUp(r, ctx.Err())
		<-r.done
	}
	return r.answer, r.err
}

// Late returns where cosignatures come from after Cosign has returned: the newest
// checkpoint asked for, with all that it has by now, in place of one that nobody has
// taken yet. It may be older than the one that is asked for when it is taken.
func (w *Witnesses) Late() <-chan tlog.SignedCheckpoint { return w.late }

// Close ends requests and goroutines, and returns when they have ended. A Cosign that
// waits returns ErrClosed.
func (w *Witnesses) Close() {
	w.mu.Lock()
	w.closed = true
	if w.round != nil {
		w.round.end(ErrClosed)
	}
	w.mu.Unlock()
	w.cancel()
	w.workers.Wait()
	if w.cfg.Transport == nil {
		w.client.CloseIdleConnections()
	}
}

// ErrUnseen is what [Seen] returns when the witness shows no checkpoint of the ledger:
// it has cosigned none, or has no such endpoint.
var ErrUnseen = errors.New("the witness shows no checkpoint of this ledger")

// Seen returns the checkpoint of the ledger that the witness at url shows to monitors
// (c2sp.org/tlog-witness, "Monitor Retrieval Mechanism"), signed by the ledger. Lines
// of its key that do not verify are gone, and those of others are as they came. A nil transport is one of the package's own. It takes
// at most as long as a witness has to answer.
func Seen(ctx context.Context, transport http.RoundTripper, url string, ledger note.Key) (tlog.SignedCheckpoint, error) {
	base, err := parseURL(url)
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	client := newClient(transport)
	if transport == nil {
		defer client.CloseIdleConnections()
	}
	return seen(ctx, client, base, ledger)
}

func seen(ctx context.Context, client *http.Client, base string, ledger note.Key) (tlog.SignedCheckpoint, error) {
	origin := sha256.Sum256([]byte(ledger.Name()))
	url := base + "/" + hex.EncodeToString(origin[:]) + "/checkpoint"
	a, err := exchange(ctx, client, http.MethodGet, url, nil)
	switch {
	case err != nil:
		return tlog.SignedCheckpoint{}, err
	case a.status == http.StatusNotFound:
		return tlog.SignedCheckpoint{}, ErrUnseen
	case a.status != http.StatusOK:
		return tlog.SignedCheckpoint{}, a.unexpected()
	case a.err != nil:
		return tlog.SignedCheckpoint{}, a.err
	}
	c, err := tlog.ParseSignedCheckpoint(a.body)
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	return signedLines(c, ledger)
}

// signedLines returns what a witness shows without the lines of the ledger's key that do
// not verify. One that verifies is what the ledger cannot deny, and a line of garbage
// beside it, which anybody can write, hides it from nobody. The error says that none does.
func signedLines(c tlog.SignedCheckpoint, ledger note.Key) (tlog.SignedCheckpoint, error) {
	kept := c
	kept.Note.Signatures = slices.DeleteFunc(slices.Clone(c.Note.Signatures), func(s note.Signature) bool {
		return s.By(ledger) && !ledger.Public().Verify(c.Note.Text, s.Bytes)
	})
	if checkSigned(kept, ledger) != nil {
		return c, checkSigned(c, ledger)
	}
	return kept, nil
}
