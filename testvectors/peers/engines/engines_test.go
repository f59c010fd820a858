//go:build linux

package engines

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	node()
	os.Exit(Main(m))
}
