package web

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// recordsType is the media type of many records: of each its length in bytes as a decimal
// without leading zeros, 1 to [record.MaxRecord], a line feed, and its bytes.
const recordsType = "application/vnd.chirograph.records"

// receiptsQuery is the query with which the answer to each record that is public has its
// receipt.
const receiptsQuery = "receipts"

// linesType is the media type of the answers.
const linesType = "application/x-ndjson"

// frameBuffer is how many bytes of a stream are read ahead: forty common records.
const frameBuffer = 32 << 10

// longestLength is the longest length of a record, with its line feed.
var longestLength = len(strconv.Itoa(record.MaxRecord) + "\n")

// Frames reads the records of a stream.
type frames struct{ in *bufio.Reader }

func newFrames(r io.Reader) frames { return frames{bufio.NewReaderSize(r, frameBuffer)} }

// next returns the next record, in bytes of its own, or io.EOF where there is none and
// the last was whole. A [*problem] is the fault of whoever sent the stream, and any other
// error that of the connection. After an error where the next record begins is not known.
func (f frames) next() ([]byte, error) {
	length, err := f.length()
	if err != nil {
		return nil, err
	}
	body := make([]byte, length)
	n, err := io.ReadFull(f.in, body)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, newProblem(http.StatusBadRequest, "the record ends after %d bytes of %d", n, length)
	}
	return body, err
}

// length reads the length of a record, with its line feed.
func (f frames) length() (int, error) {
	var digits []byte
	for len(digits) < longestLength {
		c, err := f.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && len(digits) > 0:
			return 0, newProblem(http.StatusBadRequest, "the stream ends within the length of a record, after %q", digits)
		case err != nil:
			return 0, err
		case c == '\n':
			return parseLength(string(digits))
		}
		digits = append(digits, c)
	}
	return 0, newProblem(http.StatusBadRequest, "%q does not begin with the length of a record, at most %d, and a line feed", digits, record.MaxRecord)
}

// parseLength reads the one form of a length.
func parseLength(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	switch {
	case err != nil || strconv.FormatUint(n, 10) != s || n == 0:
		return 0, newProblem(http.StatusBadRequest, "%q is not the length of a record, a decimal without leading zeros from 1 to %d", s, record.MaxRecord)
	case n > uint64(record.MaxRecord):
		p := newProblem(http.StatusRequestEntityTooLarge, "the record has %d bytes, at most %d are allowed", n, record.MaxRecord)
		p.Rule = rules.Size
		return 0, p
	}
	return int(n), nil
}

// brokenOff is the problem of a stream whose connection failed, or was left.
func brokenOff(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	// The reason names addresses.
	return newProblem(http.StatusBadRequest, "the body broke off")
}
