package main

import (
	"context"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// sayThere says what is in the bucket under the mark of this run, or of one before. Where the head
// is another since, nobody has compared it with the directory's tree.
func (m *migration) sayThere(ctx context.Context, mark moved, tree tlog.Checkpoint) error {
	h, _, err := m.register.Peek(ctx)
	if err != nil {
		return err
	}
	if h.Nonce != mark.nonce {
		_, err = fmt.Fprintf(m.stdout, "%s: in %s, with %s, %s: nodes went on there, or another directory brought it; that it begins with the %s of %s was not compared: chirographd node does that\n",
			m.key.Name(), m.place(), entries(h.Checkpoint.Size), h.State, entries(tree.Size), m.dir)
		return err
	}
	_, err = fmt.Fprintf(m.stdout, "%s: in %s, with %s, root %s, %s; chirographd node runs it\n", m.key.Name(), m.place(), entries(tree.Size), tree.Root, mark.state)
	return err
}
