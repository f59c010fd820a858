package testvectors

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

const latticeTime = 1767690000

var (
	latticeText = checkpointText(ledgerKey.name, 9, numbered(9).root(9))
	latticeHead = signed(latticeText, ledgerKey)
)

func okLatticeCosignature(name, comment string, time uint64, note string, k key) vector {
	return accepted("cosignature", "ml-dsa-"+name, comment, octets("checkpoint", note), member{"vkey", k.vkey()}, member{"time", fmt.Sprint(time)})
}

func badLatticeCosignature(name, kind, comment, note string) vector {
	return refused("cosignature", "ml-dsa-"+name, kind, comment, octets("checkpoint", note), member{"vkey", lattice1.vkey()})
}

func goodLatticeCosignatures() []vector {
	const time = latticeTime
	text, head, k := latticeText, latticeHead, lattice1
	ok := func(name, comment string, time uint64, note string) vector {
		return okLatticeCosignature(name, comment, time, note, k)
	}
	under := func(name, comment string, k key) vector {
		return okLatticeCosignature(name, comment, time, head+k.cosign(text, time), k)
	}
	of := func(name, comment, origin string, size uint64, root []byte) vector {
		text := checkpointText(origin, size, root)
		return ok(name, comment, time, text+"\n"+k.cosign(text, time))
	}
	root := numbered(9).root(9)
	return []vector{
		ok("plain", "A witness cosigned with ML-DSA-44.", time, head+k.cosign(text, time)),
		ok("without-log", "Whether the log signed is another question.", time, text+"\n"+k.cosign(text, time)),
		ok("among-others", "Other witnesses cosigned too, with either algorithm.", time, head+w1.cosign(text, time-5)+lattice2.cosign(text, time+9)+k.cosign(text, time)+w2.cosign(text, time+5)),
		ok("time-1", "The earliest time.", 1, head+k.cosign(text, 1)),
		ok("time-of-33-bits", "A time after 2106.", 1<<32+1, head+k.cosign(text, 1<<32+1)),
		ok("time-2-63-minus-1", "The latest time.", 1<<63-1, head+k.cosign(text, 1<<63-1)),
		ok("other-line-fails", "A line of another witness, which is not asked for, does not verify.", time, head+lattice2.line(k.cosignature(text, time))+k.cosign(text, time)),
		ok("line-of-type-04", "The same name has a line of the type 0x04, which is another key, and that does not verify.", time, head+w1.as(k.name).line(make([]byte, 72))+k.cosign(text, time)),
		ok("two-lines", "The witness has two lines, of which the later time counts.", time+1, head+k.cosign(text, time)+k.cosign(text, time+1)),
		ok("two-lines-later-first", "The witness has two lines, of which the later time counts.", time+1, head+k.cosign(text, time+1)+k.cosign(text, time)),
		under("of-the-ledger", "The ledger cosigned with its second key, under its name.", ledgerOwn),
		under("name-of-one-byte", "The shortest name.", k.as("n")),
		under("name-of-255-bytes", "The longest name.", k.as(strings.Repeat("n", 255))),
		under("name-outside-ascii", "Bytes of the name are counted, not characters.", k.as("свидетель.example")),
		of("origin-of-one-byte", "The shortest origin.", "o", 9, root),
		of("origin-of-255-bytes", "The longest origin.", strings.Repeat("o", 255), 9, root),
		of("origin-outside-ascii", "Bytes of the origin are counted, not characters.", "журнал.example", 9, root),
		of("size-0", "The checkpoint of an empty log.", ledgerKey.name, 0, emptyRoot()),
		of("size-2-63-minus-1", "The largest tree.", ledgerKey.name, 1<<63-1, uniform().root(1<<63-1)),
	}
}

