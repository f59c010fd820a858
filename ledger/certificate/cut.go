package certificate

import (
	"fmt"
	"math"
	"strings"
)

// A chirograph was cut through this word, in waves, and the parts of the sheet that fit
// together were genuine.
const (
	cutWord   = "CHIROGRAPHUM"
	cutWaves  = 23
	cutWidth  = 660.0 // of the drawing, in its own units
	cutHeight = 34.0
	cutSwing  = 4.5 // of the waves about the middle
	cutStep   = 3.0
)

// cut calls at with the points of the cut from the left to the right: x from 0 to cutWidth.
func cut(at func(x, y float64)) {
	for x := 0.0; x <= cutWidth; x += cutStep {
		at(x, cutHeight/2+cutSwing*math.Sin(2*math.Pi*cutWaves*x/cutWidth))
	}
}

// cutline is the word and the cut through it as SVG.
func cutline() string {
	var path strings.Builder
	command := "M"
	cut(func(x, y float64) {
		fmt.Fprintf(&path, "%s%.0f %.1f", command, x, y)
		command = "L"
	})
	return fmt.Sprintf(`<svg viewBox="0 0 %.0f %.0f" aria-hidden="true"><text x="%.0f" y="25">%s</text><path d="%s"/><path d="%s"/></svg>`,
		cutWidth, cutHeight, cutWidth/2, cutWord, path.String(), path.String())
}
