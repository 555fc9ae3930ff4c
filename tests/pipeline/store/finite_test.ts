/** @file Results that are no numbers are no results, wherever in a result they are. */
import assert from "node:assert/strict";
import type { StageResult } from "../../../pipeline/stage.ts";
import { checkFinite } from "../../../pipeline/store/finite.ts";

const tensor = (shape: number[], ...data: number[]) =>
  ({ dtype: "float32", shape, data: Float32Array.from(data) }) as const;
const json = (value: unknown): StageResult => ({ files: { "s.json": { json: value } } });
const tensors = (w: ReturnType<typeof tensor>): StageResult => ({
  files: { "a.txt": "NaN", "m.safetensors": { tensors: { b: tensor([1], 1), "x.w": w } } },
});

Deno.test("what is not finite is named with its place", () => {
  const cases: [StageResult, RegExp][] = [
    [
      tensors(tensor([2, 3], 0, 1, 2, 3, 4, NaN)),
      /tensor x\.w of m\.safetensors at \[1, 2\] is NaN/,
    ],
    [tensors(tensor([3], -Infinity, 1, 2)), /tensor x\.w of m\.safetensors at \[0\] is -Infinity/],
    [tensors(tensor([], Infinity)), /tensor x\.w of m\.safetensors at \[\] is Infinity/],
    [{ files: {}, scalars: { good: 1, loss: NaN } }, /the scalar loss is NaN/],
    [{ files: {}, scalars: { loss: Infinity } }, /the scalar loss is Infinity/],
    // A gap closed is undefined where the ends are known and equal, and nowhere else.
    [{ files: {}, scalars: { gapClosed: NaN } }, /the scalar gapClosed is NaN/],
    [{ files: {}, scalars: { loss: 1, floor: NaN, optimum: 1, gapClosed: NaN } }, /floor is NaN/],
    [
      { files: {}, scalars: { loss: 1, floor: 1, optimum: 1, gapClosed: Infinity } },
      /gapClosed is I/,
    ],
    [json({ a: [{ loss: 1 }, { loss: NaN }] }), /a\.1\.loss of s\.json is NaN/],
    [json([Infinity]), /0 of s\.json is Infinity/],
    [json({ details: { crossEntropy: Infinity } }), /details.crossEntropy of s\.json is Infinity/],
    [json({ overall: { gapClosed: Infinity } }), /overall\.gapClosed of s\.json is Infinity/],
  ];
  for (const [result, message] of cases) {
    assert.throws(() => checkFinite(result), message);
    assert.throws(() => checkFinite(result), /^Error: the result is not finite: /);
  }
});

Deno.test("what is finite passes, and a gap that nothing closes", () => {
  checkFinite({ files: {} });
  checkFinite(tensors(tensor([0])));
  checkFinite(tensors(tensor([2], -0, 3.4e38)));
  checkFinite({ files: {}, scalars: { loss: 1, floor: 1, optimum: 1, gapClosed: NaN } });
  checkFinite(json({ loss: 1, details: { crossEntropy: NaN } }));
  checkFinite(json({ a: null, b: ["NaN"], c: true, byHorizon: [{ gapClosed: NaN, ratio: 1 }] }));
});
