package certificate

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"io"
	"slices"
	"strings"
)

//go:embed page.css
var style string

//go:embed page.html
var pageText string

var page = template.Must(template.New("certificate").Funcs(template.FuncMap{"words": markup}).Parse(pageText))

// codeSide is how many CSS pixels a printed code has a side, at most: 55 mm on paper. A
// module has a whole number of them, so that no screen blurs it.
const codeSide = 210

// grain is how many pixels of a picture a module has a side, so that what is printed stays
// sharp where the printer's program smooths pictures.
const grain = 4

// HTML writes the certificate as one page that is made to be printed, and fetches nothing.
func (c *Certificate) HTML(w io.Writer) error {
	pictures, err := c.pictures()
	if err != nil {
		return err
	}
	sheet := style + c.footer() + c.widths()
	sum := sha256.Sum256([]byte(sheet))
	spelt, odd := spelled(c.title)
	return page.Execute(w, map[string]any{
		"Policy": "default-src 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		// The sheet is ours, but for an id in hex.
		"Style": template.HTML("<style>" + sheet + "</style>"),
		"Title": visible(c.title), "Long": long(c.title), "Spelt": spelt, "Odd": odd, "ID": c.id.String(), "Lead": c.lead, "Sections": c.sections,
		"Cut": template.HTML(cutline()), "Pictures": pictures, "AboutCodes": c.aboutCodes(), "AboutText": c.aboutText(), "Lines": rows(string(c.receipt)),
		"Receipt": template.URL("data:application/octet-stream;base64," + base64.StdEncoding.EncodeToString(c.receipt)), "File": c.receiptName(),
	})
}

// receiptName is what the receipt is called where it is a file.
func (c *Certificate) receiptName() string { return c.id.String() + ".tlog-proof" }

// footer has each printed page say of which contract it is.
func (c *Certificate) footer() string {
	return fmt.Sprintf("@page{@bottom-left{content:\"contract %s\"}}\n", c.id)
}

// widths has a class for each share of a table: a style on an element would need another
// policy of the page.
func (c *Certificate) widths() string {
	var shares []int
	for _, s := range c.sections {
		for _, b := range s.Blocks {
			if b.Table != nil {
				shares = append(shares, b.Table.Shares...)
			}
		}
	}
	slices.Sort(shares)
	var b strings.Builder
	for _, n := range slices.Compact(shares) {
		fmt.Fprintf(&b, ".w%d{width:%d%%}\n", n, n)
	}
	return b.String()
}

// A picture is a code as the page shows it.
type picture struct {
	Source template.URL
	Side   int // CSS pixels
	K, N   int
}

func (c *Certificate) pictures() ([]picture, error) {
	var all []picture
	for _, p := range c.parts {
		s, err := symbolOf(p)
		if err != nil {
			return nil, err
		}
		side := s.size + 2*quiet
		img := image.NewPaletted(image.Rect(0, 0, side*grain, side*grain), color.Palette{color.White, color.Black})
		for y := range s.size * grain {
			for x := range s.size * grain {
				if s.dark(x/grain, y/grain) {
					img.SetColorIndex(x+quiet*grain, y+quiet*grain, 1)
				}
			}
		}
		var b bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img); err != nil {
			return nil, err
		}
		all = append(all, picture{template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), codeSide / side * side, p.K, p.N})
	}
	return all, nil
}

// markup is a text as elements.
func markup(text words) template.HTML {
	var b strings.Builder
	for _, r := range text {
		escaped := template.HTMLEscapeString(r.text)
		switch r.kind {
		case strange:
			b.WriteString("<bdi>" + escaped + "</bdi>")
		case code:
			b.WriteString("<code>" + escaped + "</code>")
		case strong:
			b.WriteString("<strong>" + escaped + "</strong>")
		default:
			b.WriteString(escaped)
		}
	}
	return template.HTML(b.String())
}
