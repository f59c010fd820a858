//go:build !windows

package keys

import (
	"context"
	"net"
)

func dialAgent(ctx context.Context, address string) (net.Conn, error) {
	if address == "" {
		return nil, ErrNoAgent
	}
	return new(net.Dialer).DialContext(ctx, "unix", address)
}
