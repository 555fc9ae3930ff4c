/** @file Sentences as a page shows them: short where there is a list of them, with real minus signs everywhere. */

/** Most words of a finding in a list; the page of its experiment has the whole. */
export const MOST_WORDS = 25;

/** No line begins with the per cent sign of a number, and a number below zero has a minus, not a hyphen. */
export function prose(text: string): string {
  return text.replace(/(\d) %/g, "$1\u00a0%")
    .replace(/(^|[\s([])-(?=[\d.])/g, "$1−")
    .replace(/(\d)e-(\d)/g, "$1e−$2")
    .replace(/(?<![\d.])0(?:\.0+)?e[+-]?0+\b/g, "0")
    .replace(/\+-(?=\d)/g, "±");
}

/** How many words a sentence has: what stands between spaces, an interval in brackets or a number with its unit being one. */
export function wordsIn(text: string): number {
  return pieces(text).length;
}

/** A bracket does not fall apart, nor a number and its unit. */
function pieces(text: string): string[] {
  return text.trim().match(/\[[^\]]*\][,.;:)]*|[\d.,−-]+\s%[,.;:)]*|\S+/g) ?? [];
}

/**
 * The beginning of a text, at most {@linkcode MOST_WORDS} words of it, cut where a sentence or a part of one ends if that leaves
 * more than a third, else in the middle with an ellipsis.
 */
export function shortened(text: string, most = MOST_WORDS): string {
  const words = pieces(text);
  if (words.length <= most) return text.trim();
  const kept = words.slice(0, most);
  for (let end = most; end > most / 3; end--) {
    const last = kept[end - 1];
    if (/[.!?]$/.test(last)) return kept.slice(0, end).join(" ");
    if (/[;:]$/.test(last)) return `${kept.slice(0, end).join(" ").slice(0, -1)} …`;
  }
  return `${kept.join(" ").replace(/[,;:]$/, "")} …`;
}

/** Findings that say whether the measurement can be trusted, not what was measured: they stand with the method. */
const CHECK = /^(Verified|Unit test|Leak test|Learning rates?\b|The best learning rate\b)/;

/** What was found, and what was checked. */
export function sorted(findings: readonly string[]): { found: string[]; checked: string[] } {
  return {
    found: findings.filter((finding) => !CHECK.test(finding)),
    checked: findings.filter((finding) => CHECK.test(finding)),
  };
}
