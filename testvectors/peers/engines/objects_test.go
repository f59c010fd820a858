//go:build linux

package engines

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// large is the size of the largest body that is put here: larger than the 4 MiB that Ceph
// keeps in one piece, and than the 2 MiB from which the client waits for 100 Continue.
const large = 8 << 20

// holdsBytes puts objects of many sizes under many keys over one gateway and reads them
// over another.
func holdsBytes(t *testing.T, e *Engine) {
	ctx, all := t.Context(), stores(e)
	for _, size := range []int{0, 1, 4096, 4<<20 - 1, 4<<20 + 1, large} {
		key := fmt.Sprintf("bytes/%d", size)
		body := bytes.Repeat([]byte("chirograph"), size/10+1)[:size]
		for i, s := range all {
			out, err := s.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: aws.String(fmt.Sprint(key, "/", i)), Body: bytes.NewReader(body), IfNoneMatch: aws.String("*")})
			must(t, err)
			if out.VersionId != nil {
				t.Errorf("%d bytes: version %q, where nothing is versioned", size, *out.VersionId)
			}
			if got := aws.ToString(out.ETag); got != `"`+sum(body)+`"` {
				t.Errorf("%d bytes: ETag %s, not the MD5 of the bytes in quotes", size, got)
			}
			got, etag, err := all[(i+1)%len(all)].get(ctx, fmt.Sprint(key, "/", i))
			must(t, err)
			if !bytes.Equal(got, body) || etag != sum(body) {
				t.Errorf("%d bytes put over gateway %d: %d bytes with ETag %s over the next", size, i, len(got), etag)
			}
		}
	}
	ranges := map[string]string{"bytes=0-9": "206", "bytes=8388600-": "206", "bytes=-3": "206", "bytes=8388608-": "416 InvalidRange", "bytes=5-8388700": "206"}
	for r, want := range ranges {
		out, err := all[0].GetObject(ctx, &s3.GetObjectInput{Bucket: &e.Bucket, Key: aws.String(fmt.Sprintf("bytes/%d/0", large)), Range: &r})
		got := outcome(err)
		if err == nil {
			body, err := io.ReadAll(out.Body)
			must(t, err)
			out.Body.Close()
			got = "206"
			if out.ContentRange == nil || int64(len(body)) != *out.ContentLength || strings.Trim(*out.ETag, `"`) != sum(bytes.Repeat([]byte("chirograph"), large/10+1)[:large]) {
				t.Errorf("%s: %d bytes, range %s, ETag %s", r, len(body), aws.ToString(out.ContentRange), aws.ToString(out.ETag))
			}
		}
		if got != want {
			t.Errorf("%s: %s, not %s", r, got, want)
		}
	}
}

// listsAtOnce says over one gateway what was put or deleted over another, in the order of
// the bytes of keys.
func listsAtOnce(t *testing.T, e *Engine) {
	ctx, all := t.Context(), stores(e)
	var want []string
	for i := range 40 {
		for _, name := range []string{"tile/0/x%03d/000", "tile/0/%03d", "tile/0/%03d.p/5", "tile/entries/%03d", "tile/entries/%03d.p/255", "a%03d-b", "a%03d.b", "a%03d/b", "%%%03d é+ ~"} {
			key := "list/" + fmt.Sprintf(name, i)
			must(t, all[i%len(all)].create(ctx, key, one))
			want = append(want, key)
			got, err := all[(i+1)%len(all)].keys(ctx, key)
			must(t, err)
			if !slices.Contains(got, key) {
				t.Errorf("%s is put and not listed", key)
			}
		}
	}
	slices.Sort(want)
	for i, s := range all {
		got, err := s.keys(ctx, "list/")
		must(t, err)
		if !slices.Equal(got, want) {
			t.Errorf("gateway %d lists %d keys, not the %d in their order: first %q", i, len(got), len(want), firstOther(got, want))
		}
	}
	must(t, all[0].delete(ctx, want[0], nil))
	got, err := all[1].keys(ctx, "list/")
	must(t, err)
	if !slices.Equal(got, want[1:]) {
		t.Errorf("%d keys are listed when one of %d is deleted", len(got), len(want))
	}
}

func firstOther(got, want []string) string {
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			return strings.Join(got[i:min(i+2, len(got))], ", ") + " for " + want[i]
		}
	}
	return ""
}

// signed returns the head of a PUT of the body that was signed then.
func signed(t *testing.T, e *Engine, endpoint, key string, body []byte, at time.Time) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, endpoint+"/"+e.Bucket+"/"+key, bytes.NewReader(body))
	must(t, err)
	hash := sha256.Sum256(body)
	req.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(hash[:]))
	creds := aws.Credentials{AccessKeyID: e.Access, SecretAccessKey: e.Secret}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	must(t, signer.SignHTTP(t.Context(), creds, req, hex.EncodeToString(hash[:]), "s3", e.Region, at))
	return req
}

