// What was found out once of the same bytes. A dossier has each record twice, and one
// checkpoint under many receipts.

/** How many answers are kept: past it all are forgotten, so that no file fills the memory. */
const most = 65536;

/** f, which says the same of the same, asked once for each name. */
export function remember<A extends unknown[], T>(name: (...args: A) => string, f: (...args: A) => T): (...args: A) => T {
  const known = new Map<string, { value: T }>();
  return (...args) => {
    const key = name(...args);
    const before = known.get(key);
    if (before !== undefined) return before.value;
    const value = f(...args);
    if (known.size >= most) known.clear();
    known.set(key, { value });
    return value;
  };
}
