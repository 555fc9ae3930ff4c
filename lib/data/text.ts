/** @file Bytes to text: the encoding is found by byte order mark, zero bytes and validity, in this order, and never guessed past damage. */
import { DataError } from "./data_error.ts";

/** A file as text. */
export interface Decoded {
  /** Without byte order mark; lines end in "\n". */
  text: string;
  /** Its encoding as people write it: UTF-8, UTF-16 LE, UTF-16 BE, Windows-1252, or what was asked for. */
  encoding: string;
}

/** First bytes of what is often met under a name that ends in .csv. Zip and gzip are unpacked before. */
const KINDS: [number[], string][] = [
  [[0x42, 0x5a, 0x68], "compressed with bzip2: unpack it first"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "compressed with xz: unpack it first"],
  [[0x28, 0xb5, 0x2f, 0xfd], "compressed with Zstandard: unpack it first"],
  [[0x37, 0x7a, 0xbc, 0xaf], "a 7z archive: unpack it first"],
  [[0x50, 0x41, 0x52, 0x31], "a Parquet file: export it as CSV"],
  [[0x41, 0x52, 0x52, 0x4f, 0x57], "an Arrow file: export it as CSV"],
  [[0xd0, 0xcf, 0x11, 0xe0], "an old Excel workbook (.xls): save the sheet as CSV"],
  [[0x89, 0x48, 0x44, 0x46], "an HDF5 file: export it as CSV"],
  [[0x93, 0x4e, 0x55, 0x4d], "a NumPy array: export it with numpy.savetxt"],
  [[0x53, 0x51, 0x4c, 0x69], "an SQLite database: export a table as CSV"],
  [[0x25, 0x50, 0x44, 0x46], "a PDF: its tables must be exported as CSV"],
];

const NAMES: Record<string, string> = {
  "utf-8": "UTF-8",
  "utf-16le": "UTF-16 LE",
  "utf-16be": "UTF-16 BE",
  "windows-1252": "Windows-1252",
};

/**
 * Text of a file.
 * @param encoding a label of the Encoding Standard, such as `utf-8`, `latin1` or `shift_jis`; absent: found.
 * @throws DataError for an empty file, a binary one, an unknown label, and bytes that are not of the encoding.
 */
export function decode(bytes: Uint8Array, file: string, encoding?: string): Decoded {
  if (bytes.length === 0) throw new DataError({ file }, "the file is empty (0 bytes).");
  const label = encoding === undefined ? findEncoding(bytes, file) : known(encoding, file);
  const decoder = new TextDecoder(label, { fatal: true });
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new DataError({ file }, `not ${NAMES[decoder.encoding] ?? label} throughout.`, { cause });
  }
  refuseMarkup(text, file);
  const control = findControl(text);
  if (control >= 0) {
    throw new DataError(
      { file, line: lineAt(text, control) },
      `a binary file? The character with code ${text.charCodeAt(control)} does not occur in text.` +
        " Expected a text file of delimited numbers.",
    );
  }
  return {
    text: text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text,
    encoding: NAMES[decoder.encoding] ?? decoder.encoding,
  };
}

/** Texts that are no tables: what a server or a version control gives in the place of one, or another format. */
const MARKUP: [RegExp, string][] = [
  // Not the names <DATE>,<TIME>,<OPEN> of an export of prices.
  [
    /^\s*<(?!\w+>[,;\t|])/,
    "an HTML or XML page, perhaps the message of a server. Fetch the file itself",
  ],
  [/^\s*[{[]/, "JSON. Export it as CSV"],
  [/^version https:\/\/git-lfs/, "a Git LFS pointer, not the file. Fetch it with git lfs pull"],
  [/^(?:[^\S\n]*(?:%[^\n]*)?\n)*[^\S\n]*@relation\b/i, "an ARFF file. Export it as CSV"],
];

function refuseMarkup(text: string, file: string): void {
  const found = MARKUP.find(([start]) => start.test(text.slice(0, 10_000)));
  if (found) throw new DataError({ file }, `${found[1]}: expected rows of delimited numbers.`);
}

function known(label: string, file: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    throw new DataError(
      { file },
      `the encoding ${JSON.stringify(label)} is not known. Allowed: utf-8, utf-16le, utf-16be, ` +
        "windows-1252 (latin1) and the other labels of the Encoding Standard.",
    );
  }
}

function findEncoding(bytes: Uint8Array, file: string): string {
  for (const [start, kind] of KINDS) {
    if (start.every((byte, i) => bytes[i] === byte)) {
      throw new DataError({ file }, `not text, but ${kind}.`);
    }
  }
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xfe && c === 0 && d === 0 || a === 0 && b === 0 && c === 0xfe) {
    throw new DataError({ file }, "UTF-32 is not read. Save the file as UTF-8.");
  }
  if (a === 0xff && b === 0xfe) return "utf-16le";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  // Digits and delimiters have a zero byte in UTF-16, on one side.
  const head = bytes.subarray(0, 4096);
  const zeros = [0, 0];
  head.forEach((byte, i) => zeros[i % 2] += byte === 0 ? 1 : 0);
  if (bytes.length % 2 === 0 && Math.max(...zeros) > 0.3 * head.length / 2) {
    if (zeros[0] === 0) return "utf-16le";
    if (zeros[1] === 0) return "utf-16be";
  }
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return "utf-8";
  } catch {
    refuseDamagedUtf8(bytes, file);
    return "windows-1252";
  }
}

/** Text of one byte a character seldom forms pairs that are valid in UTF-8: where some do, the others are damage. */
function refuseDamagedUtf8(bytes: Uint8Array, file: string): void {
  const text = new TextDecoder().decode(bytes);
  let valid = 0, invalid = 0;
  // deno-lint-ignore no-control-regex
  for (const [run] of text.matchAll(/[^\x00-\x7f]/g)) run === "\ufffd" ? invalid++ : valid++;
  if (valid === 0 || valid < invalid) return;
  throw new DataError(
    { file, line: lineAt(text, text.indexOf("\ufffd")) },
    `a byte that is not UTF-8, in a file that is UTF-8 elsewhere (${valid} characters). Mend it, or ` +
      "name the encoding: --encoding windows-1252.",
  );
}

function findControl(text: string): number {
  // deno-lint-ignore no-control-regex
  return text.search(/[\x00-\x08\x0e-\x19\x1b-\x1f]/);
}

/** The 1-based line of a character. */
export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < index; at = text.indexOf("\n", at + 1)) line++;
  return line;
}
