package expanded

import (
	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
)

// Points are in the coordinates of "Twisted Edwards Curves Revisited" (Hisil, Wong,
// Carter, Dawson, 2008, eprint 2008/522): X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z. The
// formulas for adding and doubling hold for any two points of the curve, those of small
// order and equal ones included, because −1 is a square mod p and d is not.

// A point is a point of the curve. Z is not 0. The zero value is none.
type point struct{ x, y, z, t field.Element }

// A fixed is a point that is added often: y + x, y − x and 2dxy.
type fixed struct{ sum, difference, product field.Element }

// twoD is 2d, d = −121665/121666 being that of the curve.
var twoD = func() *field.Element {
	one := new(field.Element).One()
	d := new(field.Element).Mult32(one, 121666)
	d.Invert(d)
	d.Multiply(d, new(field.Element).Mult32(one, 121665))
	d.Negate(d)
	return d.Add(d, d)
}()

// setNeutral sets p to the neutral point.
func (p *point) setNeutral() {
	p.x.Zero()
	p.y.One()
	p.z.One()
	p.t.Zero()
}

// add adds q to p (section 3.1, with Z2 = 1, and section 3.3).
func (p *point) add(q *fixed) {
	var a, b, c, d, e, f, g, h field.Element
	a.Multiply(a.Subtract(&p.y, &p.x), &q.difference)
	b.Multiply(b.Add(&p.y, &p.x), &q.sum)
	c.Multiply(&p.t, &q.product)
	d.Add(&p.z, &p.z)
	p.set(e.Subtract(&b, &a), f.Subtract(&d, &c), g.Add(&d, &c), h.Add(&b, &a))
}

// subtract subtracts q from p: −q has sum and difference exchanged and the other
// product.
func (p *point) subtract(q *fixed) {
	var a, b, c, d, e, f, g, h field.Element
	a.Multiply(a.Subtract(&p.y, &p.x), &q.sum)
	b.Multiply(b.Add(&p.y, &p.x), &q.difference)
	c.Multiply(&p.t, &q.product)
	d.Add(&p.z, &p.z)
	p.set(e.Subtract(&b, &a), f.Add(&d, &c), g.Subtract(&d, &c), h.Add(&b, &a))
}

// double doubles p so many times, at least once (section 3.3, with the signs of F and H
// turned). It takes T of the last alone.
func (p *point) double(times int) {
	var a, b, c, d, e, f, g, h field.Element
	for range times {
		a.Square(&p.x)
		b.Square(&p.y)
		c.Square(&p.z)
		c.Add(&c, &c)
		d.Square(d.Add(&p.x, &p.y))
		h.Add(&b, &a)
		g.Subtract(&b, &a)
		e.Subtract(&d, &h)
		f.Subtract(&c, &g)
		p.x.Multiply(&e, &f)
		p.y.Multiply(&g, &h)
		p.z.Multiply(&f, &g)
	}
	p.t.Multiply(&e, &h)
}

// set is the end of adding and subtracting.
func (p *point) set(e, f, g, h *field.Element) {
	p.x.Multiply(e, f)
	p.y.Multiply(g, h)
	p.t.Multiply(e, h)
	p.z.Multiply(f, g)
}

// encode returns the canonical encoding of p (RFC 8032, section 5.1.2).
func (p *point) encode() [32]byte {
	var x, y, inverse field.Element
	inverse.Invert(&p.z)
	x.Multiply(&p.x, &inverse)
	y.Multiply(&p.y, &inverse)
	b := [32]byte(y.Bytes())
	b[31] |= byte(x.IsNegative() << 7)
	return b
}

// fix fills dst with points, one for one. A field has one inverse for all: the product of all
// Z is inverted, and from its inverse each is taken (Montgomery). rest is of the
// same length, and used up.
func fix(dst []fixed, points []edwards25519.Point, rest []field.Element) {
	var inverse field.Element
	inverse.One()
	for i := range points {
		rest[i].Set(&inverse) // the product of the Z before this
		_, _, z, _ := points[i].ExtendedCoordinates()
		inverse.Multiply(&inverse, z)
	}
	inverse.Invert(&inverse)
	for i := len(points) - 1; i >= 0; i-- {
		x, y, z, _ := points[i].ExtendedCoordinates()
		var own field.Element
		own.Multiply(&inverse, &rest[i])
		inverse.Multiply(&inverse, z)
		x.Multiply(x, &own)
		y.Multiply(y, &own)
		dst[i].sum.Add(y, x)
		dst[i].difference.Subtract(y, x)
		dst[i].product.Multiply(x, y)
		dst[i].product.Multiply(&dst[i].product, twoD)
	}
}
