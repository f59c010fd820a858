package objectstest

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/chirograph/chirograph/ledger/objects"
)

// Handler answers as an object store does whose one bucket has that name and is b. Whoever
// asks may do everything.
func Handler(name string, b objects.Bucket) http.Handler {
	h := handler{b}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+name, h.list)
	mux.HandleFunc("GET /"+name+"/{key...}", h.get)
	mux.HandleFunc("PUT /"+name+"/{key...}", h.put)
	mux.HandleFunc("DELETE /"+name+"/{key...}", h.remove)
	mux.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) { problem(w, 404, "NoSuchBucket") })
	return mux
}

type handler struct{ bucket objects.Bucket }

func problem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s<Error><Code>%s</Code><Message>%s</Message><RequestId>1</RequestId></Error>", xml.Header, code, http.StatusText(status))
}

// failed answers with an error of the bucket.
func failed(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, objects.ErrAbsent):
		problem(w, 404, "NoSuchKey")
	case errors.Is(err, objects.ErrChanged), errors.Is(err, objects.ErrExists):
		problem(w, 412, "PreconditionFailed")
	default:
		problem(w, 500, "InternalError")
	}
}

func quoted(v objects.Version) string { return `"` + string(v) + `"` }

func (h handler) get(w http.ResponseWriter, q *http.Request) {
	b, v, err := h.bucket.Get(q.Context(), q.PathValue("key"), math.MaxInt32)
	if err != nil {
		failed(w, err)
		return
	}
	w.Header().Set("ETag", quoted(v))
	status := http.StatusOK
	if last, ok := strings.CutPrefix(q.Header.Get("Range"), "bytes=0-"); ok {
		n, err := strconv.Atoi(last)
		if err != nil || len(b) == 0 {
			problem(w, 416, "InvalidRange")
			return
		}
		all := len(b)
		b, status = b[:min(n+1, all)], http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(b)-1, all))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	w.Write(b)
}

func (h handler) put(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		problem(w, 400, "IncompleteBody")
		return
	}
	var v objects.Version
	if match := q.Header.Get("If-Match"); match != "" {
		v, err = h.bucket.Swap(q.Context(), q.PathValue("key"), objects.Version(strings.Trim(match, `"`)), body)
	} else if q.Header.Get("If-None-Match") == "*" {
		v, err = h.bucket.Create(q.Context(), q.PathValue("key"), body)
	} else {
		problem(w, 501, "NotImplemented")
		return
	}
	if err != nil {
		failed(w, err)
		return
	}
	w.Header().Set("ETag", quoted(v))
}

func (h handler) remove(w http.ResponseWriter, q *http.Request) {
	if err := h.bucket.Delete(q.Context(), q.PathValue("key")); err != nil {
		failed(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (h handler) list(w http.ResponseWriter, q *http.Request) {
	form := q.URL.Query()
	w.Header().Set("Content-Type", "application/xml")
	if form.Has("versioning") {
		io.WriteString(w, xml.Header+"<VersioningConfiguration></VersioningConfiguration>")
		return
	}
	most, err := strconv.Atoi(form.Get("max-keys"))
	if err != nil || most < 0 {
		problem(w, 400, "InvalidArgument")
		return
	}
	names, err := h.bucket.List(q.Context(), form.Get("prefix"), form.Get("start-after"), most+1)
	if err != nil {
		failed(w, err)
		return
	}
	io.WriteString(w, xml.Header+"<ListBucketResult>")
	fmt.Fprintf(w, "<IsTruncated>%t</IsTruncated>", len(names) > most)
	for _, name := range names[:min(most, len(names))] {
		io.WriteString(w, "<Contents><Key>")
		xml.EscapeText(w, []byte(name))
		io.WriteString(w, "</Key></Contents>")
	}
	io.WriteString(w, "</ListBucketResult>")
}
