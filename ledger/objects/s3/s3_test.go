package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/objects/s3"
)

const secret = "do-not-print-me"

// open returns a bucket at a server.
func open(t *testing.T, h http.Handler, bucket string) *s3.Bucket {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	b, err := s3.New(s3.Config{Endpoint: server.URL, Bucket: bucket, Credentials: s3.Credentials{ID: "anyone", Secret: secret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func TestABucketDoesWhatIsPromised(t *testing.T) {
	ctx, memory := t.Context(), objectstest.NewMemory()
	b := open(t, objectstest.Handler("ledgers", memory), "ledgers/one")
	if _, _, err := b.Get(ctx, "head", 10); !errors.Is(err, objects.ErrAbsent) {
		t.Fatalf("an object that is not there: %v", err)
	}
	if _, err := b.Swap(ctx, "head", "1", []byte("x")); !errors.Is(err, objects.ErrAbsent) {
		t.Fatalf("a swap of what is not there: %v", err)
	}
	v, err := b.Create(ctx, "head", []byte("first"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Create(ctx, "head", []byte("again")); !errors.Is(err, objects.ErrExists) {
		t.Fatalf("a second creation: %v", err)
	}
	next, err := b.Swap(ctx, "head", v, []byte("second"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Swap(ctx, "head", v, []byte("third")); !errors.Is(err, objects.ErrChanged) {
		t.Fatalf("a swap of what was replaced: %v", err)
	}
	for most := range 8 {
		body, got, err := b.Get(ctx, "head", most)
		if most < len("second") {
			if err == nil {
				t.Errorf("an object of 6 bytes was read as %q where %d are allowed", body, most)
			}
		} else if err != nil || string(body) != "second" || got != next {
			t.Errorf("%q, %s, %v", body, got, err)
		}
		if most == 0 {
			continue
		}
		if body, got, err = b.Peek(ctx, "head", most); err != nil || string(body) != "second"[:min(most, 6)] || got != next {
			t.Errorf("its first %d bytes: %q, %s, %v", most, body, got, err)
		}
	}
	if _, _, err := memory.Get(ctx, "one/head", 10); err != nil {
		t.Errorf("below its prefix: %v", err)
	}
	if err := errors.Join(b.Delete(ctx, "head"), b.Delete(ctx, "head")); err != nil {
		t.Error(err)
	}
	if _, _, err := b.Peek(ctx, "head", 1); !errors.Is(err, objects.ErrAbsent) {
		t.Errorf("what was deleted: %v", err)
	}
	if _, err := b.Create(ctx, "empty", nil); err != nil {
		t.Fatal(err)
	}
	if body, _, err := b.Peek(ctx, "empty", 4); err != nil || len(body) != 0 {
		t.Errorf("the first bytes of an empty object: %q, %v", body, err)
	}
	if versioned, err := b.Versioned(ctx); versioned || err != nil {
		t.Error(versioned, err)
	}
	none := open(t, objectstest.Handler("ledgers", memory), "others")
	if _, _, err := none.Get(ctx, "head", 10); !errors.Is(err, s3.ErrNoBucket) || errors.Is(err, objects.ErrAbsent) {
		t.Errorf("a bucket that is not there: %v", err)
	}
}

func TestALargeListIsReadToItsEnd(t *testing.T) {
	ctx, memory := t.Context(), objectstest.NewMemory()
	var want []string
	for i := range 2500 {
		name := fmt.Sprintf("tile/%04d", i)
		want = append(want, name)
		if _, err := memory.Create(ctx, "p/"+name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := memory.Create(ctx, "q/tile/0", nil); err != nil {
		t.Fatal(err)
	}
	b := open(t, objectstest.Handler("ledgers", memory), "ledgers/p")
	for _, most := range []int{1, 1000, 1001, 2500, 3000} {
		names, err := b.List(ctx, "tile/", "", most)
		if err != nil || !slices.Equal(names, want[:min(most, len(want))]) {
			t.Errorf("%d of %d: %v", len(names), most, err)
		}
	}
	if names, err := b.List(ctx, "tile/", "tile/2497", 10); err != nil || !slices.Equal(names, want[2498:]) {
		t.Errorf("%q, %v", names, err)
	}
}

// answers is a server that says the same to all.
func answers(status int, head http.Header, body io.Reader) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		io.Copy(io.Discard, q.Body)
		for name, v := range head {
			w.Header()[name] = v
		}
		w.WriteHeader(status)
		if body != nil {
			io.Copy(w, body)
		}
	})
}

// endless is a body of a gigabyte.
func endless() io.Reader {
	return io.LimitReader(zeros{}, 1<<30)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// What is no answer of an object store says nothing of what was done, and costs nothing.
func TestALieIsNoAnswer(t *testing.T) {
	const html = "<!DOCTYPE html><html><body>404 <b>not found</body></html>"
	tag := http.Header{"Etag": {`"5d41402abc4b2a76b9719d911017c592"`}}
	tests := []struct {
		name    string
		handler func() http.Handler
	}{
		{"a page that says 404", func() http.Handler { return answers(404, nil, strings.NewReader(html)) }},
		{"404 and nothing", func() http.Handler { return answers(404, nil, nil) }},
		{"404 of something else", func() http.Handler {
			return answers(404, nil, strings.NewReader("<Error><Code>NoSuchUpload</Code></Error>"))
		}},
		{"an error of a gigabyte", func() http.Handler { return answers(500, nil, endless()) }},
		{"a success of a gigabyte without an ETag", func() http.Handler { return answers(200, nil, endless()) }},
		{"a conflict", func() http.Handler {
			return answers(409, nil, strings.NewReader("<Error><Code>ConditionalRequestConflict</Code></Error>"))
		}},
		{"too busy", func() http.Handler {
			return answers(503, nil, strings.NewReader("<Error><Code>SlowDown</Code></Error>"))
		}},
		{"no ETag", func() http.Handler { return answers(200, nil, nil) }},
		{"an empty ETag", func() http.Handler { return answers(200, http.Header{"Etag": {`""`}}, nil) }},
		{"a weak ETag", func() http.Handler { return answers(200, http.Header{"Etag": {`W/"a"`}}, nil) }},
		{"an ETag of two", func() http.Handler { return answers(200, http.Header{"Etag": {`"a", "b"`}}, nil) }},
		{"an ETag that is a star", func() http.Handler { return answers(200, http.Header{"Etag": {"*"}}, nil) }},
		{"a long ETag", func() http.Handler {
			return answers(200, http.Header{"Etag": {strings.Repeat("a", 129)}}, nil)
		}},
		{"an object of a gigabyte", func() http.Handler { return answers(200, http.Header{"Etag": tag["Etag"], "X-Get": {""}}, endless()) }},
		{"a truncated object", func() http.Handler {
			return answers(200, http.Header{"Etag": tag["Etag"], "Content-Length": {"1000"}}, strings.NewReader("half"))
		}},
		{"another range", func() http.Handler {
			return answers(206, http.Header{"Etag": tag["Etag"], "Content-Range": {"bytes 5-9/10"}}, strings.NewReader("later"))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, ctx := open(t, test.handler(), "ledgers"), t.Context()
			errs := map[string]error{}
			if test.name != "another range" {
				_, _, errs["get"] = b.Get(ctx, "head", 100)
			}
			if test.name != "an object of a gigabyte" { // of which the beginning is what was asked for
				_, _, errs["peek"] = open(t, test.handler(), "ledgers").Peek(ctx, "head", 100)
			}
			if !strings.Contains(test.name, "object") && test.name != "another range" {
				_, errs["create"] = open(t, test.handler(), "ledgers").Create(ctx, "head", []byte("x"))
				_, errs["swap"] = open(t, test.handler(), "ledgers").Swap(ctx, "head", "a", []byte("x"))
			}
			for what, err := range errs {
				if err == nil || errors.Is(err, objects.ErrAbsent) || errors.Is(err, objects.ErrExists) || errors.Is(err, objects.ErrChanged) || errors.Is(err, s3.ErrNoBucket) {
					t.Errorf("%s: %v", what, err)
					continue
				}
				if s := err.Error(); strings.Contains(s, secret) || len(s) > 500 || strings.ContainsAny(s, "\n\x00") {
					t.Errorf("%s: it says %q", what, s)
				}
			}
		})
	}
}

func TestNothingIsTriedTwice(t *testing.T) {
	for _, status := range []int{409, 412, 429, 500, 503} {
		var asked atomic.Int32
		b := open(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			asked.Add(1)
			w.WriteHeader(status)
		}), "ledgers")
		if _, err := b.Create(t.Context(), "head", []byte("x")); err == nil || asked.Load() != 1 {
			t.Errorf("%d: asked %d times: %v", status, asked.Load(), err)
		}
	}
}

func TestNothingIsSentWhereAStoreSendsIt(t *testing.T) {
	for _, status := range []int{301, 302, 307, 308} {
		elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { t.Errorf("%d: %s was sent elsewhere", status, q.Method) }))
		b := open(t, answers(status, http.Header{"Location": {elsewhere.URL + "/ledgers/head"}}, nil), "ledgers")
		if _, _, err := b.Get(t.Context(), "head", 100); err == nil || !strings.Contains(err.Error(), "elsewhere") {
			t.Errorf("%d: %v", status, err)
		}
		if _, err := b.Swap(t.Context(), "head", "a", []byte("x")); err == nil {
			t.Errorf("%d: a swap was carried out", status)
		}
		elsewhere.Close()
	}
}

// What is sent is what Ceph takes: the ETag as it is, a length, no trailer.
func TestRequestsArePlain(t *testing.T) {
	var seen []*http.Request
	memory := objectstest.NewMemory()
	inner := objectstest.Handler("ledgers", memory)
	b := open(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		seen = append(seen, q)
		inner.ServeHTTP(w, q)
	}), "ledgers")
	ctx := t.Context()
	v, err := b.Create(ctx, "head", bytes.Repeat([]byte("x"), 3<<20))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Swap(ctx, "head", v, []byte("y")); err != nil {
		t.Fatal(err)
	}
	for i, q := range seen {
		if len(q.TransferEncoding) > 0 || q.Header.Get("X-Amz-Trailer") != "" || q.Header.Get("Expect") != "" || q.Header.Get("Content-Encoding") != "" {
			t.Errorf("request %d: %v, %v", i, q.TransferEncoding, q.Header)
		}
		for name, values := range q.Header {
			if strings.Contains(strings.Join(values, " "), secret) {
				t.Errorf("request %d has the secret in %s", i, name)
			}
		}
	}
	if got := seen[1].Header["If-Match"]; len(got) != 1 || got[0] != string(v) {
		t.Errorf("If-Match %q, the version is %s", got, v)
	}
	if seen[0].ContentLength != 3<<20 || seen[0].Header.Get("If-None-Match") != "*" {
		t.Errorf("%d bytes, If-None-Match %q", seen[0].ContentLength, seen[0].Header.Get("If-None-Match"))
	}
}

func TestARequestThatIsGivenUpIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	b := open(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		cancel()
		<-done
	}), "ledgers")
	defer close(done)
	if _, err := b.Swap(ctx, "head", "a", []byte("x")); !errors.Is(err, context.Canceled) || errors.Is(err, objects.ErrChanged) {
		t.Errorf("%v", err)
	} else if err.Error() != "PUT head: it was given up before there was an answer" {
		t.Errorf("it says %q", err)
	}
}

