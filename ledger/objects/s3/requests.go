package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/chirograph/chirograph/ledger/objects"
)

// How objects are given to readers who ask the bucket, or what is before it. Tiles never
// change; "checkpoint" does, and a reader may keep it for as long as one of the ledger's own. All
// else is for nodes: a cache on their way that kept the head would have a leader taken for fenced.
const (
	plainText = "text/plain; charset=utf-8"
	octets    = "application/octet-stream"
	immutable = "public, max-age=31536000, immutable"
	latest    = "public, max-age=2"
	never     = "no-store"
)

var _ objects.Bucket = (*Bucket)(nil)

// Get implements objects.Bucket.
func (b *Bucket) Get(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	a, err := b.get(ctx, name, nil)
	if err != nil {
		return nil, "", err
	}
	defer a.Body.Close()
	body, more, err := bounded(a.Body, most)
	switch {
	case err != nil:
		return nil, "", b.told("GET "+name, nil, err)
	case more:
		return nil, "", fmt.Errorf("%s has more than %d bytes", name, most)
	case a.ContentLength != nil && *a.ContentLength != int64(len(body)):
		return nil, "", fmt.Errorf("GET %s: %d bytes came, it has %d", name, len(body), *a.ContentLength)
	}
	v, err := version("GET "+name, a.ETag)
	return body, v, err
}

// Peek implements objects.Bucket. A store may send the whole object all the same.
func (b *Bucket) Peek(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	if most < 1 {
		return nil, "", fmt.Errorf("%s: the first %d bytes of an object are none", name, most)
	}
	a, err := b.get(ctx, name, aws.String(fmt.Sprintf("bytes=0-%d", most-1)))
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusRequestedRangeNotSatisfiable {
		return b.Get(ctx, name, 0) // there is no first byte
	}
	if err != nil {
		return nil, "", err
	}
	defer a.Body.Close()
	if r := aws.ToString(a.ContentRange); r != "" && !strings.HasPrefix(r, "bytes 0-") {
		return nil, "", fmt.Errorf("GET %s: the range %.80q came, and not its first bytes", name, r)
	}
	body, more, err := bounded(a.Body, most)
	switch {
	case err != nil:
		return nil, "", b.told("GET "+name, nil, err)
	case !more && a.ContentLength != nil && *a.ContentLength != int64(len(body)):
		return nil, "", fmt.Errorf("GET %s: %d bytes came, it has %d", name, len(body), *a.ContentLength)
	}
	v, err := version("GET "+name, a.ETag)
	return body, v, err
}

func (b *Bucket) get(ctx context.Context, name string, span *string) (*s3.GetObjectOutput, error) {
	key, err := b.key(name)
	if err != nil {
		return nil, err
	}
	a, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: key, Range: span})
	if err != nil {
		return nil, b.told("GET "+name, nil, err)
	}
	return a, nil
}

// Create implements objects.Bucket.
func (b *Bucket) Create(ctx context.Context, name string, body []byte) (objects.Version, error) {
	return b.put(ctx, name, body, objects.ErrExists, func(q *s3.PutObjectInput) { q.IfNoneMatch = aws.String("*") })
}

// Swap implements objects.Bucket. Of an object that is not there some stores say that it is
// of another version.
func (b *Bucket) Swap(ctx context.Context, name string, v objects.Version, body []byte) (objects.Version, error) {
	if v == "" || strings.ContainsAny(string(v), "*, ") {
		return "", fmt.Errorf("%q is no version of %s", v, name) // some stores take it for any
	}
	return b.put(ctx, name, body, objects.ErrChanged, func(q *s3.PutObjectInput) { q.IfMatch = aws.String(string(v)) })
}

