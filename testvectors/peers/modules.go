//go:build modules

// This file is never built. It keeps in go.mod the modules whose data files the
// tests read: one of them is a program, and the other embeds more than is asked.

package peers

import (
	_ "filippo.io/mostly-harmless/ed25519vectors"
	_ "github.com/c2sp/wycheproof"
)
