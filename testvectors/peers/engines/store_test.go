//go:build linux

package engines

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// outcome returns how a store answered: 200, 412 PreconditionFailed, or none if it did not.
func outcome(err error) string {
	if err == nil {
		return "200"
	}
	var resp *awshttp.ResponseError
	if !errors.As(err, &resp) || resp.HTTPStatusCode() == 0 {
		return "none"
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return fmt.Sprintf("%d %s", resp.HTTPStatusCode(), api.ErrorCode())
	}
	return fmt.Sprint(resp.HTTPStatusCode())
}

// A store is one gateway of an engine, as its tests ask it.
type store struct {
	*s3.Client
	bucket string
}

func stores(e *Engine) []store {
	var all []store
	for _, c := range e.Clients() {
		all = append(all, store{c, e.Bucket})
	}
	return all
}

// create puts an object that must not be there.
func (s store) create(ctx context.Context, key string, body []byte) error {
	_, err := s.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(body), IfNoneMatch: aws.String("*")})
	return err
}

// put puts an object whatever is there.
func (s store) put(ctx context.Context, key string, body []byte) error {
	_, err := s.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(body)})
	return err
}

// swap puts an object in the place of the one whose ETag matches.
func (s store) swap(ctx context.Context, key, match string, body []byte) error {
	_, err := s.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(body), IfMatch: &match})
	return err
}

// get returns an object and its ETag without quotes.
func (s store) get(ctx context.Context, key string) (body []byte, etag string, err error) {
	out, err := s.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return nil, "", err
	}
	defer out.Body.Close()
	body, err = io.ReadAll(out.Body)
	return body, strings.Trim(aws.ToString(out.ETag), `"`), err
}

// keys returns the keys under a prefix.
func (s store) keys(ctx context.Context, prefix string) ([]string, error) {
	var all []string
	pages := s3.NewListObjectsV2Paginator(s.Client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			all = append(all, *o.Key)
		}
	}
	return all, nil
}

func sum(b []byte) string {
	h := md5.Sum(b)
	return hex.EncodeToString(h[:])
}

// delete removes an object, under a condition unless it is nil.
func (s store) delete(ctx context.Context, key string, match *string) error {
	_, err := s.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key, IfMatch: match})
	return err
}
