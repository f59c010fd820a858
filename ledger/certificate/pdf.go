package certificate

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// Measures of a page: A4, whose text also fits a Letter page. In mm, but for sizes of type,
// which are points.
const (
	pageWidth  = 210.0
	pageHeight = 297.0
	margin     = 18.0
	textWidth  = pageWidth - 2*margin
	textBottom = 268.0 // below it is the footer; a Letter page ends at 279
	textTop    = 17.0

	titleSize     = 24.0
	longTitleSize = 16.0
	plainSize     = 10.0
	smallSize     = 8.5
	codeSize      = 7.2
	rowSize       = 8.0
	leading       = 1.4 // of lines, in sizes of their type

	symbolSide   = 55.0 // with the light modules around it
	symbolsInRow = 3
	codesRoom    = symbolSide + 40 // has to be left on a page for the first row, under its heading
)

// Colours of ink, from black to paper.
var (
	ink  = [3]int{0x1d, 0x1b, 0x18}
	soft = [3]int{0x5c, 0x57, 0x4e}
	hair = [3]int{0xb9, 0xb1, 0xa2}
)

// PDF writes the certificate as a PDF with the receipt as an attached file. Characters that
// its fonts do not have are written out, and the paper says so.
func (c *Certificate) PDF(w io.Writer) error {
	symbols := make([]symbol, len(c.parts))
	for i, p := range c.parts {
		var err error
		if symbols[i], err = symbolOf(p); err != nil {
			return err
		}
	}
	// How many pages there are is on each: drawn once, they are counted.
	counted, err := c.drawn(symbols, 0)
	if err != nil {
		return err
	}
	final, err := c.drawn(symbols, counted.pdf.PageCount())
	if err != nil {
		return err
	}
	return final.pdf.Output(w)
}

// drawn draws everything, on pages that say that there are so many.
func (c *Certificate) drawn(symbols []symbol, pages int) (*paper, error) {
	p, err := c.newPaper(pages)
	if err != nil {
		return nil, err
	}
	p.pdf.AddPage()
	p.head(c)
	for _, s := range c.sections {
		p.section(s)
	}
	p.need(codesRoom)
	p.heading("The receipt as codes")
	p.paragraph(c.aboutCodes())
	p.symbols(c, symbols)
	p.heading("The receipt as text")
	p.paragraph(c.aboutText())
	p.receipt(string(c.receipt))
	if p.missing {
		p.space(3)
		p.paragraph(say(`Characters that the type of this file does not have are written as \u{…}, by their number in Unicode; the certificate as HTML shows them.`))
	}
	return p, p.pdf.Error()
}

// A paper is a PDF that is being drawn from the top to the bottom.
type paper struct {
	pdf     *fpdf.Fpdf
	types   *types
	y       float64 // the top of what comes next
	missing bool    // a character was written out
}

func (c *Certificate) newPaper(pages int) (*paper, error) {
	faces, err := loadTypes()
	if err != nil {
		return nil, err
	}
	p := &paper{pdf: fpdf.New("P", "mm", "A4", ""), types: faces}
	made := time.Unix(c.made, 0).UTC()
	p.pdf.SetCatalogSort(true)
	p.pdf.SetCreationDate(made)
	p.pdf.SetModificationDate(made)
	p.pdf.SetTitle("Certificate: "+visible(c.title), true)
	p.pdf.SetSubject("contract "+c.id.String(), true)
	p.pdf.SetCreator("chirograph", true)
	p.pdf.SetProducer("chirograph", true)
	p.pdf.SetLang("en")
	p.pdf.SetMargins(margin, textTop, margin)
	p.pdf.SetAutoPageBreak(false, 0)
	p.pdf.SetAttachments([]fpdf.Attachment{{Content: c.receipt, Filename: c.receiptName(), Description: "The receipt: a c2sp.org/tlog-proof@v1"}})
	for f, font := range faces.all {
		p.pdf.AddUTF8FontFromBytes(face(f).family(), "", bytes.Clone(font.bytes))
	}
	p.pdf.SetHeaderFunc(func() { p.y = textTop })
	p.pdf.SetFooterFunc(func() {
		p.put(margin, pageHeight-15, mono, 7, soft, "contract "+c.id.String())
		of := fmt.Sprintf("%d of %d", p.pdf.PageNo(), pages)
		p.put(pageWidth-margin-p.width(plain, 8, of), pageHeight-15, plain, 8, soft, of)
	})
	return p, p.pdf.Error()
}

// put draws text whose baseline is at y.
func (p *paper) put(x, y float64, f face, size float64, colour [3]int, text string) {
	p.pdf.SetFont(f.family(), "", size)
	p.pdf.SetTextColor(colour[0], colour[1], colour[2])
	p.pdf.Text(x, y, text)
}

// width returns how wide a text is, in mm.
func (p *paper) width(f face, size float64, text string) float64 {
	p.pdf.SetFont(f.family(), "", size)
	return p.pdf.GetStringWidth(text)
}

