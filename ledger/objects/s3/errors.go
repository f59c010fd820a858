package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/chirograph/chirograph/ledger/objects"
)

// ErrNoBucket says that the store has no bucket of that name.
var ErrNoBucket = errors.New("there is no such bucket")

// Codes of S3 that are acted on.
const (
	noSuchKey    = "NoSuchKey"
	noSuchBucket = "NoSuchBucket"
	noSuchUser   = "XAdminUserNotFound" // of versitygw, for an id that it does not know
)

// An unknown is an answer that does not say what was done, or none.
type unknown struct {
	what string // "PUT head"
	said string // what was answered, in one clean line; "" for nothing
	err  error  // which is not printed where something was said
}

func (e *unknown) Error() string {
	if e.said != "" {
		return e.what + ": " + e.said
	}
	return fmt.Sprintf("%s: %v", e.what, e.err)
}

func (e *unknown) Unwrap() error { return e.err }

// told returns what an error of the SDK says: one of those of package objects, of which
// refused is that of a condition; ErrNoBucket; or that nobody knows.
func (b *Bucket) told(what string, refused, err error) error {
	var (
		api    smithy.APIError
		answer *smithyhttp.ResponseError
		status int
	)
	if errors.As(err, &answer) && answer.Response != nil && answer.Response.Response != nil {
		status = answer.HTTPStatusCode()
	}
	code, message := "", ""
	if errors.As(err, &api) {
		code, message = api.ErrorCode(), api.ErrorMessage()
	}
	switch {
	case status == http.StatusPreconditionFailed && refused != nil:
		return refused
	case status == http.StatusNotFound && code == noSuchKey:
		return objects.ErrAbsent
	case status == http.StatusNotFound && code == noSuchBucket:
		return fmt.Errorf("%s: %w: %s at %s; who has the store makes it", what, ErrNoBucket, b.name, cmp.Or(b.endpoint, "AWS"))
	case errors.Is(err, context.DeadlineExceeded):
		return &unknown{what: what, said: "no answer in time", err: err}
	case errors.Is(err, context.Canceled):
		return &unknown{what: what, said: "it was given up before there was an answer", err: err}
	case status/100 == 2:
		return &unknown{what: what, said: clean(fmt.Sprintf("%d, and what came with it was not to be read: %v", status, deepest(err))), err: err}
	case status == http.StatusForbidden && code != "RequestTimeTooSkewed", status == http.StatusUnauthorized:
		return &unknown{what: what, said: answered(status, code, message), err: errors.Join(objects.ErrDenied, err)}
	case status != 0:
		return &unknown{what: what, said: answered(status, code, message), err: err}
	}
	return &unknown{what: what, said: clean(deepest(err).Error()), err: err}
}

// answered returns an answer in one line.
func answered(status int, code, message string) string {
	return clean(fmt.Sprintf("%d %s: %s%s", status, code, strings.TrimRight(message, ". "), hint(status, code)))
}

// hint says what to do about what people get wrong.
func hint(status int, code string) string {
	switch {
	case code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch" || code == noSuchUser:
		return ": the id or the secret of the key is not the store's, or the region is another"
	case code == "AccessDenied":
		return ": the key may not do that in this bucket"
	case code == "RequestTimeTooSkewed":
		return ": the clock of this machine or of the store is wrong"
	case status/100 == 3:
		return ": it sends elsewhere, where nothing is sent: name the endpoint and the region of the bucket"
	}
	return ""
}

// deepest returns the error of the network, or what the SDK says of an answer, below what it
// says of its own doing.
func deepest(err error) error {
	var network *url.Error
	if errors.As(err, &network) {
		return network.Err
	}
	for below := err; below != nil; below = errors.Unwrap(below) {
		err = below
	}
	return err
}

// maxSaid is how much of what a store says is repeated, in bytes: a sentence or two.
const maxSaid = 300

// clean returns a text in one line, without what a terminal would obey.
func clean(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }), " ")
	if len(s) > maxSaid {
		s = strings.ToValidUTF8(s[:maxSaid], "") + "…"
	}
	return s
}
