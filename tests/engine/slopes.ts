/** @file Gradients in float64 against the slopes of what they are gradients of. */
import assert from "node:assert/strict";
import type { Tensor } from "../../lib/engine/mod.ts";
import { generator } from "./oracle.ts";

/** A function of arrays of float64, and its gradients by some of them. */
export interface Differentiated {
  /** Which arguments the gradients are by. */
  readonly argnums: readonly number[];
  /** Of the arguments, for messages. */
  readonly names?: readonly string[];
  value(args: Tensor[]): Promise<number>;
  valueAndGradients(args: Tensor[]): Promise<[Tensor, Tensor[]]>;
}

/**
 * Along a random direction, one an argument, every gradient is the central difference, to 1e-6 of the norm of all gradients.
 * Numbers of a state that are zeros and ones are flags, which are not moved; their names begin with `state`.
 * @returns the value and the gradients
 */
export async function assertSlopes(
  args: readonly Tensor[],
  { argnums, names, value, valueAndGradients }: Differentiated,
): Promise<Tensor[]> {
  const random = generator(13);
  const [at, gradients] = await valueAndGradients([...args]);
  const step = 2 ** -16; // so that x + step - x is the step
  const scale = Math.hypot(...gradients.flatMap(({ data }) => Array.from(data)));
  assert.ok(scale > 0, "all gradients are zero");
  assert.equal(gradients.length, argnums.length);
  for (const [k, i] of argnums.entries()) {
    const what = names?.[i] ?? `argument ${i}`;
    // What is only 0 or 1 says whether something is; there is nothing in between. Of a parameter it would be a case that tests nothing.
    if (args[i].data.every((v) => v === 0 || v === 1)) {
      assert.match(what, /^state/, `${what} is only 0 or 1; give it other values`);
      continue;
    }
    const direction = Float64Array.from(args[i].data, () => 2 * random() - 1);
    const moved = (by: number) => {
      const data = Float64Array.from(args[i].data, (v, j) => v + by * direction[j]);
      return args.map((arg, n) => n === i ? { ...arg, data } : arg);
    };
    const [up, down] = [await value(moved(step)), await value(moved(-step))];
    const slope = (up - down) / (2 * step);
    const got = direction.reduce((sum, v, j) => sum + v * gradients[k].data[j], 0);
    assert.ok(Math.abs(got - slope) <= 1e-6 * scale, `${what}: ${got}, ${slope}`);
  }
  return [at, ...gradients];
}
