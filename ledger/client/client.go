// Package client asks one ledger over HTTP, and trusts nothing that it receives:
// what leaves here was verified under the caller's [verify.Policy], or its type
// says that it is the ledger's word alone.
//
// Answers are bounded before they are read, redirects stay on the host that was
// named, and what a server says of an error is stripped of whatever a terminal
// would obey.
package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/verify"
)

// Config says which ledger a client asks, and what it trusts.
type Config struct {
	URL    string         // of the ledger: http or https, perhaps with a path, without query
	Policy *verify.Policy // under which everything is verified
	Ledger note.Key       // the log of Policy that answers at URL; the zero Key where Policy has one log only
	HTTP   *http.Client   // its transport is used, and its rules for redirects are not; nil for one of the package's own

	// Waiting is called once in a [Client.Submit], at the first answer of 503, with what
	// the ledger says of it, which is clean and may be ""; nil for nobody who wants to know.
	Waiting func(detail string)
}

// A Client asks one ledger. It may be used by several goroutines.
type Client struct {
	fetcher
	policy  *verify.Policy
	ledger  note.Key
	waiting func(detail string) // may be nil
}

// New returns a client. It asks nothing yet.
func New(cfg Config) (*Client, error) {
	f, err := newFetcher(cfg.HTTP, cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.Policy == nil {
		return nil, errors.New("client of a ledger: no policy says what to trust")
	}
	ledger := cfg.Ledger
	if ledger == (note.Key{}) {
		if n := len(cfg.Policy.Logs); n != 1 {
			return nil, fmt.Errorf("client of %s: the policy has %d logs, and nothing says which one answers there", f.base, n)
		}
		ledger = cfg.Policy.Logs[0].Key
	}
	if !slices.ContainsFunc(cfg.Policy.Logs, func(l verify.Log) bool { return l.Key == ledger }) {
		return nil, fmt.Errorf("client of %s: the ledger %s is no log of the policy", f.base, ledger)
	}
	return &Client{fetcher: f, policy: cfg.Policy, ledger: ledger, waiting: cfg.Waiting}, nil
}

// URL returns the ledger's URL, without a slash at its end.
func (c *Client) URL() string { return c.base }

// Ledger returns the key of the ledger that is asked.
func (c *Client) Ledger() note.Key { return c.ledger }

// Policy fetches the policy that the ledger at url states for itself, as bytes and
// read. Nothing vouches for it: who trusts it compares it by another way. A nil hc
// is as in [Config].
func Policy(ctx context.Context, hc *http.Client, url string) ([]byte, *verify.Policy, error) {
	f, err := newFetcher(hc, url)
	if err != nil {
		return nil, nil, err
	}
	a, err := f.get(ctx, "/policy", verify.MaxPolicy)
	if err != nil {
		return nil, nil, err
	}
	p, err := verify.ParsePolicy(a.body)
	if err != nil {
		return nil, nil, fmt.Errorf("GET %s/policy: %w", f.base, err)
	}
	return a.body, p, nil
}

// newFetcher returns a fetcher for the resources under rawURL.
func newFetcher(hc *http.Client, rawURL string) (fetcher, error) {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil:
		return fetcher{}, fmt.Errorf("URL %.200q of a ledger cannot be read", rawURL)
	case u.Scheme != "http" && u.Scheme != "https":
		return fetcher{}, fmt.Errorf("URL %.200q of a ledger begins with neither http:// nor https://", rawURL)
	case u.User != nil:
		return fetcher{}, fmt.Errorf("the URL of %s has a user or a password, and a ledger asks for none", u.Host)
	case u.Host == "" || strings.ContainsAny(rawURL, "?#"):
		return fetcher{}, fmt.Errorf("URL %.200q of a ledger is not a scheme, a host and perhaps a path", rawURL)
	}
	if hc == nil {
		t := newTransport()
		t.DisableCompression = isLoopback(u.Hostname())
		hc = &http.Client{Transport: t}
	}
	own := *hc
	own.CheckRedirect, own.Jar = sameHost, nil
	return fetcher{http: &own, base: strings.TrimRight(u.String(), "/")}, nil
}

// isLoopback says whether a host is this machine, to which no line is narrow: to compress
// costs more there than it saves.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// newTransport returns the customary transport, with bounds of our own.
func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = maxHeader
	t.ResponseHeaderTimeout = recordTime
	t.IdleConnTimeout = idleTime
	t.MaxIdleConnsPerHost = idleConns
	return t
}

// Bounds of what a server may send and how long it may take.
const (
	maxHeader    = 64 << 10         // bytes of a header: ours have less than 1 KiB, proxies add some
	maxProblem   = 16 << 10         // bytes of an error's body: a sentence
	maxKeyPage   = 128 << 10        // bytes of a page of a key: 256 records of at most 300 bytes each, rounded up
	maxContract  = 1 << 20          // bytes of a page of a contract: its 64 keys twice, 64 documents, 256 events of at most 1.5 KiB, and disputes
	maxHome      = 1 << 20          // bytes of the home page: the 64 witnesses of a policy of 256 KiB, their lines in the checkpoint, 8 records
	maxRedirects = 3                // a slash, another path, and one to spare
	requestTime  = 30 * time.Second // from the connection to the last byte: the largest answer, 1.1 MB, at 300 kbit/s
	recordTime   = 45 * time.Second // the same of a record that is sent: the ledger keeps it for 30 s while its witnesses have not cosigned, and then says so
	idleTime     = 30 * time.Second // that a connection is kept for the next request
	idleConns    = 32               // kept; the customary 2 make a concurrent caller connect anew nearly every time
)