func (b *Bucket) put(ctx context.Context, name string, body []byte, refused error, condition func(*s3.PutObjectInput)) (objects.Version, error) {
	key, err := b.key(name)
	if err != nil {
		return "", err
	}
	q := &s3.PutObjectInput{
		Bucket:        &b.name,
		Key:           key,
		Body:          bytes.NewReader(body),
		ContentLength: aws.Int64(int64(len(body))),
		ContentType:   aws.String(octets),
		CacheControl:  aws.String(immutable),
	}
	switch {
	case name == objects.CheckpointName:
		q.ContentType, q.CacheControl = aws.String(plainText), aws.String(latest)
	case !strings.HasPrefix(name, "tile/"):
		q.ContentType, q.CacheControl = aws.String(plainText), aws.String(never)
	}
	condition(q)
	a, err := b.client.PutObject(ctx, q)
	if err != nil {
		return "", b.told("PUT "+name, refused, err)
	}
	return version("PUT "+name, a.ETag)
}

// List implements objects.Bucket.
func (b *Bucket) List(ctx context.Context, prefix, after string, most int) ([]string, error) {
	const atOnce = 1000 // keys: S3 gives no more
	var names []string
	for len(names) < most {
		q := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(b.prefix + prefix), MaxKeys: aws.Int32(int32(min(most-len(names), atOnce)))}
		if after != "" {
			q.StartAfter = aws.String(b.prefix + after)
		}
		a, err := b.client.ListObjectsV2(ctx, q)
		if err != nil {
			return nil, b.told("LIST "+prefix, nil, err)
		}
		if len(a.Contents) > int(*q.MaxKeys) {
			return nil, fmt.Errorf("LIST %s: %d names came, %d were asked for", prefix, len(a.Contents), *q.MaxKeys)
		}
		for _, o := range a.Contents {
			name, ours := strings.CutPrefix(aws.ToString(o.Key), b.prefix)
			if !ours || !strings.HasPrefix(name, prefix) || name <= after {
				return nil, fmt.Errorf("LIST %s: %.300q came after %.300q: the names are not in the order of their bytes, or others", prefix, name, after)
			}
			names, after = append(names, name), name
		}
		if !aws.ToBool(a.IsTruncated) {
			break
		}
		if len(a.Contents) == 0 {
			return nil, fmt.Errorf("LIST %s: there are to be more names after %.300q, and none came", prefix, after)
		}
	}
	return names, nil
}

// Delete implements objects.Bucket.
func (b *Bucket) Delete(ctx context.Context, name string) error {
	key, err := b.key(name)
	if err != nil {
		return err
	}
	_, err = b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: key})
	if err == nil {
		return nil
	}
	if err = b.told("DELETE "+name, nil, err); errors.Is(err, objects.ErrAbsent) {
		return nil
	}
	return err
}

// Versioned says whether the bucket keeps what was replaced.
func (b *Bucket) Versioned(ctx context.Context) (bool, error) {
	a, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name})
	if err != nil {
		return false, b.told("GET versioning of "+b.name, nil, err)
	}
	return a.Status == types.BucketVersioningStatusEnabled, nil
}

// Close closes the connections that are not in use.
func (b *Bucket) Close() { b.patient.transport.CloseIdleConnections() }

// version reads the ETag of an answer. A weak one is of no bytes, and what is no word would
// be another condition when it is sent.
func version(what string, tag *string) (objects.Version, error) {
	const most = 128 // bytes: a hash in hex has up to that
	s := aws.ToString(tag)
	if in, ok := strings.CutPrefix(s, `"`); ok {
		s = strings.TrimSuffix(in, `"`)
	}
	word := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_=+/.:", r)
	}
	if s == "" || len(s) > most || strings.HasPrefix(s, "W/") || strings.ContainsFunc(s, func(r rune) bool { return !word(r) }) {
		return "", &unknown{what: what, said: clean(fmt.Sprintf("the ETag %.150q is none that names what is there", aws.ToString(tag))), err: io.ErrUnexpectedEOF}
	}
	return objects.Version(s), nil
}