// otherLatticeMessages are signatures that are good, of another message.
func otherLatticeMessages() []vector {
	const time = latticeTime
	text, head, k := latticeText, latticeHead, lattice1
	bad := func(name, comment, note string) vector {
		return badLatticeCosignature(name, "signature", comment, note)
	}
	// of is a cosignature of a message that differs from the right one.
	of := func(name, comment string, change func(c *cosigned)) vector {
		c := cosignedOf(k.name, text, time)
		change(&c)
		return bad(name, comment, head+k.line(timed(time, k.signs(c.message()))))
	}
	at := func(name, comment string, time uint64) vector {
		return bad(name, comment, head+k.cosign(text, time))
	}
	raw := func(name, comment string, message []byte) vector {
		return bad(name, comment, head+k.line(timed(time, k.signs(message))))
	}
	message := cosignedOf(k.name, text, time).message()
	good := k.cosignature(text, time)
	ed25519Message := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", time, text)
	return []vector{
		at("time-0", "The time is 0, which says nothing of when.", 0),
		at("time-2-63", "The time is 2^63.", 1<<63),
		at("time-2-64-minus-1", "The time has all bits set.", 1<<64-1),
		bad("time-changed", "The time is a second later than the one cosigned.", head+k.line(timed(time+1, good[8:]))),
		bad("time-little-endian", "The time has its bytes the other way round.", head+k.line(append(reversed(good[:8]), good[8:]...))),
		of("time-little-endian-in-message", "The time was cosigned with its bytes the other way round.", func(c *cosigned) { c.time = binary.LittleEndian.Uint64(good[:8]) }),
		of("name-of-other", "The key cosigned under another name.", func(c *cosigned) { c.name = "lattice.example/9" }),
		of("name-of-the-log", "The key cosigned under the log's name.", func(c *cosigned) { c.name = ledgerKey.name }),
		of("name-empty", "The key cosigned under no name.", func(c *cosigned) { c.name = "" }),
		of("origin-of-other", "The cosignature is of another origin.", func(c *cosigned) { c.origin = "ledger.example/2025" }),
		of("origin-with-line-feed", "The origin was cosigned with its line feed.", func(c *cosigned) { c.origin += "\n" }),
		of("names-exchanged", "Name and origin were cosigned in the place of each other.", func(c *cosigned) { c.name, c.origin = c.origin, c.name }),
		of("size-of-other", "The cosignature is of another size.", func(c *cosigned) { c.size-- }),
		of("size-0-in-message", "The cosignature is of the size 0.", func(c *cosigned) { c.size = 0 }),
		of("root-of-other", "The cosignature is of another root.", func(c *cosigned) { c.root = numbered(9).root(8) }),
		of("root-missing", "The root was not cosigned.", func(c *cosigned) { c.root = nil }),
		of("start-1", "The cosignature is of a subtree that begins at 1.", func(c *cosigned) { c.start = 1 }),
		of("start-is-size", "The cosignature is of the empty subtree at the end.", func(c *cosigned) { c.start = 9 }),
		of("start-and-end-exchanged", "Start and end were cosigned in the place of each other.", func(c *cosigned) { c.start, c.size = c.size, c.start }),
		of("label-without-zero", "The label was cosigned without its zero byte.", func(c *cosigned) { c.label = "subtree/v1\n" }),
		of("label-without-line-feed", "The label was cosigned without its line feed.", func(c *cosigned) { c.label = "subtree/v1\x00" }),
		of("label-of-version-2", "The label is of another version.", func(c *cosigned) { c.label = "subtree/v2\n\x00" }),
		of("label-of-type-04", "The label is that of Ed25519 cosignatures.", func(c *cosigned) { c.label = "cosignature/v1\n\x00" }),
		raw("plain-signature", "The text itself was signed, as a log does.", []byte(text)),
		raw("message-of-type-04", "The message of Ed25519 cosignatures was signed.", ed25519Message),
		raw("message-longer", "A zero byte follows the message.", append(slices.Clone(message), 0)),
		raw("message-cut", "The message lacks its last byte.", message[:len(message)-1]),
		raw("message-hashed", "The hash of the message was signed.", shaBytes(message)),
		raw("message-of-pure-signing", "The two zero bytes that the algorithm puts before a message are there twice.", append([]byte{0, 0}, message...)),
		bad("with-context", "The message was signed with a context.", head+k.line(timed(time, latticeSign(latticeSecret(k.name), message, "subtree/v1")))),
	}
}

