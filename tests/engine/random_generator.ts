/** @file Draws what random operations are made of: values of the pool, shapes that match by luck, axes, numbers. */
import { sizeOf } from "../../lib/engine/mod.ts";
import type { Shape } from "./random_program.ts";

export const maxElements = 240;

export const broadcastShapes = (a: Shape, b: Shape): Shape | undefined => {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let i = 1; i <= rank; i++) {
    const [m, n] = [a.at(-i) ?? 1, b.at(-i) ?? 1];
    if (i > a.length) shape.unshift(n);
    else if (i > b.length) shape.unshift(m);
    else if (m !== n && m !== 1 && n !== 1) return undefined;
    else shape.unshift(m === 1 ? n : m);
  }
  return sizeOf(shape) <= maxElements ? shape : undefined;
};

/** The pool of values drawn so far, by their shapes, and the draws that the operations are made of. */
export class Generator {
  readonly shapes: Shape[];
  readonly inputs: readonly Shape[];

  /** @param inputs drawn too where they are not given. */
  constructor(readonly random: () => number, inputs?: readonly Shape[]) {
    this.inputs = inputs ?? Array.from({ length: 2 + this.int(3) }, () => this.shape());
    this.shapes = [...this.inputs];
  }

  int(n: number): number {
    return Math.floor(this.random() * n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }
  shape(): Shape {
    for (;;) {
      const shape = Array.from({ length: this.int(5) }, () => this.pick([1, 2, 3, 3, 4, 5, 6]));
      if (sizeOf(shape) <= maxElements / 4) return shape;
    }
  }
  /** Favours recent values, so that programs grow deep. */
  value(fits: (shape: Shape) => boolean = () => true): number | undefined {
    const all = [...this.shapes.keys()].filter((i) => fits(this.shapes[i]));
    const recent = all.slice(-4);
    return all.length === 0 ? undefined : this.pick(this.random() < 0.7 ? recent : all);
  }
  axes(rank: number): number[] {
    const chosen = [...Array(rank).keys()].filter(() => this.random() < 0.5);
    return chosen.length > 0 ? chosen : [this.int(rank)];
  }
  permutation(rank: number): number[] {
    return [...Array(rank).keys()].map((i) => [this.random(), i]).sort((a, b) => a[0] - b[0])
      .map(([, i]) => i);
  }
  literal(): number {
    return Math.round((this.random() * 3 - 1.5) * 100) / 100 + 0.003;
  }
}