// height returns how high a line of type is.
func height(size float64) float64 { return size * leading * 25.4 / 72 }

func (p *paper) space(mm float64) { p.y += mm }

// need begins a page where less room is left than so many mm.
func (p *paper) need(mm float64) {
	if p.y+mm > textBottom {
		p.pdf.AddPage()
	}
}

func (p *paper) rule(colour [3]int, width float64) {
	p.pdf.SetDrawColor(colour[0], colour[1], colour[2])
	p.pdf.SetLineWidth(width)
	p.pdf.Line(margin, p.y, pageWidth-margin, p.y)
}

// head draws what is above the sections.
func (p *paper) head(c *Certificate) {
	p.cut()
	p.space(9)
	p.caps("Certificate of a registered contract", soft)
	p.space(1.5)
	title := theirs(c.title)
	if c.title == "" {
		title = say("A contract without a title")
	}
	size := titleSize
	if long(c.title) {
		size = longTitleSize
	}
	spelt, odd := spelled(c.title)
	switch {
	case p.drawable(plain, c.title) != visible(c.title):
		// Written out it is long, and nothing to look at.
		p.flow(say("%s", spelt), margin, textWidth, plainSize*1.3, ink)
	case odd:
		p.flow(title, margin, textWidth, size, ink)
		p.space(2)
		p.flow(join(say("letter by letter: "), literal(spelt)), margin, textWidth, smallSize, soft)
	default:
		p.flow(title, margin, textWidth, size, ink)
	}
	p.space(2)
	for _, text := range c.lead {
		p.flow(text, margin, 150, 11.5, ink)
		p.space(1.5)
	}
}

// cut draws the word that chirographs were cut through, and the cut.
func (p *paper) cut() {
	scale := textWidth / cutWidth
	const size = 17.0
	gap := 4.0
	wide := -gap
	for _, r := range cutWord {
		wide += p.width(plain, size, string(r)) + gap
	}
	x := margin + (textWidth-wide)/2
	for _, r := range cutWord {
		p.put(x, p.y+cutHeight*scale/2+size*0.33*25.4/72, plain, size, ink, string(r))
		x += p.width(plain, size, string(r)) + gap
	}
	for _, line := range []struct {
		colour [3]int
		width  float64
	}{{[3]int{255, 255, 255}, 0.9}, {ink, 0.2}} {
		p.pdf.SetDrawColor(line.colour[0], line.colour[1], line.colour[2])
		p.pdf.SetLineWidth(line.width)
		first := true
		cut(func(x, y float64) {
			if first {
				p.pdf.MoveTo(margin+x*scale, p.y+y*scale)
			} else {
				p.pdf.LineTo(margin+x*scale, p.y+y*scale)
			}
			first = false
		})
		p.pdf.DrawPath("D")
	}
	p.space(cutHeight * scale)
}

// symbols draws the codes, in rows.
func (p *paper) symbols(c *Certificate, all []symbol) {
	gap := (textWidth - symbolsInRow*symbolSide) / (symbolsInRow - 1)
	below := height(smallSize) + 2
	for i, s := range all {
		column := i % symbolsInRow
		if column == 0 {
			if i > 0 {
				p.space(symbolSide + below)
			}
			p.need(symbolSide + below)
		}
		x := margin + float64(column)*(symbolSide+gap)
		p.symbol(s, x, p.y)
		number := fmt.Sprintf("%d of %d", c.parts[i].K, c.parts[i].N)
		p.put(x+(symbolSide-p.width(plain, smallSize, number))/2, p.y+symbolSide+2, plain, smallSize, soft, number)
	}
	if len(all) > 0 {
		p.space(symbolSide + below + 2)
	}
}

// symbol draws one code: of each row of modules those runs that are dark.
func (p *paper) symbol(s symbol, left, top float64) {
	module := symbolSide / float64(s.size+2*quiet)
	p.pdf.SetFillColor(0, 0, 0)
	for y := range s.size {
		for x := 0; x < s.size; x++ {
			from := x
			for x < s.size && s.dark(x, y) {
				x++
			}
			if x > from {
				// A hair higher than it is, so that no viewer shows a gap between rows.
				p.pdf.Rect(left+float64(from+quiet)*module, top+float64(y+quiet)*module, float64(x-from)*module, math.Nextafter(module, 1)+0.01, "F")
			}
		}
	}
}

// receipt draws the text, row by row.
func (p *paper) receipt(text string) {
	step := height(rowSize)
	set := p.width(mono, rowSize, "00")
	p.space(1)
	for _, line := range rows(text) {
		for i, row := range line {
			p.need(step)
			x := margin
			if i > 0 {
				x += set
			}
			p.put(x, p.y+step*0.72, mono, rowSize, ink, p.drawable(mono, row))
			p.y += step
		}
	}
}
