package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRatesAndProxiesThatMakeNoSenseAreRefusedBeforeAnythingIsOpened(t *testing.T) {
	for _, test := range []struct{ flag, value, want string }{
		{"--rate", "-1", "--rate -1 and --burst 0: neither can be below 0"},
		{"--burst", "-1", "--rate 100 and --burst -1: neither can be below 0"},
		{"--rate", "many", `invalid argument "many" for "--rate"`},
		{"--trusted-proxy", "10.0.0.1/8", `--trusted-proxy: "10.0.0.1/8" is an address within 10.0.0.0/8: write the one or the other`},
		{"--trusted-proxy", "0.0.0.0/0", `--trusted-proxy: "0.0.0.0/0" has strangers in it, who could write whom a request comes from: name the proxies alone, in networks of /8 or smaller`},
		{"--trusted-proxy", "::/0", `--trusted-proxy: "::/0" has strangers in it, who could write whom a request comes from: name the proxies alone, in networks of /16 or smaller`},
		{"--trusted-proxy", "10.0.0.0/8,proxy.example", `--trusted-proxy: "proxy.example" is no network, such as 10.0.0.0/8, and no address`},
	} {
		var stdout, stderr bytes.Buffer
		code := run([]string{"serve", "--dir", t.TempDir() + "/none", "--listen", "127.0.0.1:0", test.flag, test.value}, &stdout, &stderr)
		if code == 0 || !strings.Contains(stderr.String(), test.want) {
			t.Errorf("%s %q: exit code %d, %s, want %q", test.flag, test.value, code, stderr.String(), test.want)
		}
	}
}