// badLatticeCosignatures are not of the witness, or not of a checkpoint.
func badLatticeCosignatures() []vector {
	const time = latticeTime
	text, head, k := latticeText, latticeHead, lattice1
	bad := func(name, comment, note string) vector {
		return badLatticeCosignature(name, "signature", comment, note)
	}
	good := k.cosignature(text, time)
	return []vector{
		bad("absent", "The witness has no line.", head),
		bad("of-other-witness", "Another witness cosigned.", head+lattice2.cosign(text, time)),
		bad("of-other-witness-under-the-name", "Another witness cosigned under this one's name.", head+lattice2.as(k.name).cosign(text, time)),
		bad("of-other-key-under-name-and-id", "Another witness's signature has name and key id of this one.", head+k.line(lattice2.as(k.name).cosignature(text, time))),
		bad("under-other-name", "The witness cosigned under another name.", head+k.as("lattice.example/9").cosign(text, time)),
		bad("under-id-of-type-04", "The line has the key id of the same bytes with the type 0x04.", head+k.ofType(4).line(good)),
		bad("of-ed25519", "An Ed25519 cosignature has name and key id of the witness.", head+k.line(w1.cosignature(text, time))),
		bad("two-first-fails", "Of two lines of the witness the first does not verify.", head+k.line(timed(time+1, good[8:]))+k.cosign(text, time)),
		bad("two-second-fails", "Of two lines of the witness the second does not verify.", head+k.cosign(text, time)+k.line(timed(time+1, good[8:]))),
		badLatticeCosignature("extension-line", "form", "The checkpoint has a fourth line, which the message would not have.", text+"extension\n\n"+k.cosign(text, time)),
		badLatticeCosignature("two-lines-of-text", "form", "The checkpoint has no root.", "ledger.example/2026\n9\n\n"+k.cosign(text, time)),
	}
}

// The parts of an ML-DSA-44 signature (FIPS 204, algorithm 26), behind the time: the
// commitment's hash, z, and the hint, which is the indexes of its ones, polynomial by
// polynomial, in 80 bytes, and behind them for each of the four where its indexes end.
const (
	atZ    = 8 + 32
	atHint = atZ + 4*576
	atEnds = atHint + 80
	atLast = atEnds + 4
)

// malformedLatticeCosignatures have a good message and a signature with a fault.
func malformedLatticeCosignatures() []vector {
	good := lattice1.cosignature(latticeText, latticeTime)
	ends := good[atEnds:]
	if len(good) != atLast || ends[0] < 2 || ends[3] >= 79 {
		panic("this hint leaves no room for the faults")
	}
	of := func(name, comment string, sig []byte) vector {
		return badLatticeCosignature(name, "signature", comment, latticeHead+lattice1.line(sig))
	}
	change := func(name, comment string, do func(sig []byte)) vector {
		sig := slices.Clone(good)
		do(sig)
		return of(name, comment, sig)
	}
	return []vector{
		of("of-2427-bytes", "The cosignature lacks its last byte.", good[:2427]),
		of("of-2429-bytes", "The cosignature has a byte too many, a zero.", append(slices.Clone(good), 0)),
		of("of-2420-bytes", "The time is missing.", good[8:]),
		of("of-8-bytes", "The cosignature is a time alone.", good[:8]),
		of("of-7-bytes", "The cosignature is not even a time.", good[:7]),
		of("of-72-bytes", "The cosignature is as long as one of Ed25519.", good[:72]),
		of("of-zeros", "The signature is zeros.", timed(latticeTime, make([]byte, 2420))),
		of("of-ones", "All bits of the signature are ones.", timed(latticeTime, slices.Repeat([]byte{0xff}, 2420))),
		change("c-flipped", "A bit of the commitment's hash is flipped.", func(sig []byte) { sig[8] ^= 1 }),
		change("z-flipped", "A bit of z is flipped.", func(sig []byte) { sig[atZ+100] ^= 1 }),
		change("hint-one-moved", "The last index of the hint's last polynomial is another.", func(sig []byte) { sig[atHint+int(ends[3])-1] ^= 1 }),
		change("hint-unused-byte", "A byte of the hint behind its last index is not zero, which changes nothing that it says.", func(sig []byte) { sig[atEnds-1] = 1 }),
		change("hint-out-of-order", "The first two indexes of the hint are exchanged, which changes nothing that it says.", func(sig []byte) {
			sig[atHint], sig[atHint+1] = sig[atHint+1], sig[atHint]
		}),
		change("hint-doubled", "The first index of the hint is there twice, which changes nothing that it says.", func(sig []byte) {
			copy(sig[atHint+1:atEnds], good[atHint:atEnds-1])
			for i := range 4 {
				sig[atEnds+i]++
			}
		}),
		change("hint-ends-decrease", "The second polynomial of the hint ends before the first.", func(sig []byte) { sig[atEnds+1] = ends[0] - 1 }),
		change("hint-of-81", "The hint has an index more than it may have.", func(sig []byte) { sig[atEnds+3] = 81 }),
		change("hint-of-255", "The hint's indexes end behind the signature.", func(sig []byte) { sig[atEnds], sig[atEnds+1], sig[atEnds+2], sig[atEnds+3] = 255, 255, 255, 255 }),
	}
}
