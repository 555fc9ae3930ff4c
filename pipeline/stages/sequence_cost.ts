/** @file Stage that measures what a sequence costs by its length: seconds of one forward pass, and bytes from the graph. */
import { init as initJax, random } from "@jax-js/jax";
import { z } from "zod";
import { memoryOf } from "../../lib/cost/live_tensors.ts";
import type { Arrays, JaxArray } from "../../lib/engine/arrays.ts";
import type { Handle } from "../../lib/engine/types.ts";
import type { Mixing } from "../../lib/layers/mixing/mixing.ts";
import { overSequence } from "../../lib/layers/sequence/forms.ts";
import type { SequenceLayer } from "../../lib/layers/sequence/sequence_layer.ts";
import { fold, keyOf, normals } from "../../lib/random/random.ts";
import { tensor } from "../../lib/tensor/tensor.ts";
import { toHost } from "../../lib/train/host.ts";
import { type Part, partSchema } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  /** A file in lib/layers/sequence, or in lib/layers/mixing where `mixing` is true. */
  layer: Part;
  mixing: boolean;
  /** Channels. */
  width: number;
  /** T, ascending; all from the second on are run until memory would exceed `mostBytes`. */
  lengths: number[];
  /** Slopes are fitted to lengths from here on. */
  from: number;
  mostBytes: number;
  /** Passes of each length, of which the median counts, after a first one that does not. */
  passes: number;
  /** Which of several measurements; each is a process of its own. */
  repetition: number;
}

export const usesEngine = true;
/** Nothing runs beside it, or seconds would not be those of the layer. */
export const alone = true;

export function params() {
  const count = () => z.number().int().min(1);
  return z.strictObject({
    layer: partSchema("a file in lib/layers/sequence, or in lib/layers/mixing"),
    mixing: z.boolean().default(false),
    width: count().default(8),
    lengths: z.array(count()).min(2).refine(
      (all) => all.every((length, i) => i === 0 || length > all[i - 1]),
      "expected lengths in ascending order",
    ),
    from: count().default(8000),
    mostBytes: count().default(2 ** 28),
    passes: count().default(3),
    repetition: z.number().int().nonnegative().default(0),
  });
}

/** Not those of a model's training. */
export const own = ["width", "passes", "repetition"];

export function modules({ layer: { name }, mixing }: Params) {
  const folder = mixing ? "mixing" : "sequence";
  return {
    layer: { path: `lib/layers/${folder}/${name}.ts`, exports: [mixing ? "mixing" : "layer"] },
  };
}

/**
 * Leaves the scalars `bytes at T` (parameters and the most that is alive at once) of every length that was run, `longest`, and
 * `memory slope`, of log bytes over log T from `from` on; observes `seconds at T`,
 * `time slope`, and `minus steeper slope`, of the larger of the two.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { lengths, from, mostBytes, passes } = ctx.params;
  await initJax("wasm");
  const bytes: Point[] = [];
  const seconds: Point[] = [];
  for (const [i, length] of lengths.entries()) {
    if (expected(bytes, length) > mostBytes) break;
    const { fn, params, x } = pass(ctx, length);
    const { held, peak } = await memoryOf(fn, [params, x]);
    bytes.push([length, held + peak]);
    const program = await ctx.compile(fn, [params, x]);
    const times: number[] = [];
    try {
      for (let k = 0; k <= passes; k++) {
        const started = performance.now();
        const y: Handle = await program.run(params, x);
        await y.read();
        y.dispose();
        if (k > 0) times.push((performance.now() - started) / 1000);
      }
    } finally {
      await program.close();
    }
    seconds.push([length, times.sort((a, b) => a - b)[(passes - 1) >> 1]]);
    ctx.observe(`seconds at ${length}`, seconds.at(-1)![1]);
    ctx.progress(i + 1, lengths.length);
  }
  const beyond = (points: Point[]) => points.filter(([length]) => length >= from);
  const memory = logSlope(beyond(bytes));
  const time = logSlope(beyond(seconds));
  if (time !== undefined) {
    ctx.observe("time slope", time);
    // Negative, since what is judged lies above its margin.
    ctx.observe("minus steeper slope", -Math.max(time, memory!));
  }
  return {
    files: {},
    scalars: {
      ...Object.fromEntries(bytes.map(([length, value]) => [`bytes at ${length}`, value])),
      longest: bytes.at(-1)![0],
      ...(memory === undefined ? {} : { "memory slope": memory }),
    },
  };
}

/** Something measured at a length. */
export type Point = readonly [length: number, value: number];

/** What a length will need, if it grows as it did between the last two; 0 where that is not known. */
export function expected(measured: readonly Point[], length: number): number {
  if (measured.length < 2) return 0;
  const last = measured.slice(-2);
  const [at, value] = last[1];
  return value * (length / at) ** logSlope(last)!;
}

/** Slope of log value over log length by least squares; undefined for fewer than two points. */
export function logSlope(points: readonly Point[]): number | undefined {
  if (points.length < 2) return undefined;
  const logs = points.map(([length, value]) => [Math.log(length), Math.log(value)]);
  const [x, y] = [0, 1].map((k) => logs.reduce((sum, log) => sum + log[k], 0) / logs.length);
  const sum = (f: (dx: number, dy: number) => number) =>
    logs.reduce((all, [a, b]) => all + f(a - x, b - y), 0);
  return sum((dx, dy) => dx * dy) / sum((dx) => dx * dx);
}

/** One forward pass over a sequence of noise, with fresh parameters. */
function pass({ params: p, modules }: StageContext<Params>, length: number) {
  const shape = [1, length, p.width];
  const x = tensor(normals(fold(keyOf(p.repetition), length), length * p.width), shape);
  const key = random.key(p.repetition);
  if (p.mixing) {
    const mixing: Mixing = modules.layer.mixing;
    return {
      params: toHost(mixing.init({ channels: p.width, length }, key)),
      x,
      fn: (params: Arrays, x: JaxArray) => mixing.apply(params, x),
    };
  }
  const layer: SequenceLayer = modules.layer.layer;
  const config = layer.configure(p.layer.options, p.width);
  return {
    params: toHost(layer.init(config, key)),
    x,
    // The state after the sequence is a result, too, but not one that has to be read.
    fn: (params: Arrays, x: JaxArray) => overSequence(layer, config, params, x)[1],
  };
}
