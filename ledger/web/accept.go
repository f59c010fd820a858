package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// A face is a form that a resource has.
type face byte

const (
	textFace face = iota // of a resource that has one, or one beside the others: text, bytes
	jsonFace             // JSON
	htmlFace             // HTML, for people
	atomFace             // Atom
)

// medias are the types by which faces are asked for.
var medias = [...]string{textFace: "text/plain", jsonFace: "application/json", htmlFace: "text/html", atomFace: "application/atom+xml"}

// endings are what a path ends in that asks for a face whatever Accept says.
var endings = [...]string{textFace: ".txt", jsonFace: ".json", htmlFace: "", atomFace: ".atom"}

// Bounds of an Accept field: those of browsers have some 150 bytes, and eight ranges.
const (
	maxAccept = 2048 // bytes
	maxRanges = 64
)

// A mediaRange is one of an Accept field (RFC 9110, section 12.5.1), in lowercase. Its
// parameters are read, and not looked at: what there is, is in UTF-8.
type mediaRange struct {
	major, minor string // "*" for any
	weight       int    // in thousandths
}

// parseAccept reads the lines of an Accept field: no more than its grammar, all of it.
func parseAccept(lines []string) ([]mediaRange, error) {
	s := scanner{strings.Join(lines, ",")}
	if len(s.rest) > maxAccept {
		return nil, fmt.Errorf("Accept has %d bytes, at most %d are read", len(s.rest), maxAccept)
	}
	var list []mediaRange
	for {
		s.space()
		if s.rest == "" {
			return list, nil
		}
		if s.take(",") { // a list may have empty elements
			continue
		}
		r, err := s.mediaRange()
		if err != nil {
			return nil, err
		}
		if list = append(list, r); len(list) > maxRanges {
			return nil, fmt.Errorf("Accept has more than %d ranges", maxRanges)
		}
		if s.space(); s.rest != "" && !s.take(",") {
			return nil, errors.New("between two ranges is no comma")
		}
	}
}

// A scanner reads a field from its beginning.
type scanner struct{ rest string }

func (s *scanner) space() { s.rest = strings.TrimLeft(s.rest, " \t") }

func (s *scanner) take(prefix string) (ok bool) {
	s.rest, ok = strings.CutPrefix(s.rest, prefix)
	return ok
}

// token returns the token (RFC 9110, section 5.6.2) that comes next, in lowercase; "" for
// none.
func (s *scanner) token() string {
	n := 0
	for n < len(s.rest) && isTokenByte(s.rest[n]) {
		n++
	}
	t := strings.ToLower(s.rest[:n])
	s.rest = s.rest[n:]
	return t
}

func isTokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// quoted skips a quoted string, whose opening quote was taken.
func (s *scanner) quoted() bool {
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return true
		case c == '\\':
			i++
		case c < ' ' && c != '\t' || c == 0x7f:
			return false
		}
	}
	return false
}

func (s *scanner) mediaRange() (mediaRange, error) {
	r := mediaRange{weight: 1000}
	r.major = s.token()
	slash := s.take("/")
	r.minor = s.token()
	if r.major == "" || r.minor == "" || !slash || r.major == "*" && r.minor != "*" {
		return r, errors.New("a range is not type/subtype, type/* or */*")
	}
	for {
		before := s.rest
		s.space()
		if !s.take(";") {
			s.rest = before
			return r, nil
		}
		s.space()
		name := s.token()
		if name == "" || !s.take("=") {
			return r, errors.New("a parameter is not name=value")
		}
		if name == "q" {
			return r, s.weight(&r) // it is the last
		}
		if s.take(`"`) {
			if !s.quoted() {
				return r, errors.New("a quoted value has no end")
			}
		} else if s.token() == "" {
			return r, errors.New("a parameter has no value")
		}
	}
}

// weight reads a qvalue: 0 to 1, with at most three decimals (section 12.4.2).
func (s *scanner) weight(r *mediaRange) error {
	q := s.token()
	whole, decimals, dot := strings.Cut(q, ".")
	if whole != "0" && whole != "1" || len(decimals) > 3 || strings.Trim(decimals, "0123456789") != "" || !dot && decimals != "" {
		return fmt.Errorf("the weight %.20q is not 0 to 1 with three decimals at most", q)
	}
	r.weight = 0
	for _, c := range whole + (decimals + "000")[:3] {
		r.weight = r.weight*10 + int(c-'0')
	}
	if r.weight > 1000 {
		return fmt.Errorf("the weight %.20q is above 1", q)
	}
	return nil
}

// weightOf returns the weight that the ranges give a media type, in thousandths: that of
// the ranges which name it most closely, the largest of these; 0 where none does.
func weightOf(ranges []mediaRange, media string) int {
	major, minor, _ := strings.Cut(media, "/")
	closest, weight := -1, 0
	for _, r := range ranges {
		close := 0
		switch {
		case r.major == major && r.minor == minor:
			close = 2
		case r.major == major && r.minor == "*":
			close = 1
		case r.major != "*":
			continue
		}
		if close > closest {
			closest, weight = close, r.weight
		} else if close == closest {
			weight = max(weight, r.weight)
		}
	}
	return weight
}

// prefer returns the face of those that there are which a caller wants most; the first of
// them where he wants several alike, wants none, says nothing, or says it in no form that
// RFC 9110 knows. So who asked before there were pages gets what he got.
func prefer(header http.Header, faces []face) face {
	best := faces[0]
	lines := header["Accept"]
	if len(lines) == 0 {
		return best
	}
	ranges, err := parseAccept(lines)
	if err != nil {
		return best
	}
	most := weightOf(ranges, medias[best])
	for _, f := range faces[1:] {
		if w := weightOf(ranges, medias[f]); w > most {
			best, most = f, w
		}
	}
	return best
}

// forPeople says whether an error is told to a person: to GET and HEAD of whoever prefers a
// page to JSON.
func forPeople(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || strings.HasSuffix(r.URL.Path, endings[jsonFace]) {
		return false
	}
	return prefer(r.Header, []face{jsonFace, htmlFace}) == htmlFace
}
