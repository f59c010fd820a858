package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are networks whose word is taken for whom a request comes from. Nil is for
// none: then it comes from whoever connected.
type Proxies []netip.Prefix

// ParseProxies reads networks, each as CIDR or as one address.
func ParseProxies(list []string) (Proxies, error) {
	var out Proxies
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if addr, e := netip.ParseAddr(s); e == nil && addr.Zone() == "" {
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q is no network, such as 10.0.0.0/8, and no address", s)
		case p.Addr().Is4In6():
			return nil, fmt.Errorf("%q is an IPv4 network in the form of IPv6: write it as IPv4", s)
		case p.Masked() != p:
			return nil, fmt.Errorf("%q is an address within %s: write the one or the other", s, p.Masked())
		case p.Bits() < widest(p):
			return nil, fmt.Errorf("%q has strangers in it, who could write whom a request comes from: name the proxies alone, in networks of /%d or smaller", s, widest(p))
		}
		out = append(out, p)
	}
	return out, nil
}

// The largest networks that are one operator's: of IPv4 those of the registry's list, and
// 10.0.0.0/8; of IPv6 what a registry hands out at most. What is larger has strangers in it,
// but for the two that nobody reaches from outside.
const (
	widestIPv4 = 8  // bits
	widestIPv6 = 16 // bits
)

var (
	uniqueLocal = netip.MustParsePrefix("fc00::/7")  // RFC 4193
	linkLocal   = netip.MustParsePrefix("fe80::/10") // RFC 4291
)

// widest returns the length in bits that a trusted network has at least.
func widest(p netip.Prefix) int {
	for _, private := range []netip.Prefix{uniqueLocal, linkLocal} {
		if private.Contains(p.Addr()) {
			return private.Bits()
		}
	}
	if p.Addr().Is4() {
		return widestIPv4
	}
	return widestIPv6
}

func (p Proxies) trust(addr netip.Addr) bool {
	for _, network := range p {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// Bounds of what is one caller.
const (
	ipv6Prefix = 64 // bits: the least that a subscriber has, who can use any address in it
	maxHops    = 16 // entries of X-Forwarded-For that are read: nobody has so many proxies in a row
)

// client returns whom a request comes from: the address that connected, or, as long as
// that is a proxy which is trusted, the one that it was asked by, which it wrote last
// into X-Forwarded-For. What stands before that anybody may have written, and is not
// looked at. Where a proxy wrote none, or what is none, it is the proxy itself.
func (p Proxies) client(r *http.Request) netip.Addr {
	addr := connected(r.RemoteAddr)
	if !p.trust(addr) {
		return group(addr)
	}
	values := r.Header.Values("X-Forwarded-For")
	for range maxHops {
		for len(values) > 0 && values[len(values)-1] == "" {
			values = values[:len(values)-1]
		}
		if len(values) == 0 {
			break
		}
		last := &values[len(values)-1]
		comma := strings.LastIndexByte(*last, ',')
		next, ok := parseHop((*last)[comma+1:])
		if !ok {
			break
		}
		if addr = next; !p.trust(addr) {
			break
		}
		values = append(values[:len(values)-1:len(values)-1], (*last)[:max(comma, 0)])
	}
	return group(addr)
}

// parseHop reads an entry of X-Forwarded-For: an address, with a port for some proxies.
func parseHop(s string) (netip.Addr, bool) {
	const longest = len("[1111:1111:1111:1111:1111:1111:1111:1111%zone-of-an-interface]:65535")
	s = strings.Trim(s, " \t")
	if len(s) > longest {
		return netip.Addr{}, false
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		return plain(addr), true
	}
	withPort, err := netip.ParseAddrPort(s)
	return plain(withPort.Addr()), err == nil
}

// connected returns the address of a connection; none for one that has none.
func connected(remote string) netip.Addr {
	addr, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return plain(addr.Addr())
}

// plain returns the one form of an address.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// group returns the address by which a caller is counted.
func group(addr netip.Addr) netip.Addr {
	if !addr.Is6() {
		return addr
	}
	network, err := addr.Prefix(ipv6Prefix)
	if err != nil {
		panic(err) // the length is one that there is
	}
	return network.Addr()
}
