/** @file What somebody meant who wrote a name that is none: the names that there are, by edit distance. */

/** Names in the order of their edit distance from one that was meant; equally near ones as they stood. */
export function nearestFirst(meant: string, names: readonly string[]): string[] {
  const distance = new Map(names.map((name) => [name, editDistance(meant, name)]));
  return names.toSorted((a, b) => distance.get(a)! - distance.get(b)!);
}

/** Letters to insert, delete or replace (Levenshtein 1966). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1])));
    }
    row = next;
  }
  return row[b.length];
}
