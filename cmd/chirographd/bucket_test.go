package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

const bucketSecret = "do-not-print-me"

// bucketAt serves a bucket "ledgers" and returns the flags for it, with its key in the
// environment.
func bucketAt(t *testing.T, b objects.Bucket) bucketFlags {
	t.Helper()
	server := httptest.NewServer(objectstest.Handler("ledgers", b))
	t.Cleanup(server.Close)
	t.Setenv(keyID, "anyone")
	t.Setenv(keySecret, bucketSecret)
	return bucketFlags{bucket: "ledgers/a", endpoint: server.URL}
}

func (f *bucketFlags) args() []string {
	return []string{"--bucket", f.bucket, "--endpoint", f.endpoint}
}

// keyFileOf writes a file that only its owner can read.
func keyFileOf(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), bucketKey)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAKeyOfABucketComesFromOnePlace(t *testing.T) {
	for _, name := range []string{keyID, keySecret, keyToken, credentials} {
		t.Setenv(name, "")
	}
	f := bucketFlags{bucket: "ledgers"}
	if _, err := f.credentials(); err == nil || !strings.Contains(err.Error(), keySecret) {
		t.Errorf("without a key: %v", err)
	}
	systemd := keyFileOf(t, "of systemd\nbut one word\n")
	t.Setenv(credentials, filepath.Dir(systemd))
	if _, err := f.credentials(); err == nil {
		t.Error("a key of more than one word was taken")
	}
	systemd = keyFileOf(t, "systemd\n"+bucketSecret+"\n")
	t.Setenv(credentials, filepath.Dir(systemd))
	if c, err := f.credentials(); err != nil || c.ID != "systemd" || c.Secret != bucketSecret {
		t.Errorf("of systemd: %v, %v", c.ID, err)
	}
	t.Setenv(keyID, "environment")
	if _, err := f.credentials(); err == nil || !strings.Contains(err.Error(), "one is empty") {
		t.Errorf("half a key: %v", err)
	}
	t.Setenv(keySecret, bucketSecret)
	if c, err := f.credentials(); err != nil || c.ID != "environment" {
		t.Errorf("of the environment: %v, %v", c.ID, err)
	}
	f.key = keyFileOf(t, "file\r\n"+bucketSecret+"\r\ntoken\r\n")
	if c, err := f.credentials(); err != nil || c.ID != "file" || c.Secret != bucketSecret || c.Token != "token" {
		t.Errorf("of a file: %v, %v", c.ID, err)
	}
	for _, text := range []string{"", "one\n", "1\n2\n3\n4\n", bucketSecret + " = x\ny\n"} {
		f.key = keyFileOf(t, text)
		if _, err := f.credentials(); err == nil || strings.Contains(err.Error(), bucketSecret) {
			t.Errorf("a file with %q: %v", text, err)
		}
	}
}

func TestAStoreThatCannotCarryALedgerIsSaidToBeUnfit(t *testing.T) {
	m := objectstest.NewMemory()
	f := bucketAt(t, m)
	small := append([]string{"probe-store", "--rounds", "2", "--racers", "3"}, f.args()...)
	says(t, 0, []string{"race of swaps", "nothing was found"}, append(small, "--via", f.endpoint)...)
	says(t, exitFailed, []string{"there is no such bucket: others at http"}, append(small, "--bucket", "others")...)
	says(t, exitFailed, []string{"from 2 to 64"}, append(small, "--racers", "65")...)
	// One that does not heed a condition.
	inner := objectstest.Handler("ledgers", m)
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodPut {
			q.Header.Del("If-Match")
			q.Header.Set("If-None-Match", "*")
			name := strings.TrimPrefix(q.URL.Path, "/ledgers/")
			if err := m.Delete(q.Context(), name); err != nil {
				t.Error(err)
			}
		}
		inner.ServeHTTP(w, q)
	}))
	defer bad.Close()
	says(t, exitDamaged, []string{"FAILED", "cannot carry a ledger"}, append(small, "--endpoint", bad.URL)...)
	f.endpoint = bad.URL
	dir, _ := newLedger(t)
	if err := probedOnce(t.Context(), dir, &f, time.Unix(0, 0)); err == nil || !strings.Contains(err.Error(), "no ledger can be led") {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, storeProbed)); err == nil {
		t.Error("it is remembered as fit")
	}
}

func TestAStoreIsProbedOnce(t *testing.T) {
	var asked atomic.Int32
	inner := objectstest.Handler("ledgers", objectstest.NewMemory())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		asked.Add(1)
		inner.ServeHTTP(w, q)
	}))
	defer server.Close()
	t.Setenv(keyID, "anyone")
	t.Setenv(keySecret, bucketSecret)
	f, dir := bucketFlags{bucket: "ledgers", endpoint: server.URL}, t.TempDir()
	if err := probedOnce(t.Context(), filepath.Join(dir, "new"), &f, time.Unix(0, 0)); err == nil || !strings.Contains(err.Error(), "copy its ledger.key, ledger.key.pub, policy") {
		t.Errorf("a directory that nobody has begun: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, policyFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	once := func() (n int32) {
		asked.Store(0)
		if err := probedOnce(context.Background(), dir, &f, time.Unix(1_800_000_000, 0)); err != nil {
			t.Fatal(err)
		}
		return asked.Load()
	}
	if n := once(); n < 50 {
		t.Errorf("%d requests", n)
	}
	if n := once(); n > 0 {
		t.Errorf("%d requests again", n)
	}
	f.bucket = "ledgers/b"
	if n := once(); n < 50 {
		t.Errorf("%d requests in another place", n)
	}
	if b := mustReadFile(t, filepath.Join(dir, storeProbed)); !strings.Contains(b, "date 2027-01-15T08:00:00Z\n") || strings.Contains(b, bucketSecret) {
		t.Errorf("%s", b)
	}
}

