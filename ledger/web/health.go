package web

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger"
)

// healthy says that the process answers.
func (h *Handler) healthy(*request) (*answer, error) {
	a := ok(plainText, never, []byte("ok\n"))
	if h.cfg.Node != nil {
		a.mark = h.cfg.Node.Mark
	}
	return a, nil
}

// ready says that it serves what it is there for.
func (h *Handler) ready(*request) (*answer, error) {
	if _, err := h.unready(); err != nil {
		return nil, err
	}
	return ok(plainText, never, []byte("ready\n")), nil
}

// readyPatience is for how many seconds what is registered may wait for witnesses
// before the ledger is not ready: as long as one of them may take.
const readyPatience = 10

// Why a handler is not ready, as monitors hear of it.
const (
	reasonStopped   = "stopped"   // the log takes no more records
	reasonDisk      = "disk"      // so little of one is free that no record is taken
	reasonKey       = "key"       // the agent that has the ledger's key does not answer, does not sign, or has it no longer
	reasonClock     = "clock"     // it is behind the log, so that no record is taken
	reasonDoubt     = "doubt"     // witnesses say that they have seen another history
	reasonWitnesses = "witnesses" // they have not confirmed the ledger since its start, or do not cosign
	reasonBehind    = "behind"    // a copy does not show what the ledger does; nor does a node that follows, or it would not lead, though nobody does
	reasonNode      = "node"      // a node leads and cannot reach the log
)

// Reasons returns all that [Handler.Unready] can return, but for "".
func Reasons() []string {
	return []string{reasonStopped, reasonDisk, reasonKey, reasonClock, reasonDoubt, reasonWitnesses, reasonBehind, reasonNode}
}

// Unready returns why GET /readyz fails, one of [Reasons]; "" where it does not.
func (h *Handler) Unready() string {
	reason, _ := h.unready()
	return reason
}

// unready returns why it does not serve what it is there for: where it accepts records,
// that the log takes none any more, a disk has no room, nothing signs or the clock is behind, that witnesses have not confirmed
// it since it was started, or do not cosign, or say something against it; where it is a
// copy, that it is behind.
func (h *Handler) unready() (reason string, err error) {
	h = h.now()
	if h.cfg.Log != nil {
		select {
		case <-h.cfg.Log.Done():
			return reasonStopped, cmp.Or(h.cfg.Log.Err(), ledger.ErrClosed)
		default:
		}
		if err := h.cfg.Log.Doubt(); err != nil {
			return reasonDoubt, err
		}
		at := h.cfg.Log.Waiting()
		if !h.cfg.Log.Confirmed() || at != 0 && h.cfg.Clock().Unix()-at > readyPatience {
			return reasonWitnesses, ledger.ErrNoQuorum
		}
	}
	if err := h.room(); err != nil {
		return reasonDisk, err
	}
	if h.cfg.Signs != nil && !h.cfg.Signs() {
		return reasonKey, errKey
	}
	if h.cfg.Log != nil && h.cfg.Log.Behind() != nil {
		return reasonClock, errClock
	}
	if h.cfg.Node != nil {
		if reason, err := h.readyNode(); err != nil {
			return reason, err
		}
	}
	if h.cfg.Copy != nil {
		if err := h.readyCopy(); err != nil {
			return reasonBehind, err
		}
	}
	return "", nil
}

// errKey and errClock are why a ledger is not ready; a record is told [ledger.ErrUnsigned] and
// [ledger.ClockError] by the log.
var (
	errKey   = errors.New("the ledger's key is not there")
	errClock = errors.New("the ledger's clock is behind")
)

// A RoomError says that so little of a disk is free that no record is taken: a full one
// ends the process.
type RoomError struct {
	Disk        string // what is on it: the store, or the guard
	Free, Least uint64 // bytes
}

func (e *RoomError) Error() string {
	return fmt.Sprintf("the disk of the %s has %d bytes free, and records are taken from %d on", e.Disk, e.Free, e.Least)
}

// room returns why no record is taken for want of room.
func (h *Handler) room() error {
	if h.cfg.Room == nil {
		return nil
	}
	return h.cfg.Room()
}

func isRoom(err error) bool {
	var room *RoomError
	return errors.As(err, &room)
}
