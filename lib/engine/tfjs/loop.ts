/** @file A loop driven from the host: TensorFlow.js has none of its own. */
import type { ScanParams } from "../graph.ts";
import type { TF } from "./backend.ts";
import { materialize, type Stretched, whole } from "./stretched.ts";

/**
 * Runs a loop turn by turn and frees what a turn leaves behind.
 * @param turn one turn's results from the state, the slices and the closure; `undefined` where nobody reads one.
 * @param inputs state, sequences and closure.
 * @returns the last state and the stacked outputs; what nobody reads is left out.
 */
export function runLoop(
  tf: TF,
  { carries, sequences, length, reverse }: ScanParams,
  turn: (inputs: readonly Stretched[]) => (Stretched | undefined)[],
  inputs: readonly Stretched[],
): Stretched[] {
  const stored = inputs.slice(carries, carries + sequences).map((x) =>
    whole(materialize(tf, x), x.dtype)
  );
  const closure = inputs.slice(carries + sequences);
  let state: (Stretched | undefined)[] = inputs.slice(0, carries);
  const stacks: Stretched[][] = [];
  for (let k = 0; k < length; k++) {
    const t = reverse ? length - 1 - k : k;
    const before = state;
    const results = keep(tf, () => {
      const slices = stored.map(({ tensor, dtype }) => {
        const [, ...shape] = tensor.shape;
        const start = [t, ...shape.map(() => 0)];
        return whole(tf.reshape(tf.slice(tensor, start, [1, ...shape]), shape), dtype);
      });
      return turn([...state as Stretched[], ...slices, ...closure]);
    });
    if (k > 0) { for (const x of before) x?.tensor.dispose(); }
    state = results.slice(0, carries);
    stacks[t] = results.slice(carries) as Stretched[];
  }
  const outputs = stacks[0].map((first, i) => {
    if (!first) return first;
    const parts = stacks.map((turn) => turn[i].tensor);
    const stacked = tf.stack(parts);
    parts.forEach((part) => part.dispose());
    return whole(stacked, first.dtype);
  });
  return [...state as Stretched[], ...outputs];
}

/** What `make` returns, dense and each in a tensor of its own; all else that it made is freed. */
function keep(tf: TF, make: () => (Stretched | undefined)[]): (Stretched | undefined)[] {
  return tf.tidy(
    (() =>
      make().map((x) => {
        if (!x) return undefined;
        const tensor = materialize(tf, x);
        return whole(tf.clone(tensor), x.dtype);
      })) as never,
  ) as never;
}
