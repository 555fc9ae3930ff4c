/** @file Errors of the system that are nobody's defect, in words. */

const FULL = "Free some space and run the same command again: what was finished is kept.";

/** What happened, and what to do; by the system's code. */
const BY_CODE: Record<string, [what: string, next: string]> = {
  ENOSPC: ["the disk is full", FULL],
  EDQUOT: ["the quota of the disk is used up", FULL],
  EFBIG: ["a file would be larger than files may be", "Raise the limit (ulimit -f)."],
  EROFS: ["the disk may only be read", "Choose another place with --store."],
  EIO: ["the disk, or what it is attached by, has failed", "Look at the system's log."],
  EMFILE: ["too many files are open", "Raise the limit (ulimit -n) or use fewer --jobs."],
  ENFILE: ["too many files are open", "Raise the system's limit."],
  ENOMEM: ["memory has run out", "Use fewer --jobs."],
};

const WORDS: [RegExp, string][] = [
  [/no space left on device|out of disk space/i, "ENOSPC"],
  [/file too large/i, "EFBIG"],
];

/** A line about an error of the system; undefined for any other. */
export function systemError(error: unknown): string | undefined {
  const { code, message } = error as { code?: string; message?: string };
  const known = (Object.hasOwn(BY_CODE, code ?? "") ? BY_CODE[code!] : undefined) ??
    // DuckDB's, and some of Deno's, come without a code.
    BY_CODE[WORDS.find(([words]) => words.test(message ?? ""))?.[1] ?? ""];
  if (!known) return undefined;
  const [what, next] = known;
  return `${what} (${message}). ${next}`;
}
