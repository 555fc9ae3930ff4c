/**
 * @file Stage that trains a chain of thousands of Monarch layers towards a shorter one, by plain gradient descent at a rate that theory
 * gives. Its own stage and not `train`, because what is asked of it is the gradient of every layer, and because two
 * moments of AdamW beside 123 million parameters would buy nothing: all factors of such a chain are alike.
 */
import { numpy as np, tree } from "@jax-js/jax";
import { z } from "zod";
import {
  collapse,
  mirrored,
  type MonarchChain,
  nearIdentity,
  through,
} from "../../lib/deep/monarch.ts";
import type { JaxArray } from "../../lib/engine/arrays.ts";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import type { Handle } from "../../lib/engine/types.ts";
import { identity, multiply } from "../../lib/linalg/matrix.ts";
import { orthonormaliseRows } from "../../lib/linalg/orthogonal.ts";
import { fold, type Key, keyOf, normals } from "../../lib/random/random.ts";
import { type Tensor, tensor } from "../../lib/tensor/tensor.ts";
import { disposeTree, readTree } from "../../lib/train/host.ts";
import { learningRate } from "../../lib/train/schedule.ts";
import { DivergenceError } from "../../lib/train/trainer.ts";
import type { StageContext, StageResult } from "../stage.ts";
import { decodeTensors, encodeTensors } from "../store/safetensors.ts";

export interface Params {
  /** Of the first factor of a layer; the width is blocks * size. */
  blocks: number;
  size: number;
  /** Of the chain that is trained. */
  layers: number;
  teacherLayers: number;
  /** Of the teacher: E|T - I|^2 / |I|^2 = e^noise - 1. */
  noise: number;
  /** Of the teacher, the start and the data. */
  seed: number;
  steps: number;
  /** Rows in a step, fresh ones each, orthogonal to each other. */
  batch: number;
  /** Peak of the rate as a share of the largest stable one, see {@linkcode stableRate}. */
  share: number;
  /** Of the way back; of its memory see `scan`. */
  segments: number;
}

export const usesEngine = true;

export function params() {
  const count = () => z.number().int().min(1);
  return z.strictObject({
    ...{ blocks: count(), size: count(), layers: count(), teacherLayers: count() },
    noise: z.number().positive(),
    seed: z.number().int().nonnegative(),
    ...{ steps: count(), batch: count() },
    share: z.number().positive(),
    segments: count(),
  }).refine(({ batch, blocks, size }) => batch <= blocks * size, {
    message: "expected at most blocks * size: no more rows can be orthogonal",
    path: ["batch"],
  });
}

/** Steps of linear warm-up: the start is the steepest point of the way. */
const warmup = 5;
/** Seconds between checkpoints, at least; and no more of the time than this share of it. */
const checkpointEvery = 20;
const checkpointShare = 0.05;
/** Layers whose gradient norms are kept at every step, as shares of the depth. */
const places = [0, 0.25, 0.5, 0.75, 1];
/** Numbers kept of a step: loss, largest over smallest gradient norm of a layer, and the norms at `places`. */
const kept = 2 + places.length;

/**
 * The largest rate at which gradient descent on |M - T|^2, M a product of 2 `layers` orthogonal factors, stays at M = T: the
 * curvature along the common scale of all factors is 4 layers |M|^2 / width, the steepest there is at an orthogonal start.
 * @param T [width, width]
 */
export function stableRate(layers: number, T: Float64Array): number {
  const meanSquare = squaresOf(T) / Math.sqrt(T.length);
  return 1 / (2 * layers * meanSquare);
}

