package certificate

import "strings"

// A piece is a part of a line of type: it has one face, and is not broken.
type piece struct {
	face  face
	size  float64
	text  string
	width float64
	loose bool // a space, at which a line may be broken
}

// caps draws our words in spaced capitals, as above a title.
func (p *paper) caps(s string, colour [3]int) {
	const between = 0.45
	x, base := margin, p.y+height(smallSize)*0.72
	for _, r := range strings.ToUpper(s) {
		p.put(x, base, plain, smallSize, colour, string(r))
		x += p.width(plain, smallSize, string(r)) + between
	}
	p.y += height(smallSize)
}

// pieces cuts a text into what may stand in different lines: words and spaces; of code each
// character.
func (p *paper) pieces(text words, size float64) []piece {
	var all []piece
	for _, r := range text {
		f, s := plain, size
		switch r.kind {
		case strong:
			f = bold
		case code:
			f, s = mono, min(size, size*codeSize/plainSize)
		}
		drawn := p.drawable(f, r.text)
		for _, part := range cutUp(drawn, r.kind == code) {
			all = append(all, piece{f, s, part, p.width(f, s, part), part == " "})
		}
	}
	return all
}

// cutUp cuts a text at spaces, which are parts too, or into characters.
func cutUp(text string, each bool) []string {
	if each {
		return strings.Split(text, "")
	}
	var all []string
	for i, word := range strings.Split(text, " ") {
		if i > 0 {
			all = append(all, " ")
		}
		if word != "" {
			all = append(all, word)
		}
	}
	return all
}

// lines breaks a text into lines of at most that width. What is wider by itself is broken
// anywhere.
func (p *paper) lines(text words, width, size float64) [][]piece {
	var all [][]piece
	var line []piece
	used := 0.0
	end := func() {
		for len(line) > 0 && line[len(line)-1].loose {
			line = line[:len(line)-1]
		}
		all, line, used = append(all, line), nil, 0
	}
	queue := p.pieces(text, size)
	for at := 0; at < len(queue); at++ {
		w := queue[at]
		// Words of several faces that touch stay together where they can.
		whole := w.width
		first := at == 0 || queue[at-1].face != w.face || queue[at-1].loose // of code, which is cut into characters
		for next := at + 1; !w.loose && next < len(queue) && !queue[next].loose && (w.face != mono || first) && (queue[next].face == mono) == (w.face == mono); next++ {
			whole += queue[next].width
		}
		if w.face == mono && whole > width {
			whole = w.width // it goes over several lines anyway
		}
		if used+whole > width && used > 0 && !w.loose {
			end()
		}
		for w.width > width {
			head, rest := p.fitting(w, width)
			line = append(line, head)
			end()
			w = rest
		}
		if w.loose && used == 0 {
			continue
		}
		line, used = append(line, w), used+w.width
	}
	if len(line) > 0 || len(all) == 0 {
		end()
	}
	return all
}

// fitting cuts a piece that is wider than a line: what fits, at least a character, and the
// rest.
func (p *paper) fitting(w piece, width float64) (head, rest piece) {
	letters := []rune(w.text)
	n := 1
	for n+1 < len(letters) && p.width(w.face, w.size, string(letters[:n+1])) <= width {
		n++
	}
	cut := func(s string) piece { return piece{w.face, w.size, s, p.width(w.face, w.size, s), false} }
	return cut(string(letters[:n])), cut(string(letters[n:]))
}

// flow draws a text in lines from x on, and goes down below it. A page may end within.
func (p *paper) flow(text words, x, width, size float64, colour [3]int) {
	for _, line := range p.lines(text, width, size) {
		p.need(height(size))
		p.line(line, x, p.y, size, colour)
		p.y += height(size)
	}
}

