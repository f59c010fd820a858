package certificate

import (
	"fmt"
	"strings"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationmonoregular"
	"codeberg.org/go-fonts/liberation/liberationserifbold"
	"codeberg.org/go-fonts/liberation/liberationserifregular"
	"golang.org/x/image/font/sfnt"
)

// A face is a type of a PDF.
type face int

const (
	plain face = iota
	bold
	mono
)

func (f face) family() string { return [...]string{"plain", "bold", "mono"}[f] }

// A font is the file of a face, of which a PDF takes the letters that it needs.
type font struct {
	bytes  []byte
	parsed *sfnt.Font
}

// types are the fonts by face: Liberation, under the SIL Open Font License, with the
// letters of Latin, Greek, Cyrillic and Hebrew. What is written from right to left is not
// drawn all the same: fpdf puts letters side by side from the left.
type types struct{ all []font }

var loadTypes = sync.OnceValues(func() (*types, error) {
	t := &types{}
	for _, b := range [][]byte{liberationserifregular.TTF, liberationserifbold.TTF, liberationmonoregular.TTF} {
		parsed, err := sfnt.Parse(b)
		if err != nil {
			return nil, err
		}
		t.all = append(t.all, font{b, parsed})
	}
	return t, nil
})

// has says whether the face can draw the character by itself.
func (t *types) has(f face, r rune) bool {
	if leftward(r) || r > 0xffff {
		return false
	}
	var b sfnt.Buffer
	glyph, err := t.all[f].parsed.GlyphIndex(&b, r)
	return err == nil && glyph != 0
}

// drawable returns a text with what the face does not have written out, and remembers that
// this was so.
func (p *paper) drawable(f face, s string) string {
	var b strings.Builder
	for _, r := range s {
		if p.types.has(f, r) {
			b.WriteRune(r)
			continue
		}
		p.missing = true
		fmt.Fprintf(&b, `\u{%x}`, r)
	}
	return b.String()
}
