/** @file Metadata of safetensors: read back, and the tensors beside it untouched. */
import assert from "node:assert/strict";
import { tensor } from "../../../lib/tensor/tensor.ts";
import { decodeTensors, encodeTensors } from "../../../pipeline/store/safetensors.ts";
import { metadataOf, withMetadata } from "../../../pipeline/store/safetensors_metadata.ts";

const tensors = {
  b: tensor([1.5, -2, 1e-30], [3], "float64"),
  a: tensor([3, 4], [2, 1]),
  empty: tensor([], [0]),
};

Deno.test("metadata is read back, tensors stay as they are and aligned", () => {
  const plain = encodeTensors(tensors);
  assert.deepEqual(metadataOf(plain), {});
  for (const metadata of [{}, { commit: "abc" }, { é: 'quoted "text"\n', n: "1" }]) {
    const bytes = withMetadata(plain, metadata as Record<string, string>);
    assert.deepEqual(metadataOf(bytes), metadata);
    assert.deepEqual(decodeTensors(bytes), tensors);
    const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    assert.equal(header % 8, 0);
    const json = new TextDecoder().decode(bytes.subarray(8, 8 + header));
    assert.deepEqual(JSON.parse(json).__metadata__, metadata);
    assert.deepEqual(bytes.subarray(8 + header), plain.subarray(-8 * 3 - 4 * 2));
  }
});

Deno.test("a file inside a larger buffer", () => {
  const plain = encodeTensors(tensors);
  const around = new Uint8Array(plain.length + 13).fill(7);
  around.set(plain, 5);
  const bytes = withMetadata(around.subarray(5, 5 + plain.length), { k: "v" });
  assert.deepEqual(decodeTensors(bytes), tensors);
  assert.deepEqual(metadataOf(bytes), { k: "v" });
});
