/** @file Slips in a text or in bytes that were right: what damaged and hand-written files look like. */
import fc, { type Arbitrary } from "fast-check";

/** Even over the length: fc.double is even over its bits, which are nearly all next to 0. */
const share = fc.integer({ min: 0, max: 10_000 }).map((n) => n / 10_000);

interface Slip {
  kind: "delete" | "insert" | "replace" | "double" | "cut" | "swap";
  /** Place as a share of the length. */
  at: number;
  length: number;
  with: string;
}

/** @param pieces what is inserted, beside any characters. */
export function mutated(texts: Arbitrary<string>, pieces: readonly string[]): Arbitrary<string> {
  const slip: Arbitrary<Slip> = fc.record({
    kind: fc.constantFrom("delete", "insert", "replace", "double", "cut", "swap"),
    at: share,
    length: fc.integer({ min: 0, max: 12 }),
    with: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4, unit: "grapheme" })),
  });
  return fc.tuple(texts, fc.array(slip, { maxLength: 4 }))
    .map(([text, slips]) => slips.reduce(applied, text));
}

function applied(text: string, slip: Slip): string {
  const at = Math.floor(slip.at * text.length);
  const [before, part, after] = [
    text.slice(0, at),
    text.slice(at, at + slip.length),
    text.slice(at + slip.length),
  ];
  switch (slip.kind) {
    case "delete":
      return before + after;
    case "insert":
      return before + slip.with + part + after;
    case "replace":
      return before + slip.with + after;
    case "double":
      return before + part + part + after;
    case "cut":
      return before;
    case "swap": {
      const lines = text.split("\n");
      const i = Math.min(lines.length - 1, Math.floor(slip.at * lines.length));
      const j = (i + slip.length) % lines.length;
      [lines[i], lines[j]] = [lines[j], lines[i]];
      return lines.join("\n");
    }
  }
}

/** Bytes with a few of them changed, lost or added. */
export function damaged(files: Arbitrary<Uint8Array>): Arbitrary<Uint8Array> {
  const slip = fc.record({
    kind: fc.constantFrom("flip", "cut", "drop", "add"),
    at: share,
    byte: fc.integer({ min: 1, max: 255 }),
  });
  return fc.tuple(files, fc.array(slip, { maxLength: 3 })).map(([bytes, slips]) => {
    let now = bytes;
    for (const { kind, at, byte } of slips) {
      const i = Math.min(now.length - 1, Math.floor(at * now.length));
      if (now.length === 0) break;
      if (kind === "cut") now = now.slice(0, i);
      else if (kind === "flip") now = Uint8Array.from(now, (b, k) => k === i ? b ^ byte : b);
      else if (kind === "drop") now = Uint8Array.from([...now.slice(0, i), ...now.slice(i + 1)]);
      else now = Uint8Array.from([...now.slice(0, i), byte, ...now.slice(i)]);
    }
    return now;
  });
}
