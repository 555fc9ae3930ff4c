/** @file How large a model is, and the sizes at which different layers make equally large ones. */
import { makeJaxpr, random, tree } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../engine/arrays.ts";

/**
 * Numbers in fresh parameters, from their shapes: nothing is drawn.
 * @param init as of layers and ends; a complex number in two arrays counts twice.
 */
export function parameterCount(init: (key: JaxArray) => Arrays): number {
  let count = 0;
  // deno-lint-ignore no-explicit-any -- jax-js's types know no read-only trees
  const fresh = (): any => {
    const leaves = tree.leaves(init(random.key(0)) as JaxArray[]);
    count = leaves.reduce((sum, { size }) => sum + size, 0);
    return leaves;
  };
  makeJaxpr(fresh)();
  return count;
}

/** Widths that are tried are its multiples, so that heads divide them. */
const multiple = 8;
/** If no width up to this one will do, none does. */
const manyHeads = 512;

/**
 * The width at which a model has the number of parameters that comes nearest to a wanted one.
 * @param countAt parameters at a width, which grow with it; throws for a width that the model cannot have.
 * @throws what `countAt` says when it accepts no width.
 * @throws {RangeError} when no width comes near.
 */
export function nearestWidth(parameters: number, countAt: (width: number) => number): number {
  let best: { width: number; count: number } | undefined;
  let refused: unknown;
  const far = ({ count }: { count: number }) => Math.abs(Math.log(count / parameters));
  // A model has at least a vector of its width.
  for (let width = multiple; width <= Math.max(parameters, multiple); width += multiple) {
    try {
      const found = { width, count: countAt(width) };
      if (!best || far(found) < far(best)) best = found;
      if (found.count > parameters) break;
    } catch (error) {
      refused = error;
      // Heads divide some width that is small; what is refused everywhere is an option that is wrong.
      if (!best && width >= manyHeads) break;
    }
  }
  if (!best) throw refused;
  // Twice as many or half as many is another model.
  if (far(best) < Math.log(2)) return best.width;
  throw new RangeError(
    `parameters = ${parameters}: no width, a multiple of ${multiple}, comes near; width ${best.width} has ${best.count}; ` +
      "name another number of parameters, or a width",
  );
}
