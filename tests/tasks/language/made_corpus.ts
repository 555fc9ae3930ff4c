/** @file A corpus made by hand, as stage tokenize leaves one. */
import { type Tensor, tensor } from "../../../lib/tensor/tensor.ts";

/** Tokens in documents; of three symbols unless said. */
export function corpus(
  parts: Record<"train" | "validation" | "test", number[][]>,
  vocabulary = 3,
): { tensors: Record<string, Tensor> } {
  const ints = (values: number[]) => tensor(values, [values.length], "int32");
  const entries = Object.entries(parts).flatMap(([name, documents]): [string, Tensor][] => {
    const starts: number[] = [];
    let at = 0;
    for (const { length } of documents) {
      starts.push(at);
      at += length;
    }
    return [[name, ints(documents.flat())], [`${name}Starts`, ints(starts)]];
  });
  const symbols = ints(Array.from({ length: vocabulary }, (_, symbol) => symbol + 40));
  return { tensors: { symbols, ...Object.fromEntries(entries) } };
}
