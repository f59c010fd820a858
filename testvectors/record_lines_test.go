package testvectors

import (
	"fmt"
	"slices"
	"strings"
)

// optional lists, for each model, the lines that it may lack, by how they begin.
var optional = map[string][]string{
	"contract":    {"title", "document sha256", "from", "until", "terminable"},
	"replacement": {"title", "document sha256", "from", "until", "terminable", "under"},
	"statement":   {"answers", "document"},
	"termination": {"effective", "document"},
}

func recordLines() []vector {
	var vs []vector
	for _, m := range models {
		vs = append(vs, missingLines(m)...)
		vs = append(vs, doubledLines(m)...)
		vs = append(vs, exchangedLines(m)...)
		vs = append(vs, strangeLines(m)...)
	}
	return append(vs, movedLines()...)
}

// lineName names the line numbered i from 0.
func lineName(m model, i int) string {
	keyword, _, _ := strings.Cut(m.text[i], " ")
	if i == 0 {
		keyword = "kind"
	}
	return fmt.Sprintf("line-%02d-%s", i+1, keyword)
}

// missingLines leaves out each line but those of which a record may have fewer.
func missingLines(m model) []vector {
	var vs []vector
	for i, line := range m.text {
		text := slices.Delete(slices.Clone(m.text), i, i+1)
		name := lineName(m, i) + "-missing"
		mayLack := slices.ContainsFunc(optional[m.name], func(p string) bool { return strings.HasPrefix(line, p) })
		switch {
		case mayLack:
			vs = append(vs, m.ok(name, "A line that may be missing is.", text))
		case strings.HasPrefix(line, "by ") && strings.Contains(m.text.String(), "\nby manufacturer"):
			// The other party says it alone: statement-least.json.
		case strings.HasPrefix(line, "former "):
			// How many parties the other contract has, it says itself.
		default:
			vs = append(vs, m.bad(name, "A line that has to be there is missing.", text))
		}
	}
	if m.name == "replacement" {
		vs = append(vs, m.bad("former-missing", "replaces comes without former lines.", m.text.without("former")))
	}
	if m.name == "statement" {
		vs = append(vs, m.bad("by-missing", "There is no by line.", m.text.without("by")))
	}
	return vs
}

func doubledLines(m model) []vector {
	var vs []vector
	for i, line := range m.text {
		vs = append(vs, m.bad(lineName(m, i)+"-twice", "A line is there twice.", slices.Insert(slices.Clone(m.text), i, line)))
	}
	return vs
}

// exchangedLines exchanges neighbours, but not two of one keyword.
func exchangedLines(m model) []vector {
	var vs []vector
	for i := range len(m.text) - 1 {
		this, _, _ := strings.Cut(m.text[i], " ")
		next, _, _ := strings.Cut(m.text[i+1], " ")
		if this != next {
			vs = append(vs, m.bad(lineName(m, i)+"-after-next", "Two lines are in the wrong order.", m.text.swapped(i)))
		}
	}
	return vs
}

// strangeLines adds lines that no grammar has, or that of another kind has.
func strangeLines(m model) []vector {
	last := m.text[len(m.text)-1]
	end := func(line string) lines { return append(slices.Clone(m.text), line) }
	vs := []vector{
		m.bad("unknown-keyword-last", "The last line has an unknown keyword.", end("note none")),
		m.bad("unknown-keyword-second", "The second line has an unknown keyword.", slices.Insert(slices.Clone(m.text), 1, "version 1")),
		m.bad("keyword-in-uppercase", "A keyword is in uppercase.", m.text.with("made", "Made"+strings.TrimPrefix(m.text[m.text.at("made")], "made"))),
		m.bad("keyword-alone", "The last line is a keyword without space and value.", end("under")),
		m.bad("comment", "The last line is a comment.", end("# nothing")),
		m.bad("space-before-line", "A space comes before a keyword.", m.text.with("made", " "+m.text[m.text.at("made")])),
		m.bad("space-after-line", "A space ends a line.", m.text.with("nonce", m.text[m.text.at("nonce")]+" ")),
		m.bad("two-spaces-after-keyword", "Two spaces follow a keyword.", m.text.with("made", strings.Replace(m.text[m.text.at("made")], " ", "  ", 1))),
		m.bad("tab-after-keyword", "A tab follows a keyword.", m.text.with("made", strings.Replace(m.text[m.text.at("made")], " ", "\t", 1))),
		m.bad("line-ends-in-crlf", "A line ends in CR LF.", m.text.with("made", m.text[m.text.at("made")]+"\r")),
		m.bad("last-line-ends-in-crlf", "The last line of the text ends in CR LF.", m.text.with(last, last+"\r")),
		m.bad("empty-line-within", "An empty line stands within the text, which ends at the last one.", slices.Insert(slices.Clone(m.text), 3, "")),
		m.bad("empty-line-first", "The text begins with an empty line.", slices.Insert(slices.Clone(m.text), 0, "")),
		m.bad("empty-line-last", "The text ends in an empty line, before the one that ends it.", end("")),
		m.bad("line-of-another-kind", "The last line is one that only another kind has.", end(map[string]string{
			"contract": "about delivery", "replacement": "effective 2026-03-01", "statement": "effective 2026-03-01",
			"termination": "about notice", "revocation": "document sha256:" + sha("x") + " 1 text/plain letter letter.txt",
		}[m.name])),
		m.bad("kind-alone", "The text is its first line.", m.text[:1]),
	}
	if m.name == "revocation" {
		vs = append(vs,
			m.bad("with-sign-by", "A revocation does not lapse.", m.text.after("made", "sign-by 2026-02-01T00:00:00Z")),
			m.bad("with-two-keys", "A revocation is of one key.", m.text.with("key", m.text[m.text.at("key")]+" "+anna.vkey())),
			m.bad("with-title", "Only contracts have a title.", m.text.after("nonce", "title Lost")))
	}
	return vs
}

// movedLines are lines that stand further away from their place.
func movedLines() []vector {
	c, p, s := contractModel, replacementModel, statementModel
	move := func(m model, prefix, before string) lines {
		line := m.text[m.text.at(prefix)]
		i := m.text.at(prefix)
		return slices.Delete(slices.Clone(m.text), i, i+1).before(before, line)
	}
	return []vector{
		c.bad("title-after-parties", "The title comes after the parties.", move(c, "title", "document")),
		c.bad("document-last", "A document is the last line.", append(slices.Delete(slices.Clone(c.text), c.text.at("document sha256"), c.text.at("document sha256")+1), c.text[c.text.at("document sha256")])),
		p.bad("under-before-replaces", "under comes before replaces.", move(p, "under", "replaces")),
		s.bad("document-before-about", "A document comes before about.", move(s, "document", "about")),
		c.bad("with-contract-line", "A contract names a contract as a statement does.", c.text.after("nonce", "contract "+sha("frame"))),
		c.bad("with-by-lines", "A contract names its parties as a statement does.",
			c.text.with("party manufacturer", partyLine("by", "manufacturer", "1", maker)).with("party buyer", partyLine("by", "buyer", "2", buyers...))),
		s.bad("with-party-lines", "A statement names its parties as a contract does.",
			s.text.with("by manufacturer", partyLine("party", "manufacturer", "1", maker)).with("by buyer", partyLine("party", "buyer", "2", buyers...))),
	}
}
