package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/objects/s3"
)

// The token of a session ends, and a node goes on with the next one.
func TestTheKeyOfABucketIsReadAgain(t *testing.T) {
	file := keyFileOf(t, "one\n"+bucketSecret+"\nfirst\n")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		cfg, err := (&bucketFlags{bucket: "ledgers", key: file}).config("")
		if err != nil || cfg.Renew == nil {
			t.Fatal(err)
		}
		is := func(token string) {
			t.Helper()
			if c := cfg.Renew(); c.Token != token {
				t.Errorf("the token is %q, not %q", c.Token, token)
			}
		}
		write("one\n" + bucketSecret + "\nsecond\n")
		<-time.After(renewTime - 1)
		is("first")
		<-time.After(1)
		is("second")
		for _, none := range []string{"", "one\n", "\n\n"} { // half written
			write(none)
			<-time.After(renewTime)
			is("second")
		}
		write("two\n" + bucketSecret + "\n")
		<-time.After(renewTime)
		is("")
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
		<-time.After(renewTime)
		if c := cfg.Renew(); c.ID != "two" {
			t.Errorf("without the file: %q", c.ID)
		}
	})
}

// Each request is of the key that is so then.
func TestARequestIsSignedByTheKeyThatIsRenewed(t *testing.T) {
	var signed atomic.Value
	inner := objectstest.Handler("ledgers", objectstest.NewMemory())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		signed.Store(q.Header.Get("Authorization") + " " + q.Header.Get("X-Amz-Security-Token"))
		inner.ServeHTTP(w, q)
	}))
	defer server.Close()
	who := s3.Credentials{ID: "one", Secret: bucketSecret, Token: "first"}
	b, err := s3.New(s3.Config{Endpoint: server.URL, Bucket: "ledgers", Credentials: who, Renew: func() s3.Credentials { return who }})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for i, next := range []s3.Credentials{who, {ID: "two", Secret: bucketSecret, Token: "second"}} {
		who = next
		if _, err := b.Create(t.Context(), string(rune('a'+i)), nil); err != nil {
			t.Fatal(err)
		}
		if said := signed.Load().(string); !strings.Contains(said, "Credential="+who.ID+"/") || !strings.HasSuffix(said, " "+who.Token) {
			t.Errorf("signed %q by %s", said, who.ID)
		}
	}
}