func TestATimeOutIsSaidInOurWords(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	done := make(chan struct{})
	b := open(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { <-done }), "ledgers")
	defer close(done)
	if _, _, err := b.Get(ctx, "head", 100); !errors.Is(err, context.DeadlineExceeded) || err.Error() != "GET head: no answer in time" {
		t.Errorf("it says %q", err)
	}
}

func TestWhatNamesNoBucketIsRefused(t *testing.T) {
	good := s3.Config{Endpoint: "https://store.example", Bucket: "ledgers/one/2026", Credentials: s3.Credentials{ID: "a", Secret: secret}}
	if _, err := s3.New(good); err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%v %+v %#v", good, good, good); strings.Contains(s, secret) {
		t.Errorf("credentials print as %s", s)
	}
	prefix := func(n int) string { return "ledgers/" + strings.Repeat("p", n) }
	if cfg := good; true {
		cfg.Bucket = prefix(200)
		if _, err := s3.New(cfg); err != nil {
			t.Error(err)
		}
	}
	for _, change := range []func(*s3.Config){
		func(c *s3.Config) { c.Endpoint = "store.example" },
		func(c *s3.Config) { c.Endpoint = "ftp://store.example" },
		func(c *s3.Config) { c.Endpoint = "https://store.example/" },
		func(c *s3.Config) { c.Endpoint = "https://user:" + secret + "@store.example" },
		func(c *s3.Config) { c.Bucket = "" },
		func(c *s3.Config) { c.Bucket = "ab" },
		func(c *s3.Config) { c.Bucket = strings.Repeat("a", 64) },
		func(c *s3.Config) { c.Bucket = "ledgers/" },
		func(c *s3.Config) { c.Bucket = "ledgers/a//b" },
		func(c *s3.Config) { c.Bucket = "ledgers/../others" },
		func(c *s3.Config) { c.Bucket = "ledgers/a b" },
		func(c *s3.Config) { c.Bucket = prefix(201) },
		func(c *s3.Config) { c.Credentials.ID = "" },
		func(c *s3.Config) { c.Credentials.Secret = "" },
	} {
		cfg := good
		change(&cfg)
		if _, err := s3.New(cfg); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

// What some stores take for any version is sent to none.
func TestAnEmptyVersionIsNotSent(t *testing.T) {
	b := open(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { t.Error("it was sent") }), "ledgers")
	for _, v := range []objects.Version{"", "*", "a, b"} {
		if _, err := b.Swap(t.Context(), "head", v, []byte("x")); err == nil {
			t.Errorf("%q was taken", v)
		}
	}
}

