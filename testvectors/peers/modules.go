//go:build modules

// This file is never built. It keeps in go.mod the modules whose data files the
// tests read, of which one is a program and another embeds more than is asked, and the
// version of the object store's gateway, which is built by its own go.mod.

package peers

import (
	_ "filippo.io/mostly-harmless/ed25519vectors"
	_ "github.com/c2sp/wycheproof"
	_ "github.com/versity/versitygw/s3err"
)
