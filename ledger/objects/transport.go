package objects

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// maxBundle is the size in bytes of a bundle of the largest entries.
const maxBundle = tlog.MaxWidth * (2 + 1<<16)

// A Transport answers the requests of a client of the log from its bucket, as a server of
// static files would: GET of the checkpoint, of tiles and of bundles, and nothing else. What
// the bucket does not have is 404; that it could not be asked is 502.
type Transport struct{ Bucket Bucket }

// RoundTrip implements http.RoundTripper. The error is that of the request's context.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	status, body := http.StatusNotFound, []byte(nil)
	name := strings.TrimPrefix(r.URL.Path, "/")
	if most := mostOf(name); r.Method != http.MethodGet {
		status = http.StatusMethodNotAllowed
	} else if most > 0 {
		b, _, err := t.Bucket.Get(r.Context(), name, most)
		switch {
		case err == nil:
			status, body = http.StatusOK, b
		case r.Context().Err() != nil:
			return nil, r.Context().Err()
		case !errors.Is(err, ErrAbsent):
			status = http.StatusBadGateway
		}
	}
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header),
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// mostOf returns how many bytes a public object of a name may have; 0 where there is none
// of that name.
func mostOf(name string) int {
	if name == CheckpointName {
		return note.MaxSize
	}
	if t, err := tlog.ParseTilePath(name); err != nil {
		return 0
	} else if t.Level >= 0 {
		return tlog.MaxWidth * tlog.HashSize
	}
	return maxBundle
}