// DESIGN.md, section 1: nothing but this package sees the SDK, and nothing but the server
// brings it.
func TestOnlyTheServerBringsTheSDK(t *testing.T) {
	const module, sdk = "github.com/chirograph/chirograph/", "github.com/aws/"
	for _, pkg := range []string{"cmd/chirograph", "cmd/chirograph-verify", "ledger/objects", "ledger/client", "ledger/web"} {
		out, err := exec.Command("go", "list", "-deps", module+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(out), sdk) {
			t.Errorf("%s reaches the SDK", pkg)
		}
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, sdk) && !strings.HasPrefix(line, module+"ledger/objects/s3: ") {
			t.Errorf("another package sees the SDK: %s", line)
		}
	}
}

// A machine whose clock is hours off is refused once, and then signs by the store's.
func TestAClockThatIsWrongIsFoundOutByTheStore(t *testing.T) {
	const stamp = "20060102T150405Z"
	inner := objectstest.Handler("ledgers", objectstest.NewMemory())
	refused := 0
	b := open(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		now := time.Now().Add(2 * time.Hour).UTC()
		w.Header().Set("Date", now.Format(http.TimeFormat))
		at, err := time.Parse(stamp, q.Header.Get("X-Amz-Date"))
		if err != nil {
			t.Error(err)
		}
		if now.Sub(at).Abs() > 15*time.Minute {
			refused++
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<Error><Code>RequestTimeTooSkewed</Code><Message>too skewed</Message></Error>")
			return
		}
		inner.ServeHTTP(w, q)
	}), "ledgers")
	_, first := b.Create(t.Context(), "head", []byte("x"))
	_, second := b.Create(t.Context(), "head", []byte("x"))
	if first == nil || !strings.Contains(first.Error(), "the clock") || second != nil || refused != 1 {
		t.Errorf("first %v, then %v; %d refused", first, second, refused)
	}
}
