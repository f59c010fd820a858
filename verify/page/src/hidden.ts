// The characters that no title may have (FORMATS.md, section 2.4), because a reader would
// not see them, or see others. Other strangers' strings are shown with these written out.

/**
 * What hides, beside the last two of every plane and everything from E0000 on: controls,
 * spaces that are not U+0020, what is invisible, reorders, selects variants, or is not
 * assigned for ever.
 */
const hidden: readonly (readonly [number, number])[] = [
  [0x0000, 0x001f], [0x007f, 0x00a0], [0x00ad, 0x00ad], [0x034f, 0x034f], [0x061c, 0x061c], [0x115f, 0x1160],
  [0x1680, 0x1680], [0x17b4, 0x17b5], [0x180b, 0x180f], [0x2000, 0x200f], [0x2028, 0x202f], [0x205f, 0x206f],
  [0x2800, 0x2800], [0x3000, 0x3000], [0x3164, 0x3164], [0xd800, 0xf8ff], [0xfdd0, 0xfdef], [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff], [0xffa0, 0xffa0], [0xfff0, 0xffff], [0x1bca0, 0x1bca3], [0x1d173, 0x1d17a],
];

export function isHidden(code: number): boolean {
  return code >= 0xe0000 || (code & 0xfffe) === 0xfffe || hidden.some(([from, to]) => from <= code && code <= to);
}
