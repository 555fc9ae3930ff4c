/**
 * @file Bytes as words, in which a tokenizer merges: the split of GPT-2, and bytes that are no UTF-8 kept as they are, so that what is
 * split is whatever was given.
 */

/** Contractions, letters, digits or other signs after at most one space, and spaces (Radford et al. 2019, their encoder.py). */
const pattern = /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** The words of a text, in order; together they are the text. */
export function wordsOf(text: string): string[] {
  return text.match(pattern) ?? [];
}

/**
 * Bytes as text. Each byte that is part of no UTF-8 becomes a lone surrogate, U+DC00 plus the byte (PEP 383), which no UTF-8 gives.
 */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return escaped(bytes);
  }
}

/** The inverse of {@linkcode textOf}; other lone surrogates are written as U+FFFD, as encoders do. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  if (!/[\udc80-\udcff]/.test(text)) return encoder.encode(text);
  const parts = Array.from(text, (character) => {
    const code = character.codePointAt(0)!;
    return code >= 0xdc80 && code <= 0xdcff
      ? Uint8Array.of(code - 0xdc00)
      : encoder.encode(character);
  });
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Well-formed parts are decoded, single bytes of others escaped. */
function escaped(bytes: Uint8Array): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let from = 0;
  for (let at = 0; at < bytes.length;) {
    const length = sequenceAt(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    text += decoder.decode(bytes.subarray(from, at)) + String.fromCharCode(0xdc00 + bytes[at]);
    from = ++at;
  }
  return text + decoder.decode(bytes.subarray(from));
}

/** Bytes of the UTF-8 sequence that starts there, 0 where none does (The Unicode Standard, table 3-7). */
function sequenceAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at];
  if (lead < 0x80) return 1;
  const length = lead >= 0xc2 && lead <= 0xdf
    ? 2
    : lead >= 0xe0 && lead <= 0xef
    ? 3
    : lead >= 0xf0 && lead <= 0xf4
    ? 4
    : 0;
  if (at + length > bytes.length) return 0;
  const [low, high] = secondOf[lead] ?? [0x80, 0xbf];
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i];
    if (byte < (i === 1 ? low : 0x80) || byte > (i === 1 ? high : 0xbf)) return 0;
  }
  return length;
}

/** Leads after which not every continuation may follow: neither overlong forms, nor surrogates, nor what lies beyond U+10FFFF. */
const secondOf: Readonly<Record<number, readonly [number, number]>> = {
  0xe0: [0xa0, 0xbf],
  0xed: [0x80, 0x9f],
  0xf0: [0x90, 0xbf],
  0xf4: [0x80, 0x8f],
};
