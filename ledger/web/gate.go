package web

import "context"

// waitersPerCheck is how many requests may wait for each one that checks
// signatures, or makes a large answer. A record of 64 lines is checked in about
// 4 ms, so the last waits for a quarter of a second at the worst; the largest bundle
// is compressed in about 20 ms, so its last waits for little more than a second.
const waitersPerCheck = 64

// A gate bounds how many requests need a core for long at once, and how many wait to.
type gate struct {
	places  chan struct{} // taken by those that wait or run
	running chan struct{} // taken by those that run
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
