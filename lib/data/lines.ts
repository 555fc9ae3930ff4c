/** @file Line numbers as people read them. */

/** ["2 blank lines (1, 5-9)"], or nothing for none. */
export function listLines(what: string, lines: number[]): string[] {
  if (lines.length === 0) return [];
  const ranges: [number, number][] = [];
  for (const line of [...lines].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && line === last[1] + 1) last[1] = line;
    else ranges.push([line, line]);
  }
  const shown = ranges.slice(0, 5).map(([a, b]) => a === b ? `${a}` : `${a}-${b}`);
  if (ranges.length > 5) shown.push("…");
  const n = lines.length;
  return [`${n} ${what}${n === 1 ? "" : "s"} (line${n === 1 ? "" : "s"} ${shown.join(", ")})`];
}
