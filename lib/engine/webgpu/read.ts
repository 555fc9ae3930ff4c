/**
 * @file Copies of what lies on the GPU. `getData()` of such a tensor aborts the process, so a session that copies its input, with
 * its output on the host, reads it: one for each type and number of axes.
 */
import onnxProto from "onnx-proto";
import type { OrtTensor } from "../onnx/tensors.ts";
import { openSession, type Session } from "./session.ts";

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
const codes: Record<string, number> = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  uint32: DataType.UINT32,
  bool: DataType.BOOL,
};

const readers = new Map<string, Promise<Session>>();

/** A copy of a tensor on the host. */
export async function readTensor(tensor: OrtTensor): Promise<OrtTensor> {
  const { type, dims: { length: rank } } = tensor;
  const key = `${type} ${rank}`;
  let reader = readers.get(key);
  if (!reader) {
    readers.set(key, reader = openSession(copyModel(type, rank), { output: "cpu" }));
  }
  const { y } = await (await reader).run({ x: tensor });
  return y;
}

/** A model that returns its input; a reshape to the same shape, which is there for booleans too. */
export function copyModel(type: string, rank: number): Uint8Array {
  const dim = Array.from({ length: rank }, (_, i) => ({ dimParam: `d${i}` }));
  const info = (name: string) => ({
    name,
    type: { tensorType: { elemType: codes[type], shape: { dim } } },
  });
  const shape = BigInt64Array.from({ length: rank }, () => 0n);
  const model = onnx.ModelProto.fromObject({
    irVersion: 9,
    opsetImport: [{ domain: "", version: 20 }],
    graph: {
      name: "copy",
      node: [{ opType: "Reshape", input: ["x", "shape"], output: ["y"] }],
      input: [info("x")],
      output: [info("y")],
      initializer: [{
        name: "shape",
        dims: [rank],
        dataType: DataType.INT64,
        rawData: new Uint8Array(shape.buffer),
      }],
    },
  });
  return onnx.ModelProto.encode(model).finish();
}
