/**
 * @file The `__metadata__` of a safetensors file. It is apart from its tensors' encoding, which is in the key of every job: jobs
 * write none.
 */

/** Where the JSON header of a file ends, and the header itself. */
function headerOf(bytes: Uint8Array): { end: number; header: Record<string, unknown> } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 8 + Number(view.getBigUint64(0, true));
  return { end, header: JSON.parse(new TextDecoder().decode(bytes.subarray(8, end))) };
}

/** An encoded file with metadata in its header, which stays padded to 8 bytes. */
export function withMetadata(
  bytes: Uint8Array,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const { end, header } = headerOf(bytes);
  const encoder = new TextEncoder();
  const json = encoder.encode(JSON.stringify({ __metadata__: metadata, ...header }));
  const head = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(" ".charCodeAt(0));
  head.set(json);
  const out = new Uint8Array(8 + head.length + bytes.length - end);
  new DataView(out.buffer).setBigUint64(0, BigInt(head.length), true);
  out.set(head, 8);
  out.set(bytes.subarray(end), 8 + head.length);
  return out;
}

/** The metadata of a file; none is an empty record. */
export function metadataOf(bytes: Uint8Array): Record<string, string> {
  return (headerOf(bytes).header.__metadata__ ?? {}) as Record<string, string>;
}
