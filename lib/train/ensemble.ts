/**
 * @file Several trainings of one model in one program: other seeds, other systems, other learning rates. `vmap` gives every
 * array of the training step a leading axis of members, so that small models pay for one launch of a kernel instead of
 * many (measured in tests/bench/members.bench.ts).
 */
import { type numpy as np, vmap } from "@jax-js/jax";
import { compile, isSpecLike, type Tensor, tensor, type Tree } from "../engine/mod.ts";
import { adamwInit } from "./adamw.ts";
import { toHost } from "./host.ts";
import { type StepOptions, type TrainingStep, updateOf } from "./trainer.ts";

/**
 * Compiles a training step of all members at once. Its parameters, state, batch and loss have a leading axis of members; see
 * {@linkcode stack} and {@linkcode member}.
 * @param loss pure jax-js function of one member to a scalar.
 * @param initial parameters of each member, trees of jax-js arrays; consumed.
 * @param example a stacked batch, for its shapes.
 * @param scales each member's learning rate as a multiple of the common one.
 */
export async function compileMembers(
  // deno-lint-ignore no-explicit-any
  loss: (params: any, batch: any) => np.Array,
  initial: readonly unknown[],
  example: Tree<Tensor>,
  scales: readonly number[],
  { optimiser, engine, threads }: StepOptions,
): Promise<TrainingStep> {
  if (initial.length === 0 || initial.length !== scales.length) {
    throw new RangeError(
      `compileMembers: ${initial.length} members and ${scales.length} learning rates; expected as many, at least one`,
    );
  }
  const each = initial.map((params) => ({
    state: toHost(adamwInit(params)),
    params: toHost(params),
  }));
  const fresh = stack(each) as unknown as TrainingStep["fresh"];
  const update = updateOf(loss, optimiser);
  const rates = (rate: number) => tensor(scales.map((scale) => scale * rate));
  const program = await compile(
    // deno-lint-ignore no-explicit-any
    (...args: unknown[]) => (vmap as any)(update, [0, 0, 0, 0])(...args),
    [fresh.params, fresh.state, example, rates(0)],
    { engine, threads },
  );
  return {
    fresh,
    run: ({ params, state }, batch, rate) => program.run(params, state, batch, rates(rate)),
    close: program.close,
  };
}

/** Trees of tensors of one shape as one tree, with a leading axis. */
export function stack(trees: readonly Tree<Tensor>[]): Tree<Tensor> {
  const [first] = trees;
  if (isSpecLike(first)) {
    const { dtype, shape, data } = first as Tensor;
    const all = new (data.constructor as Float32ArrayConstructor)(data.length * trees.length);
    trees.forEach((t, i) => all.set((t as Tensor).data as Float32Array, i * data.length));
    return { dtype, shape: [trees.length, ...shape], data: all };
  }
  if (Array.isArray(first)) {
    return first.map((_, i) => stack(trees.map((t) => (t as Tree<Tensor>[])[i])));
  }
  return Object.fromEntries(
    Object.keys(first as object).map((key) => [
      key,
      stack(trees.map((t) => (t as Record<string, Tree<Tensor>>)[key])),
    ]),
  );
}

/** Member `index` of a stacked tree. */
export function member(stacked: Tree<Tensor>, index: number): Tree<Tensor> {
  if (isSpecLike(stacked)) {
    const { dtype, shape: [, ...shape], data } = stacked as Tensor;
    const size = shape.reduce((a, b) => a * b, 1);
    return { dtype, shape, data: data.slice(index * size, (index + 1) * size) } as Tensor;
  }
  if (Array.isArray(stacked)) return stacked.map((t) => member(t, index));
  return Object.fromEntries(
    Object.entries(stacked as Record<string, Tree<Tensor>>).map(([k, t]) => [k, member(t, index)]),
  );
}