/**
 * Leaves `scores.json` with the curve (step, loss on rows not seen before, gradient norms by layer), and the scalars `distance`
 * (|T - I|^2 / |I|^2), `untrained` (|T - I|^2, the loss of the start), `loss` (|M - T|^2, exact), `closed` (1 - loss / untrained),
 * `ratio` (largest over smallest gradient norm of a layer, the worst of all steps), `rate`, `parameters`, `keptBytes` (activations
 * that the way back keeps) and `allBytes` (those of all layers).
 * @throws {DivergenceError} with step and rate
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { blocks, size, layers, teacherLayers, noise, seed, steps, batch, share, segments } =
    ctx.params;
  const shape = { blocks, size }, width = blocks * size;
  const sigma = Math.sqrt(noise / (teacherLayers * (blocks + size)));
  const T = collapse(nearIdentity(fold(keyOf(seed), 0), shape, teacherLayers, sigma));
  const peak = share * stableRate(layers, T);
  const start = mirrored(fold(keyOf(seed), 1), shape, layers);
  const example = tensor(0, [batch, width]);
  let at = 0;
  let chain: MonarchChain<Tensor | Handle> = start;
  const curve: number[][] = [];
  const replace = (next: typeof chain) => {
    disposeTree(chain);
    chain = next;
  };
  const step = await ctx.compile(stepOf(layers, segments), [start, example, example, tensor(0)]);
  try {
    ctx.programsCompiled();
    const saved = await ctx.checkpoint.load();
    if (saved) {
      const { l, r, curve: before } = decodeTensors(saved);
      chain = { l, r };
      at = before.shape[0];
      for (let s = 0; s < at; s++) {
        curve.push(Array.from(before.data.subarray(s * kept, (s + 1) * kept)));
      }
    }
    let lastSave = performance.now(), saveMs = 0;
    for (; at < steps; at++) {
      const x = frame(fold(fold(keyOf(seed), 2), at), batch, width);
      const rate = learningRate({ peak, steps, warmup }, at);
      const y = multiply(x, T, batch, width, width);
      const { value, squares, next } = await step.run(
        chain,
        tensor(x, [batch, width]),
        tensor(y, [batch, width]),
        tensor(rate),
      );
      replace(next as MonarchChain<Handle>);
      const loss = (await (value as Handle).read()).data[0];
      const norms = Array.from((await (squares as Handle).read()).data, Math.sqrt);
      disposeTree([value as Handle, squares as Handle]);
      const ratio = Math.max(...norms) / Math.min(...norms);
      const total = Math.hypot(...norms);
      if (!Number.isFinite(loss + total)) {
        throw new DivergenceError({ step: at, losses: [loss], gradNorms: [total], rate }, 0);
      }
      curve.push([loss, ratio, ...places.map((p) => norms[Math.round(p * (layers - 1))])]);
      ctx.metric("loss", at, loss);
      ctx.metric("gradient norm", at, total);
      ctx.metric("gradient norm, largest layer over smallest", at, ratio);
      ctx.progress(at + 1, steps);
      const due = Math.max(1000 * checkpointEvery, saveMs / checkpointShare);
      const stopped = ctx.signal.aborted && at + 1 < steps;
      if (stopped || performance.now() - lastSave > due) {
        const began = performance.now();
        const host = await readTree(chain) as MonarchChain<Tensor>;
        const seen = tensor(Float64Array.from(curve.flat()), [curve.length, kept], "float64");
        await ctx.checkpoint.save(encodeTensors({ ...host, curve: seen }));
        [lastSave, saveMs] = [performance.now(), performance.now() - began];
      }
      if (stopped) throw ctx.signal.reason;
    }
    const M = await productOf(ctx, chain, width);
    const untrained = squaresOf(T.map((value, k) => value - (k % (width + 1) ? 0 : 1)));
    const loss = squaresOf(T.map((value, k) => value - M[k]));
    const bytes = (states: number) => states * batch * width * Float32Array.BYTES_PER_ELEMENT;
    return {
      files: {
        "scores.json": {
          json: {
            curve: curve.map(([loss, ratio, ...norms], step) => ({ step, loss, ratio, norms })),
          },
        },
      },
      scalars: {
        ...{ distance: untrained / width, untrained, loss, closed: 1 - loss / untrained },
        ratio: Math.max(...curve.map(([, ratio]) => ratio)),
        rate: peak,
        parameters: start.l.data.length + start.r.data.length,
        keptBytes: bytes(segments + Math.ceil(layers / segments)),
        allBytes: bytes(layers),
      },
    };
  } finally {
    disposeTree(chain);
    await step.close();
  }
}

/** What the chain makes of the rows of the identity, [width, width]. */
async function productOf(
  ctx: StageContext<Params>,
  chain: MonarchChain<Tensor | Handle>,
  width: number,
) {
  const rows = tensor(identity(width), [width, width]);
  const program = await ctx.compile(
    (chain: MonarchChain<JaxArray>, x: JaxArray) => through(chain, x, 1),
    [chain, rows],
  );
  try {
    const out = await program.run(chain, rows) as Handle;
    const { data } = await out.read();
    out.dispose();
    return data;
  } finally {
    await program.close();
  }
}

/** One step of gradient descent: the loss before it, the squared gradient norm of every layer, the next chain. */
function stepOf(layers: number, segments: number) {
  const lossOf = (chain: MonarchChain<JaxArray>, x: JaxArray, y: JaxArray) => {
    const rows = x.shape[0];
    const error = through(chain, x, segments).sub(y);
    return error.ref.mul(error).sum().mul(1 / rows);
  };
  return (chain: MonarchChain<JaxArray>, x: JaxArray, y: JaxArray, rate: JaxArray) => {
    const [value, { l, r }] = valueAndGrad(lossOf)(tree.ref(chain), x, y);
    const squares = (g: JaxArray) => np.sum(np.square(g).reshape([layers, -1]), 1);
    return {
      value,
      squares: squares(l.ref).add(squares(r.ref)),
      next: { l: chain.l.sub(l.mul(rate.ref)), r: chain.r.sub(r.mul(rate)) },
    };
  };
}

/** Rows [rows, width] that are orthogonal to each other, of length sqrt(width): their mean square in any direction is 1. */
function frame(key: Key, rows: number, width: number): Float64Array<ArrayBuffer> {
  const scale = Math.sqrt(width);
  return orthonormaliseRows(normals(key, rows * width), rows, width).map((value) => scale * value);
}

const squaresOf = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);