// refusesOldRequests takes a request signed up to a quarter of an hour from now, and so one
// that is delivered again within that time, and none signed further from now.
func refusesOldRequests(t *testing.T, e *Engine) {
	for minutes, want := range map[int]int{-60: 403, -16: 403, -14: 200, 0: 200, 14: 200, 16: 403, 60: 403} {
		req := signed(t, e, e.Endpoints[0], fmt.Sprintf("old/%d", minutes), one, time.Now().Add(time.Duration(minutes)*time.Minute))
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		said, err := io.ReadAll(resp.Body)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != want || want == 403 && !bytes.Contains(said, []byte("RequestTimeTooSkewed")) {
			t.Errorf("signed %d minutes from now: %s, not %d: %s", minutes, resp.Status, want, said)
		}
	}
}

// appliesWholeBodies does not apply a PUT whose connection ends before its body, over a
// body that is broken off at each of some places, and goes on with the next request.
func appliesWholeBodies(t *testing.T, e *Engine) {
	ctx, all := t.Context(), stores(e)
	for i, size := range []int{100, 100_000, large} {
		for _, sent := range []int{0, 1, size / 2, size - 1} {
			key := fmt.Sprintf("broken/%d/%d", size, sent)
			body := bytes.Repeat([]byte{byte('a' + i)}, size)
			req := signed(t, e, e.Endpoints[0], key, body, time.Now())
			var whole bytes.Buffer
			must(t, req.Write(&whole))
			conn, err := net.Dial("tcp", req.URL.Host)
			must(t, err)
			_, err = conn.Write(whole.Bytes()[:whole.Len()-size+sent])
			must(t, err)
			// The end of what is sent, and not of what may come: the store says when it has seen it.
			must(t, conn.(*net.TCPConn).CloseWrite())
			must(t, conn.SetReadDeadline(time.Now().Add(patience)))
			io.Copy(io.Discard, conn)
			conn.Close()
			if _, _, err := all[1].get(ctx, key); outcome(err) != "404 NoSuchKey" {
				t.Errorf("%d of %d bytes were sent: %s", sent, size, outcome(err))
			}
		}
	}
	// The client gives up in the middle of a body, and goes on.
	s := all[0]
	for i := range 10 {
		short, cancel := context.WithCancel(ctx)
		_, err := s.PutObject(short, &s3.PutObjectInput{Bucket: &s.bucket, Key: aws.String("given up"), Body: &severing{body: bytes.NewReader(make([]byte, 1<<20)), cut: cancel}})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a request that was cancelled: %v", err)
		}
		cancel()
		must(t, s.put(ctx, fmt.Sprint("next/", i), one))
	}
	if _, _, err := s.get(ctx, "given up"); outcome(err) != "404 NoSuchKey" {
		t.Errorf("a PUT that was given up: %s", outcome(err))
	}
}

// A severing body cuts something in the middle of being sent: it is read once before, for
// the signature.
type severing struct {
	body *bytes.Reader
	read int64
	cut  func()
}

func (s *severing) Seek(offset int64, whence int) (int64, error) { return s.body.Seek(offset, whence) }

func (s *severing) Read(b []byte) (int, error) {
	n, err := s.body.Read(b[:min(len(b), 4096)])
	if s.read += int64(n); s.read > s.body.Size()+s.body.Size()/2 {
		s.cut()
		return 0, context.Canceled // else the rest may be sent before the transport sees it
	}
	return n, err
}

// refusesLargeBodies changes nothing where the body is too large to have arrived when the
// condition is looked at. It says 412, or nothing: a store that does not wait for the rest
// resets the connection, often before its answer is read.
func refusesLargeBodies(t *testing.T, e *Engine) {
	ctx, s := t.Context(), stores(e)[0]
	body := make([]byte, large)
	must(t, s.create(ctx, "large", body))
	unread := 0
	for i := range 15 {
		other := bytes.Repeat([]byte{1}, []int{1<<20 + 1, 2<<20 - 1, large}[i%3])
		switch got := outcome(s.create(ctx, "large", other)); got {
		case refused:
		case "none":
			unread++
		default:
			t.Errorf("%d bytes: %s", len(other), got)
		}
	}
	if _, etag, err := s.get(ctx, "large"); err != nil || etag != sum(body) {
		t.Errorf("what was there is not: ETag %s, %v", etag, err)
	}
	t.Logf("%d of 15 refusals could not be read", unread)
}
