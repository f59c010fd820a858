package web

import "context"

// waitersPerCheck is how many requests may wait for each one that checks
// signatures. A record of 64 lines is checked in about 4 ms, so the last waits for
// a quarter of a second at the worst.
const waitersPerCheck = 64

// A gate bounds how many requests check signatures at once, and how many wait to.
type gate struct {
	places  chan struct{} // taken by those that wait or check
	running chan struct{} // taken by those that check
}

func newGate(checks int) *gate {
	return &gate{
		places:  make(chan struct{}, checks*(1+waitersPerCheck)),
		running: make(chan struct{}, checks),
	}
}

// enter waits for its turn. It returns errBusy at once when too many wait already,
// and the error of ctx when that ends first. Only after nil the caller has to leave.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
	default:
		return errBusy
	}
	select {
	case g.running <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-g.places
		return ctx.Err()
	}
}

func (g *gate) leave() {
	<-g.running
	<-g.places
}
