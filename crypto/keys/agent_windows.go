package keys

import (
	"context"
	"net"
	"strings"

	"github.com/Microsoft/go-winio"
)

// openSSHPipe is where the agent service of OpenSSH for Windows listens.
const openSSHPipe = `\\.\pipe\openssh-ssh-agent`

func dialAgent(ctx context.Context, address string) (net.Conn, error) {
	if address == "" {
		address = openSSHPipe
	}
	if strings.HasPrefix(address, `\\`) {
		return winio.DialPipeContext(ctx, address)
	}
	return new(net.Dialer).DialContext(ctx, "unix", address)
}