// line draws one line whose top is at y. Code goes in one piece where it stands together,
// so that it can be copied as one.
func (p *paper) line(line []piece, x, y, size float64, colour [3]int) {
	base := y + height(size)*0.72
	for i := 0; i < len(line); {
		text, width, j := "", 0.0, i
		for ; j < len(line) && line[j].face == line[i].face; j++ {
			text, width = text+line[j].text, width+line[j].width
		}
		p.put(x, base, line[i].face, line[i].size, colour, text)
		x, i = x+width, j
	}
}

func (p *paper) paragraph(text words) {
	p.flow(text, margin, textWidth, plainSize, ink)
	p.space(1.2)
}

// headingRoom is what has to be left on a page below the top of a heading.
const headingRoom = 24.0

func (p *paper) heading(s string) {
	if p.y > textTop {
		p.space(5.5)
	}
	p.need(headingRoom)
	p.caps(s, ink)
	p.space(0.6)
	p.rule(hair, 0.3)
	p.space(1.6)
}

func (p *paper) section(s section) {
	p.heading(s.Heading)
	for _, b := range s.Blocks {
		if b.Text != nil {
			p.paragraph(b.Text)
		}
		for _, f := range b.Facts {
			p.fact(f)
		}
		if b.Table != nil {
			p.table(b.Table)
		}
		if b.Label != "" {
			p.space(1)
			p.need(3 * height(plainSize))
			p.flow(heavy("%s", b.Label), margin, textWidth, plainSize, ink)
		}
		for _, point := range b.List {
			p.point(point)
		}
	}
}

const labelWidth = 32.0

func (p *paper) fact(f fact) {
	p.labelled(say("%s", f.Label), labelWidth, f.Value)
	p.space(0.7)
}

func (p *paper) point(text words) {
	p.labelled(say("–"), 5, text)
	p.space(0.4)
}

// labelled draws a text that is set in by that much, with a label beside its first line.
func (p *paper) labelled(label words, in float64, text words) {
	lines := p.lines(text, textWidth-in, plainSize)
	p.together(len(lines), plainSize)
	for i, line := range lines {
		p.need(height(plainSize))
		if i == 0 {
			p.line(p.pieces(label, plainSize), margin, p.y, plainSize, soft)
		}
		p.line(line, margin+in, p.y, plainSize, ink)
		p.y += height(plainSize)
	}
}

// together begins a page where so many lines do not fit the rest of this one, and fit one.
func (p *paper) together(lines int, size float64) {
	if mm := float64(lines)*height(size) + 1; mm <= textBottom-textTop {
		p.need(mm)
	}
}

// cellGap is between columns.
const cellGap = 2.0

func (p *paper) table(t *table) {
	heads := row{}
	for _, h := range t.Heads {
		heads.Cells = append(heads.Cells, say("%s", h))
	}
	p.row(t, heads, smallSize, soft)
	for _, r := range t.Rows {
		colour := ink
		if r.Faint {
			colour = soft
		}
		p.row(t, r, plainSize, colour)
	}
}

// row draws the cells of a row beside each other, under a line; a head has none. One that is
// longer than a page goes on with the next.
func (p *paper) row(t *table, r row, size float64, colour [3]int) {
	cells := make([][][]piece, len(r.Cells))
	deep := 0
	for i, cell := range r.Cells {
		cells[i] = p.lines(cell, textWidth*float64(t.Shares[i])/100-cellGap, size)
		deep = max(deep, len(cells[i]))
	}
	below := [][]piece(nil)
	if r.Below != nil {
		below = p.lines(r.Below, textWidth, size)
	}
	p.together(deep+len(below), size)
	p.need(height(size) + 1)
	if size != smallSize {
		p.rule(hair, 0.1)
		p.space(0.6)
	}
	for j := range deep {
		p.need(height(size))
		x := margin
		for i, lines := range cells {
			if j < len(lines) {
				p.line(lines[j], x, p.y, size, colour)
			}
			x += textWidth * float64(t.Shares[i]) / 100
		}
		p.y += height(size)
	}
	for _, line := range below {
		p.need(height(size))
		p.line(line, margin, p.y, size, soft)
		p.y += height(size)
	}
	p.space(0.5)
}
