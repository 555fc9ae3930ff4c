/** @file What a program is called with, checked against what it was compiled for. */
import { leavesLike } from "./trace.ts";
import { describe, type Handle, type Spec, type Tensor, type Tree } from "./types.ts";

/**
 * The leaves of a call's arguments, in the order of the example's.
 * @throws {TypeError} naming the argument that is missing or has another shape or dtype.
 */
export function checkedLeaves(
  exampleArgs: readonly Tree<Spec>[],
  args: readonly Tree<Tensor | Handle>[],
): (Tensor | Handle)[] {
  if (args.length !== exampleArgs.length) {
    throw new TypeError(`the program takes ${exampleArgs.length} arguments, got ${args.length}`);
  }
  const wanted = exampleArgs.flatMap((arg, i) => leavesLike(arg, arg, `argument ${i}`));
  const given = exampleArgs.flatMap((arg, i) => leavesLike(arg, args[i], `argument ${i}`));
  return given.map(({ leaf, path }, i) => {
    const spec = wanted[i].leaf;
    if (describe(leaf) !== describe(spec)) {
      throw new TypeError(`${path} must be ${describe(spec)}, got ${describe(leaf)}`);
    }
    return leaf;
  });
}
