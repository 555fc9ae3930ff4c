/**
 * @file Groups whose words the literature follows, each with an orthogonal representation whose matrices are products of as few reflections as can be:
 * Siems et al. (arXiv 2502.10297) note that S4 and A5 are the rotations of a cube and of an icosahedron, and a rotation in space keeps an axis.
 */
import { identity, type Matrix, multiply } from "../linalg/matrix.ts";
import { after, groupOf, type Permutation } from "../tasks/automaton/table.ts";
import { powersOf } from "./fewest_factors.ts";

/** One group. */
export interface Represented {
  /** All of its elements. */
  readonly elements: readonly Permutation[];
  /** n of the matrices. */
  readonly size: number;
  /** [n, n] of each element, in their order; that of a product p then q is M_q M_p. */
  readonly matrices: readonly Matrix[];
}

/** Their names. */
export const groupNames = ["parity", "z3", "z5", "s3", "s4", "a5", "s5"] as const;
/** One of them. */
export type GroupName = typeof groupNames[number];

const cycle = (n: number): Permutation => Array.from({ length: n }, (_, i) => (i + 1) % n);
const swap = (n: number): Permutation => Array.from({ length: n }, (_, i) => i < 2 ? 1 - i : i);

/** The group of that name, with its representation. */
export function represented(name: GroupName): Represented {
  switch (name) {
    case "parity":
      return onGenerators([[[1, 0], Float64Array.of(-1)]]);
    case "z3":
      return onGenerators([[cycle(3), turn(2 * Math.PI / 3)]]);
    case "z5":
      return onGenerators([[cycle(5), turn(2 * Math.PI / 5)]]);
    case "a5":
      return icosahedral();
    default: {
      const n = Number(name[1]);
      const generators = [cycle(n), swap(n)];
      // Of four things, even or odd permutations of the diagonals of a cube are rotations of it.
      const matrix = name === "s4" ? signed : permuted;
      return onGenerators(generators.map((g) => [g, matrix(g)]));
    }
  }
}

/** All products of permutations and of their matrices side by side. */
function onGenerators(generators: readonly (readonly [Permutation, Matrix])[]): Represented {
  const size = Math.sqrt(generators[0][1].length);
  const elements: Permutation[] = [generators[0][0].map((_, i) => i)];
  const matrices = [identity(size)];
  const known = new Set(elements.map(String));
  for (let at = 0; at < elements.length; at++) {
    for (const [generator, matrix] of generators) {
      const next = after(elements[at], generator);
      if (known.has(`${next}`)) continue;
      known.add(`${next}`);
      elements.push(next);
      matrices.push(multiply(matrix, matrices[at], size, size, size));
    }
  }
  return { elements, size, matrices };
}

const turn = (angle: number): Matrix =>
  Float64Array.of(Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle));

/** Thing j goes to place p[j]. */
function permuted(p: Permutation): Matrix {
  const n = p.length;
  const out = new Float64Array(n * n);
  p.forEach((to, from) => out[to * n + from] = 1);
  return out;
}

/** As permuted, times the sign where the sum is zero: a rotation there, with nothing done to what is the same for all things. */
function signed(p: Permutation): Matrix {
  const n = p.length;
  const inversions = p.flatMap((a, i) => p.slice(i + 1).filter((b) => b < a)).length;
  const sign = inversions % 2 === 0 ? 1 : -1;
  return permuted(p).map((value) => sign * (value - 1 / n) + 1 / n);
}

/**
 * Rotations of an icosahedron with corners (0, 1, golden ratio) and so on: a third of a turn of a face and a fifth of one of its corners, of which the
 * product is half a turn of an edge. A5 has generators that obey the same three relations, which define it.
 */
function icosahedral(): Represented {
  const face = permuted([1, 2, 0]);
  const golden = (1 + Math.sqrt(5)) / 2;
  const corner = [1, -1].map((sign) => rotation([0, 1, golden], sign * 2 * Math.PI / 5))
    .find((fifth) => {
      const edge = multiply(fifth, face, 3, 3, 3);
      const twice = multiply(edge, edge, 3, 3, 3);
      return twice.every((value, i) => Math.abs(value - Number(i % 4 === 0)) < 1e-9);
    })!;
  const elements = groupOf([[1, 2, 0, 3, 4], cycle(5)]);
  const orderOf = (p: Permutation) => powersOf(p).length;
  const fifth = cycle(5);
  const third = elements.find((p) => orderOf(p) === 3 && orderOf(after(p, fifth)) === 2)!;
  return onGenerators([[third, face], [fifth, corner]]);
}

/** By Rodrigues' formula. */
function rotation(axis: readonly number[], angle: number): Matrix {
  const [x, y, z] = axis.map((value) => value / Math.hypot(...axis));
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const crossed = [0, -z, y, z, 0, -x, -y, x, 0];
  const own = [x, y, z];
  return Float64Array.from(
    crossed,
    (value, at) =>
      s * value + (1 - c) * own[Math.floor(at / 3)] * own[at % 3] + (at % 4 === 0 ? c : 0),
  );
}
