package certificate

import (
	"image/color"

	"github.com/boombuler/barcode/qr"

	parts "github.com/chirograph/chirograph/ledger/qr"
)

// quiet is how many light modules are around a code: ISO/IEC 18004 asks for four.
const quiet = 4

// A symbol is a code as modules, without the light ones around it.
type symbol struct {
	size int // modules a side
	dark func(x, y int) bool
}

// symbolOf draws a part: level M, of which 15 in 100 may be damaged.
func symbolOf(p parts.Part) (symbol, error) {
	img, err := qr.Encode(string(p.Bytes()), qr.M, qr.Unicode)
	if err != nil {
		return symbol{}, err
	}
	return symbol{img.Bounds().Dx(), func(x, y int) bool {
		grey, ok := color.GrayModel.Convert(img.At(x, y)).(color.Gray)
		return ok && grey.Y < 0x80
	}}, nil
}
