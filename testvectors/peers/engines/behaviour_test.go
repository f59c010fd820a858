//go:build linux

package engines

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// An answer is what a store says, and what it holds then.
type answer struct{ says, holds string }

const (
	done    = "200"
	refused = "412 PreconditionFailed"
	nothing = "nothing"
)

var one, two = []byte("one"), []byte("two")

// A question is asked of one gateway of a store that holds "one" under a key of the
// question's own.
type question struct {
	name          string
	ask           func(ctx context.Context, s, other store, key string) error
	versity, ceph answer
}

// questions is the table of what the engines do. Where they differ, a ledger has to do
// without: an ETag goes unquoted, whole and never empty, and never as a list or a star; nothing
// is deleted under a condition; no key is a folder of another; and that an object is
// absent may be told as 412 or 404.
var questions = []question{
	{"If-None-Match: * where something is", func(ctx context.Context, s, _ store, key string) error {
		return s.create(ctx, key, two)
	}, answer{refused, "one"}, answer{refused, "one"}},
	{"If-None-Match: * where the same bytes are", func(ctx context.Context, s, _ store, key string) error {
		return s.create(ctx, key, one)
	}, answer{refused, "one"}, answer{refused, "one"}},
	{"If-None-Match: * where nothing is", func(ctx context.Context, s, other store, key string) error {
		if err := other.delete(ctx, key, nil); err != nil {
			return err
		}
		return s.create(ctx, key, two)
	}, answer{done, "two"}, answer{done, "two"}},
	{"If-Match, unquoted, right", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, sum(one), two)
	}, answer{done, "two"}, answer{done, "two"}},
	{"If-Match, quoted, right", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, `"`+sum(one)+`"`, two)
	}, answer{done, "two"}, answer{refused, "one"}},
	{"If-Match, unquoted, wrong", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, sum(two), two)
	}, answer{refused, "one"}, answer{refused, "one"}},
	{"If-Match, quoted, wrong", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, `"`+sum(two)+`"`, two)
	}, answer{refused, "one"}, answer{refused, "one"}},
	{"If-Match, right and more behind it", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, sum(one)+"0", two)
	}, answer{refused, "one"}, answer{done, "two"}},
	{"If-Match, half of it", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, sum(one)[:16], two)
	}, answer{refused, "one"}, answer{refused, "one"}},
	{"If-Match, in capitals", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, strings.ToUpper(sum(one)), two)
	}, answer{refused, "one"}, answer{refused, "one"}},
	{"If-Match: W/, weak", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, `W/"`+sum(one)+`"`, two)
	}, answer{refused, "one"}, answer{refused, "one"}},
	{"If-Match: two of which one is right", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, sum(one)+", "+sum(two), two)
	}, answer{refused, "one"}, answer{done, "two"}},
	{"If-Match: *", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, "*", two)
	}, answer{refused, "one"}, answer{done, "two"}},
	{"If-Match: empty", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, "", two)
	}, answer{done, "two"}, answer{refused, "one"}},
	{"If-Match where nothing is", func(ctx context.Context, s, other store, key string) error {
		if err := other.delete(ctx, key, nil); err != nil {
			return err
		}
		return s.swap(ctx, key, sum(one), two)
	}, answer{"404 NoSuchKey", nothing}, answer{refused, nothing}},
	{"If-Match: * where nothing is", func(ctx context.Context, s, other store, key string) error {
		if err := other.delete(ctx, key, nil); err != nil {
			return err
		}
		return s.swap(ctx, key, "*", two)
	}, answer{"404 NoSuchKey", nothing}, answer{refused, nothing}},
	{"If-Match where nothing ever was", func(ctx context.Context, s, other store, key string) error {
		return s.swap(ctx, key+" never", sum(one), two)
	}, answer{"404 NoSuchKey", "one"}, answer{refused, "one"}},
	{"both conditions", func(ctx context.Context, s, _ store, key string) error {
		_, err := s.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(two), IfMatch: aws.String(sum(one)), IfNoneMatch: aws.String("*")})
		return err
	}, answer{"501 NotImplemented", "one"}, answer{refused, "one"}},
	{"If-None-Match with an ETag", func(ctx context.Context, s, _ store, key string) error {
		_, err := s.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(two), IfNoneMatch: aws.String(sum(one))})
		return err
	}, answer{"501 NotImplemented", "one"}, answer{refused, "one"}},
	{"If-Match after the same bytes were written again", func(ctx context.Context, s, other store, key string) error {
		for _, b := range [][]byte{two, one} {
			if err := other.put(ctx, key, b); err != nil {
				return err
			}
		}
		return s.swap(ctx, key, sum(one), two)
	}, answer{done, "two"}, answer{done, "two"}},
	{"If-Match of the store's own, to the same bytes", func(ctx context.Context, s, _ store, key string) error {
		return s.swap(ctx, key, sum(one), one)
	}, answer{done, "one"}, answer{done, "one"}},
	{"GET with If-None-Match of what is there", func(ctx context.Context, s, _ store, key string) error {
		_, err := s.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, IfNoneMatch: aws.String(sum(one))})
		return err
	}, answer{"304 NotModified", "one"}, answer{"304 NotModified", "one"}},
	{"GET with quoted If-None-Match of what is there", func(ctx context.Context, s, _ store, key string) error {
		_, err := s.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, IfNoneMatch: aws.String(`"` + sum(one) + `"`)})
		return err
	}, answer{"304 NotModified", "one"}, answer{"304 NotModified", "one"}},
	{"GET with If-Match of something else", func(ctx context.Context, s, _ store, key string) error {
		_, err := s.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, IfMatch: aws.String(sum(two))})
		return err
	}, answer{refused, "one"}, answer{refused, "one"}},
	{"GET of nothing", func(ctx context.Context, s, _ store, key string) error {
		_, _, err := s.get(ctx, key+" never")
		return err
	}, answer{"404 NoSuchKey", "one"}, answer{"404 NoSuchKey", "one"}},
	{"HEAD of nothing", func(ctx context.Context, s, _ store, key string) error {
		_, err := s.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: aws.String(key + " never")})
		return err
	}, answer{"404 NotFound", "one"}, answer{"404 NotFound", "one"}},
	{"DELETE with If-Match of something else", func(ctx context.Context, s, _ store, key string) error {
		return s.delete(ctx, key, aws.String(sum(two)))
	}, answer{refused, "one"}, answer{done, nothing}},
	{"DELETE with If-Match of it", func(ctx context.Context, s, _ store, key string) error {
		return s.delete(ctx, key, aws.String(sum(one)))
	}, answer{done, nothing}, answer{done, nothing}},
	{"DELETE of nothing", func(ctx context.Context, s, _ store, key string) error {
		return s.delete(ctx, key+" never", nil)
	}, answer{done, "one"}, answer{done, "one"}},
	{"a wrong Content-MD5", func(ctx context.Context, s, _ store, key string) error {
		_, err := s.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(two), ContentMD5: aws.String("AAAAAAAAAAAAAAAAAAAAAA==")})
		return err
	}, answer{"400 BadDigest", "one"}, answer{"400 BadDigest", "one"}},
	{"a checksum of the SDK's", func(ctx context.Context, s, _ store, key string) error {
		_, err := s.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(two), ChecksumAlgorithm: "CRC32"})
		return err
	}, answer{done, "two"}, answer{done, "two"}},
	{"a PUT without a condition", func(ctx context.Context, s, _ store, key string) error {
		return s.put(ctx, key, two)
	}, answer{done, "two"}, answer{done, "two"}},
	{"a key below the key", func(ctx context.Context, s, _ store, key string) error {
		return s.put(ctx, key+"/below", two)
	}, answer{"409 ObjectParentIsFile", "one"}, answer{done, "one"}},
	{"a key above a key", func(ctx context.Context, s, _ store, key string) error {
		if err := s.put(ctx, "dir of "+key+"/below", two); err != nil {
			return err
		}
		return s.put(ctx, "dir of "+key, two)
	}, answer{"409 ExistingObjectIsDirectory", "one"}, answer{done, "one"}},
	{"a bucket that is not there", func(ctx context.Context, s, _ store, key string) error {
		s.bucket = "nowhere"
		return s.create(ctx, key, two)
	}, answer{"404 NoSuchBucket", "one"}, answer{"404 NoSuchBucket", "one"}},
}

// asked asks an engine all questions, each over one gateway, and looks over another what
// is there.
func asked(t *testing.T, e *Engine, want func(question) answer) {
	ctx, all := t.Context(), stores(e)
	s, other := all[0], all[1]
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			key := "questions/" + strings.NewReplacer("*", "", "/", "").Replace(q.name)
			must(t, other.put(ctx, key, one))
			got := answer{says: outcome(q.ask(ctx, s, other, key)), holds: nothing}
			body, etag, err := other.get(ctx, key)
			switch {
			case err == nil:
				got.holds = string(body)
				if etag != sum(body) {
					t.Errorf("ETag %s, the bytes have %s", etag, sum(body))
				}
			case outcome(err) != "404 NoSuchKey":
				t.Fatal(err)
			}
			if got != want(q) {
				t.Errorf("says %q and holds %q, not %q and %q", got.says, got.holds, want(q).says, want(q).holds)
			}
		})
	}
}
