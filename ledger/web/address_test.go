package web

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// Behind a trusted proxy callers are told apart, and others cannot say who they are.
func TestOnlyAProxyThatIsNamedSaysWhoAsks(t *testing.T) {
	proxies := must(ParseProxies([]string{"10.0.0.0/8", "2001:db8:1::/48", "192.0.2.9"}))
	for _, test := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"203.0.113.7:4711", nil, "203.0.113.7"},
		{"203.0.113.7:4711", []string{"198.51.100.1"}, "203.0.113.7"},
		{"[2001:db8:2:3:4:5:6:7]:1", nil, "2001:db8:2:3::"},
		{"[::ffff:203.0.113.7]:1", nil, "203.0.113.7"},
		{"[fe80::1%eth0]:1", nil, "fe80::"},
		{"@", nil, "invalid IP"},
		{"", nil, "invalid IP"},
		{"10.1.2.3:1", nil, "10.1.2.3"},
		{"10.1.2.3:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"[::ffff:10.1.2.3]:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"1.1.1.1", "198.51.100.1,10.9.9.9"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"1.1.1.1,198.51.100.1", "10.9.9.9", "192.0.2.9"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"10.4.4.4 , 10.9.9.9"}, "10.4.4.4"},
		{"10.1.2.3:1", []string{"<script>, 10.9.9.9"}, "10.9.9.9"},
		{"10.1.2.3:1", []string{"garbage"}, "10.1.2.3"},
		{"10.1.2.3:1", []string{"198.51.100.1,"}, "10.1.2.3"},
		{"10.1.2.3:1", []string{""}, "10.1.2.3"},
		{"10.1.2.3:1", []string{"198.51.100.1", ""}, "198.51.100.1"},
		{"10.1.2.3:1", []string{",,,,"}, "10.1.2.3"},
		{"10.1.2.3:1", []string{"198.51.100.1:8080"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"[2001:db8:2:3::9]:8080"}, "2001:db8:2:3::"},
		{"10.1.2.3:1", []string{"2001:db8:2:3::9%25eth0"}, "2001:db8:2:3::"},
		{"10.1.2.3:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"[2001:db8:1::5]:1", []string{"2001:db8:2:3::9"}, "2001:db8:2:3::"},
		{"10.1.2.3:1", []string{"198.51.100.1" + fmt.Sprintf("%0*d", 15, 0)}, "10.1.2.3"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = test.remote
		for _, f := range test.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		before := fmt.Sprint(r.Header)
		if got := proxies.client(r).String(); got != test.want {
			t.Errorf("%s for %q: %s, want %s", test.remote, test.forwarded, got, test.want)
		}
		if fmt.Sprint(r.Header) != before {
			t.Errorf("the header is %v, it was %s", r.Header, before)
		}
		r.Header.Set("Forwarded", "for=1.2.3.4")
		if got := proxies.client(r).String(); got != test.want {
			t.Errorf("Forwarded has %s be %s", test.remote, got)
		}
	}
}

func TestSoManyProxiesInARowAreReadAndNotOneMore(t *testing.T) {
	proxies := must(ParseProxies([]string{"10.0.0.0/8"}))
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.1:1"
	for hops, want := range map[int]string{maxHops - 1: "198.51.100.1", maxHops: "10.0.0.2", 10_000: "10.0.0.2"} {
		r.Header.Set("X-Forwarded-For", "198.51.100.1"+string(bytes.Repeat([]byte(", 10.0.0.2"), hops)))
		if got := proxies.client(r).String(); got != want {
			t.Errorf("%d proxies in a row: %s, want %s", hops, got, want)
		}
	}
}

func TestAProxyIsANetworkOrAnAddress(t *testing.T) {
	for s, want := range map[string]string{
		"": "is no network", "all": "is no network", "10.0.0.0/33": "is no network", "10.0.0.0/08": "is no network", " 10.0.0.0/8": "is no network",
		"10.0.0.1/8": "is an address within 10.0.0.0/8", "fe80::1%eth0": "is no network", "::ffff:10.0.0.0/104": "write it as IPv4", "::ffff:10.0.0.1": "write it as IPv4",
	} {
		if p, err := ParseProxies([]string{"127.0.0.1", s}); err == nil || !bytes.Contains([]byte(err.Error()), []byte(want)) {
			t.Errorf("%q: %v, %v, want %q", s, p, err, want)
		}
	}
	for s, want := range map[string]string{"10.0.0.0/8": "10.0.0.0/8", "::1": "::1/128", "127.0.0.1": "127.0.0.1/32"} {
		if p, err := ParseProxies([]string{s}); err != nil || len(p) != 1 || p[0].String() != want {
			t.Errorf("%q: %v, %v, want %s", s, p, err, want)
		}
	}
}

// A network that has strangers in it would let them say who they are.
func TestNobodyTrustsStrangersAsProxies(t *testing.T) {
	for _, s := range []string{"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/7", "2000::/3", "2600::/15", "fc00::/6", "fe80::/9"} {
		if p, err := ParseProxies([]string{"127.0.0.1", s}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q has strangers in it", s)) || !strings.Contains(err.Error(), "name the proxies alone") {
			t.Errorf("%q: %v, %v", s, p, err)
		}
	}
	for _, s := range []string{"10.0.0.0/8", "127.0.0.0/8", "17.0.0.0/8", "2600::/16", "2600:9000::/28", "fc00::/7", "fd00::/8", "fe80::/10"} {
		if _, err := ParseProxies([]string{s}); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// Whatever stands in the header: what a stranger can write of it, which is all but the
// end, does not change who he is.
func FuzzForwardedFor(f *testing.F) {
	for _, s := range []string{"", "198.51.100.1", "1.1.1.1, 10.0.0.2", "[::1]:80", "fe80::1%25eth0", ",,", "unknown", "\"1.2.3.4\"", "10.0.0.2,10.0.0.3"} {
		f.Add(s)
	}
	proxies := must(ParseProxies([]string{"10.0.0.0/8"}))
	f.Fuzz(func(t *testing.T, s string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:1"
		r.Header["X-Forwarded-For"] = []string{s}
		if got := proxies.client(r); !got.IsValid() || got.Is4In6() || got.Zone() != "" || got != group(got) {
			t.Errorf("%q is of %s", s, got)
		}
		for _, more := range [][]string{{s + ", 198.51.100.1"}, {s, "198.51.100.1"}, {s, "198.51.100.1,10.0.0.2"}} {
			r.Header["X-Forwarded-For"] = more
			if got := proxies.client(r).String(); got != "198.51.100.1" {
				t.Errorf("%q is of %s", more, got)
			}
		}
	})
}

// Law 7, and an operator who forgot to name his proxy.
func TestAProxyThatNobodyNamedIsSaidOnceAndNoAddressEver(t *testing.T) {
	w := open(t).rated(1, 1)
	try := func(remote string) {
		r := httptest.NewRequest("GET", "/keys/"+maker.Public().String(), nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "198.51.100.77")
		w.do(r)
	}
	for range 3 {
		try("203.0.113.7:1")
	}
	if w.lines.String() != "" {
		t.Fatalf("a stranger has this logged: %s", w.lines)
	}
	for range 3 {
		try("127.0.0.1:1")
	}
	got := w.lines.String()
	if bytes.Count([]byte(got), []byte("--trusted-proxy")) != 1 || bytes.Contains([]byte(got), []byte("198.51")) || bytes.Contains([]byte(got), []byte("127.0")) {
		t.Errorf("log: %s", got)
	}
}