// Of nodes each has a gateway of its own, and what one of these does wrong, only a race over all shows.
func TestANodeProbesItsStoreByAllEndpointsThatItWasGiven(t *testing.T) {
	m := objectstest.NewMemory()
	inner := objectstest.Handler("ledgers", m)
	var asked [2]atomic.Int32
	var stale atomic.Bool
	t.Setenv(keyID, "anyone")
	t.Setenv(keySecret, bucketSecret)
	var urls [2]string
	for i := range urls {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			asked[i].Add(1)
			if i == 1 && stale.Load() && q.Method == http.MethodGet && strings.Contains(q.URL.Path, "/read-") {
				http.Error(w, "<Error><Code>NoSuchKey</Code></Error>", http.StatusNotFound)
				return
			}
			inner.ServeHTTP(w, q)
		}))
		defer server.Close()
		urls[i] = server.URL
	}
	f, dir := bucketFlags{bucket: "ledgers", endpoint: urls[0], via: urls[1:]}, t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, policyFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stale.Store(true)
	if err := probedOnce(t.Context(), dir, &f, time.Unix(0, 0)); err == nil || !strings.Contains(err.Error(), "endpoint 1 does not find what was written") {
		t.Errorf("with a gateway that is behind: %v", err)
	}
	stale.Store(false)
	for _, via := range [][]string{urls[1:], nil, urls[1:]} { // other endpoints are another store, until they were tried
		f.via = via
		asked[0].Store(0)
		asked[1].Store(0)
		for range 2 {
			if err := probedOnce(t.Context(), dir, &f, time.Unix(0, 0)); err != nil {
				t.Fatal(err)
			}
		}
		if one, two := asked[0].Load(), asked[1].Load(); one < 50 || one > 400 || (two > 0) != (via != nil) {
			t.Errorf("by %q: %d and %d requests", via, one, two)
		}
	}
	says(t, exitFailed, []string{"--endpoint has to be given too"}, "node", "--dir", dir, "--listen", "127.0.0.1:0", "--at", "http://a.example", "--bucket", "ledgers", "--via", urls[1])
	says(t, exitFailed, []string{"--endpoint has to be given too"}, "probe-store", "--bucket", "ledgers", "--via", urls[1])
}

// What a probe did not find out is not said to be well, nor to be wrong.
func TestWhatAProbeDoesNotKnowIsSaidToBeThat(t *testing.T) {
	m := objectstest.NewMemory()
	inner := objectstest.Handler("ledgers", m)
	var careless, told atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch {
		case q.URL.Query().Has("versioning") && !told.Load():
			http.Error(w, "<Error><Code>NotImplemented</Code></Error>", http.StatusNotImplemented)
			return
		case q.Method == http.MethodPut && careless.Load():
			q.Header.Del("If-Match")
			q.Header.Set("If-None-Match", "*")
			if err := m.Delete(q.Context(), strings.TrimPrefix(q.URL.Path, "/ledgers/")); err != nil {
				t.Error(err)
			}
		}
		inner.ServeHTTP(w, q)
	}))
	defer server.Close()
	t.Setenv(keyID, "anyone")
	t.Setenv(keySecret, bucketSecret)
	args := []string{"probe-store", "--rounds", "2", "--racers", "3", "--bucket", "ledgers", "--endpoint", server.URL}
	const row, word = "?       old versions ", "; what has a ? is not known: look at it yourself\n"
	code, stdout, stderr := chirographd(t, args...)
	if code != 0 || strings.Count(stdout, "\n?") > 0 || !strings.HasPrefix(stdout, row) || !strings.HasSuffix(stdout, "nothing was found that speaks against it"+word) || stderr != "" {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	careless.Store(true)
	if code, stdout, stderr = chirographd(t, args...); code != exitDamaged || !strings.HasPrefix(stdout, row) || !strings.HasSuffix(stderr, "steps failed"+word) {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	careless.Store(false)
	told.Store(true)
	if code, stdout, stderr = chirographd(t, args...); code != 0 || strings.Contains(stdout+stderr, "?") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

func mustReadFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Who lets nobody in is asked once, and nothing is said of what was not tried.
func TestAStoreThatLetsNobodyInIsAskedOnce(t *testing.T) {
	for _, code := range []string{"InvalidAccessKeyId", "XAdminUserNotFound", "AccessDenied"} {
		var asked atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if !q.URL.Query().Has("versioning") {
				asked.Add(1)
			}
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>no.</Message></Error>"))
		}))
		defer server.Close()
		t.Setenv(keyID, "anyone")
		t.Setenv(keySecret, bucketSecret)
		exit, stdout, stderr := chirographd(t, "probe-store", "--bucket", "ledgers", "--endpoint", server.URL)
		if exit != exitFailed || stdout != "" || !strings.Contains(stderr, "nothing was tried: ") || !strings.Contains(stderr, ": 403 ") || strings.Contains(stderr, "left in the bucket") {
			t.Errorf("exit code %d, %s%s", exit, stdout, stderr)
		}
		wantWords(t, stderr, code != "AccessDenied", "the id or the secret of the key is not the store's")
		if n := asked.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}
	}
}
