//go:build modules

// This file is never built. It keeps in go.mod what the programs need.

package omniwitness

import (
	_ "github.com/transparency-dev/witness/cmd/generate_keys"
	_ "github.com/transparency-dev/witness/cmd/omniwitness"
)
