/**
 * @file Takes the file out of a zip or gzip wrapping, recognised by its first bytes: names lie. Lengths and checksums are
 * checked, and what would unpack to more than is allowed is refused before it fills the memory.
 */
import { crc32, inflateRawSync } from "node:zlib";
import { DataError } from "./data_error.ts";
import { type Entry as ZipEntry, zipEntries } from "./zip.ts";

/** Bytes that a file may unpack to where nothing else is known: what one string of V8 can hold. */
export const MOST_BYTES = 2 ** 29 - 24;

/**
 * The bytes of the file itself.
 * @param member path inside a zip archive; not needed when the archive has one file.
 * @param most bytes that the file may unpack to.
 * @throws DataError naming the members that exist when `member` is not among them, damage with what is damaged, and a file that
 * unpacks to more than `most`.
 */
export function extract(
  bytes: Uint8Array,
  member: string | undefined,
  file: string,
  most: number = MOST_BYTES,
): Uint8Array {
  if (isZip(bytes)) {
    const entry = chooseMember(zipEntries(bytes, file), member, file);
    const place = `${file}, member ${entry.name}`;
    return extract(unzip(entry, place, most), undefined, place, most);
  }
  // What is named as a member may be what is left once a mirror has unpacked the archive.
  if (isGzip(bytes)) return gunzip(bytes, file, most);
  if (member !== undefined) {
    throw new DataError({ file }, `not a zip archive, so it has no member ${member}.`);
  }
  return bytes;
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b &&
    (bytes[2] === 3 && bytes[3] === 4 || bytes[2] === 5 && bytes[3] === 6);
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function chooseMember(entries: ZipEntry[], member: string | undefined, file: string): ZipEntry {
  const files = entries.filter(({ name }) => !name.endsWith("/") && !/(^|\/)__MACOSX\//.test(name));
  const names = files.map(({ name }) => name);
  const document = names.includes("[Content_Types].xml")
    ? "an Office document (such as an Excel workbook)"
    : names.includes("mimetype") && names.includes("content.xml")
    ? "an OpenDocument file"
    : undefined;
  if (document !== undefined) {
    throw new DataError(
      { file },
      `${document}, not text. Save the sheet as CSV UTF-8 and read that.`,
    );
  }
  const found = member === undefined && files.length === 1
    ? files[0]
    : files.find(({ name }) => name === member);
  if (found) return found;
  const problem = member === undefined
    ? `a zip archive of ${files.length} files, but no member is named`
    : `no member ${JSON.stringify(member)}`;
  const shown = names.slice(0, 20).join(", ") +
    (names.length > 20 ? `, … (${names.length} in all)` : "");
  throw new DataError(
    { file },
    `${problem}. The archive has: ${shown || "no files"}.` +
      (names.length > 0 ? ` Choose one with --member ${names[0]}.` : ""),
  );
}

function unzip({ data, method, size, crc }: ZipEntry, file: string, most: number): Uint8Array {
  if (size > most) throw tooLarge(file, most);
  if (method !== 0 && method !== 8) {
    throw new DataError(
      { file },
      `compressed with method ${method}. Stored and deflated members can be read: unpack it first.`,
    );
  }
  const bytes = method === 0 ? data : inflate(data, file, most).bytes;
  if (bytes.length !== size) throw damaged(file, `${bytes.length} bytes, its entry says ${size}`);
  if (crc32(bytes) !== crc) throw damaged(file, "its checksum (CRC-32) differs");
  return bytes;
}

/** All members of a gzip file, one after another (RFC 1952, section 2.2). */
function gunzip(bytes: Uint8Array, file: string, most: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (let at = 0; at < bytes.length;) {
    if (!isGzip(bytes.subarray(at))) {
      // Tape blocks and some writers pad with zero bytes, as gzip itself accepts.
      if (bytes.subarray(at).every((byte) => byte === 0)) break;
      throw damaged(file, `after ${at} bytes comes neither another member nor the end`);
    }
    const start = at + headerLength(bytes.subarray(at), file);
    const part = inflate(bytes.subarray(start), file, most - total);
    const trailer = start + part.used;
    if (trailer + 8 > bytes.length) throw damaged(file, "it ends too early");
    const view = new DataView(bytes.buffer, bytes.byteOffset + trailer, 8);
    if (view.getUint32(0, true) !== crc32(part.bytes)) {
      throw damaged(file, "its checksum (CRC-32) differs");
    }
    if (view.getUint32(4, true) !== part.bytes.length % 2 ** 32) {
      throw damaged(file, "its length differs");
    }
    parts.push(part.bytes);
    total += part.bytes.length;
    at = trailer + 8;
  }
  if (parts.length === 1) return parts[0];
  const out = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Of one member: ten bytes, then what its flags announce. */
function headerLength(bytes: Uint8Array, file: string): number {
  const flags = bytes[3];
  if (bytes[2] !== 8 || flags === undefined || flags & 0xe0) throw damaged(file, "its header");
  let at = 10;
  if (flags & 4) at += 2 + bytes[at] + 256 * bytes[at + 1];
  for (const flag of [8, 16]) {
    if (!(flags & flag)) continue;
    const end = bytes.indexOf(0, at);
    at = end < 0 ? NaN : end + 1;
  }
  if (flags & 2) at += 2;
  if (!(at <= bytes.length)) throw damaged(file, "it ends too early");
  return at;
}

function inflate(
  bytes: Uint8Array,
  file: string,
  most: number,
): { bytes: Uint8Array; used: number } {
  try {
    // A limit of zero would mean none.
    const options = { info: true, maxOutputLength: Math.max(1, most) };
    const { buffer, engine } = inflateRawSync(bytes, options) as unknown as {
      buffer: Uint8Array;
      engine: { bytesWritten: number };
    };
    return {
      bytes: new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength),
      used: engine.bytesWritten,
    };
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(file, most, cause);
    throw damaged(file, message, cause);
  }
}

function damaged(file: string, why: string, cause?: unknown): DataError {
  return new DataError(
    { file },
    `the archive is damaged: ${why}. Fetch or compress the file again.`,
    { cause },
  );
}

function tooLarge(file: string, most: number, cause?: unknown): DataError {
  return new DataError(
    { file },
    `unpacks to more than ${most} bytes, ${
      most === MOST_BYTES ? "the most that is read" : "the size that is stated for it"
    }.`,
    { cause },
  );
}
