package certificate

import "strings"

// rowWidth is how many characters a printed row of the receipt has at most: what fits the
// width of the page in a type that scanners still read.
const rowWidth = 90

// indent is by how many characters rows that go on with a line are set in.
const indent = 2

// rows returns the lines of a text, each as the rows that it is printed in: at least one,
// of which the first has at most rowWidth characters and the others indent fewer. No row
// begins or ends with a space, unless the line does, and together they are the line.
func rows(text string) [][]string {
	var all [][]string
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		all = append(all, rowsOf([]rune(visible(line))))
	}
	return all
}

func rowsOf(line []rune) []string {
	var rows []string
	width := rowWidth
	for len(line) > width {
		end := width
		for end > 1 && (line[end-1] == ' ' || line[end] == ' ') {
			end--
		}
		rows = append(rows, string(line[:end]))
		line = line[end:]
		width = rowWidth - indent
	}
	return append(rows, string(line))
}
