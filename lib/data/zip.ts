/** @file The directory of a zip archive (PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16). */
import { DataError } from "./data_error.ts";

/** A file of the archive, still compressed. */
export interface Entry {
  /** Path inside the archive. */
  name: string;
  /** Its compressed bytes. */
  data: Uint8Array;
  /** 0: stored, 8: deflated. */
  method: number;
  /** Bytes once unpacked, as the directory says. */
  size: number;
  /** CRC-32 of the unpacked bytes. */
  crc: number;
}

const END = 0x06054b50, DIRECTORY = 0x02014b50, LOCAL = 0x04034b50;

/** The files of an archive. @throws DataError for a damaged directory, an encrypted file, or an archive of more than 4 GB. */
export function zipEntries(bytes: Uint8Array, file: string): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged = (why: string) =>
    new DataError({ file }, `the archive is damaged: ${why}. Fetch or compress the file again.`);
  const end = findEnd(view);
  if (end === undefined) throw damaged("its directory is missing");
  const entries: Entry[] = [];
  let at = view.getUint32(end + 16, true);
  const count = view.getUint16(end + 10, true);
  if (at === 0xffffffff || count === 0xffff) {
    throw new DataError({ file }, "a zip64 archive. Unpack it first.");
  }
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== DIRECTORY) {
      throw damaged(`entry ${i + 1} of its directory`);
    }
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [crc, packed, size] = [16, 20, 24].map((offset) => view.getUint32(at + offset, true));
    const [nameLength, extra, comment] = [28, 30, 32].map((o) => view.getUint16(at + o, true));
    const local = view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    at += 46 + nameLength + extra + comment;
    if (flags & 1) {
      throw new DataError({ file }, `its member ${name} is encrypted. Unpack it first.`);
    }
    if (local + 30 > bytes.length || view.getUint32(local, true) !== LOCAL) {
      throw damaged(`the header of ${name}`);
    }
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (start + packed > bytes.length) throw damaged(`${name} ends too early`);
    entries.push({ name, data: bytes.subarray(start, start + packed), method, size, crc });
  }
  return entries;
}

/** The last record may be followed by a comment of up to 65,535 bytes. */
function findEnd(view: DataView): number | undefined {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 65_557); at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  return undefined;
}
