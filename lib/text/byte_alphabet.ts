/**
 * @file A visible character for every byte, so that any bytes can be written as text in a vocabulary (Radford et al. 2019, section 2.2).
 *
 * The 188 bytes that Latin-1 prints stand for themselves; the others become the characters from U+0100 on, in order.
 */

const printed = (byte: number) =>
  byte >= 0x21 && byte <= 0x7e || byte >= 0xa1 && byte <= 0xac || byte >= 0xae;

/** The character of each byte, by its value. */
export const characterOf: readonly string[] = (() => {
  let next = 0x100;
  return Array.from(
    { length: 256 },
    (_, byte) => String.fromCharCode(printed(byte) ? byte : next++),
  );
})();

/** The byte of each character. */
export const byteOf: ReadonlyMap<string, number> = new Map(
  characterOf.map((character, byte) => [character, byte]),
);

/** All characters by code point: the order of the first 256 entries of a vocabulary. */
export const alphabet: readonly string[] = characterOf.toSorted();

/** Bytes in the alphabet. */
export function writtenIn(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += characterOf[byte];
  return text;
}

/** The bytes that a text of the alphabet stands for. @throws {RangeError} for a character that is none of it */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => {
    const byte = byteOf.get(character);
    if (byte !== undefined) return byte;
    throw new RangeError(
      `token ${JSON.stringify(text)}: ${
        JSON.stringify(character)
      } stands for no byte; expected the 256 characters of byte-level tokenizers`,
    );
  });
}
