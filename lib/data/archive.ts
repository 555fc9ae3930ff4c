/**
 * @file Takes the file out of a zip or gzip wrapping, recognised by its first bytes: names lie.
 */
import { gunzipSync, unzipSync } from "fflate";
import { DataError } from "./data_error.ts";

/**
 * The bytes of the file itself.
 * @param member path inside a zip archive; required when the bytes are one.
 * @throws DataError naming the members that exist when `member` is not among them.
 */
export function extract(bytes: Uint8Array, member: string | undefined, file: string): Uint8Array {
  if (isZip(bytes)) {
    const names: string[] = [];
    const found = guard(file, () =>
      unzipSync(bytes, {
        filter: ({ name }) => {
          names.push(name);
          return name === member;
        },
      }));
    if (member === undefined || !(member in found)) {
      const problem = member === undefined
        ? "a zip archive, but no member is named"
        : `no member ${JSON.stringify(member)}`;
      throw new DataError({ file }, `${problem}. The archive has: ${names.join(", ")}.`);
    }
    return extract(found[member], undefined, `${file}, member ${member}`);
  }
  if (isGzip(bytes)) return guard(file, () => gunzipSync(bytes));
  if (member !== undefined) {
    throw new DataError({ file }, `not a zip archive, so it has no member ${member}.`);
  }
  return bytes;
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 0x03 && bytes[3] === 0x04;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function guard<T>(file: string, unpack: () => T): T {
  try {
    return unpack();
  } catch (cause) {
    throw new DataError({ file }, `the archive is damaged: ${(cause as Error).message}`, { cause });
  }
}
