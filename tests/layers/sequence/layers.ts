/** @file Every sequence layer there is, with options that are not its defaults, and its forms run in float64. */
import { init as initJax, type numpy as np, random as jaxRandom } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type Tensor, type Tree } from "../../../lib/engine/mod.ts";
import * as forms from "../../../lib/layers/sequence/forms.ts";
import type { SequenceLayer } from "../../../lib/layers/sequence/sequence_layer.ts";
import { flatten, isSpec } from "../../../lib/tensor/trees.ts";
import { readTree, toHost } from "../../../lib/train/host.ts";
import { assertClose, generator, randomTensor } from "../../engine/oracle.ts";
import { inFloat64 } from "../definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
export type Any = any;

const folder = new URL("../../../lib/layers/sequence/", import.meta.url);
const notLayers = ["sequence_layer.ts", "forms.ts"];

/** What the defaults leave out; a layer that is not named here is tested as it is by default. */
const chosenOptions: Record<string, unknown> = {
  softmax_attention: { heads: 3 },
  token_mixing: { taps: 5 },
  linear_attention: { heads: 3 },
  lru: { state: 5, minRadius: 0.3, maxRadius: 0.95 },
  dense_recurrence: { state: 5, radius: 0.7 },
  deltanet: { heads: 2, expandValue: 2, conv: 3, negative: true },
  mamba2: { state: 3, headWidth: 5, conv: 3 },
  mingru: { expansion: 1.4 },
  gla: { heads: 2, expandKey: 1.2, expandValue: 2, gateRank: 2, gateNormaliser: 3 },
  e1: { expansion: 1.4 },
  hgrn: { expansion: 1.4, lowerBound: 0.2, negative: true },
  hgrn2: { heads: 2, expandKey: 1.5, lowerBound: 0.2 },
  minlstm: { expansion: 1.4 },
  rg_lru: { heads: 2, minRadius: 0.3, negative: true },
  slstm: { heads: 2 },
  lem: { dt: 0.7 },
  cfc: { expansion: 1.4 },
  ltc: { unfolds: 2 },
  scrn: { context: 3, keep: 0.8 },
  alrnn: { state: 7, nonlinear: 3 },
  retnet: { heads: 3, expandKey: 1, expandValue: 1.5 },
  tnl: { heads: 3, decay: 0.4, negative: true },
  cosformer: { heads: 1, span: 90 }, // (narrow heads have denominators near zero)
  mlstm: { heads: 2, expand: 2, block: 5, conv: 3, negative: true },
  rwkv6: { heads: 2, expandKey: 1, expandValue: 2, mixRank: 3, decayRank: 2, negative: true },
  gated_deltanet: { heads: 2, expandKey: 1.2, expandValue: 2, conv: 3, negative: true },
  kda: { heads: 2, expandKey: 1.2, expandValue: 2, conv: 3, negative: true },
  deltaproduct: { heads: 2, expandKey: 1.2, expandValue: 0.8, conv: 3, steps: 3 },
  rwkv7: { heads: 2, rank: 3 },
  mesa: { heads: 2, expand: 2, conv: 3, leastRidge: 0.4 },
  mamba: { state: 3, expand: 1.4, stepRank: 2, conv: 3, negative: true },
  gateloop: { heads: 1 },
  aaren: { heads: 2 },
  fsmn: { expansion: 1.4, taps: 6 },
  s4d: { state: 3 },
  dss: { state: 3 },
  stable_ssm: { state: 3 },
  s5: { state: 3 },
  s5_ptd: { state: 4 },
  s4: { state: 3 },
  lssl: { state: 5, channels: 2 },
  e10: { expansion: 1.4, banks: 3 },
  bilinear: { state: 6, block: 3 },
  slice: { state: 6, block: 3, step: 0.3 },
  srwm: { heads: 2 },
  lattice: { heads: 2, slots: 3 },
  hla: { heads: 2 },
  deep_reservoir: { state: 6 },
  reservoir_memory: { state: 6, memory: 5 },
  local_attention: { heads: 2, window: 6 },
  newton_gru: { iterations: 9 },
  log_linear: { heads: 1, levels: 5 },
  trellisnet: { levels: 6 },
  low_rank_gru: { rank: 2 },
  gla_signed: { heads: 2, expandKey: 1.2, expandValue: 2, gateRank: 2, gateNormaliser: 1 },
  hgrn2_signed: { heads: 2, lowerBound: 0.2 }, // (factors near zero cost float32 a digit)
  mamba2_signed: { state: 3, headWidth: 5, conv: 3 },
  mingru_signed: { expansion: 1.4 },
  minlstm_signed: { expansion: 1.4 },
  stu: { length: 12, filters: 3, tokens: 4 },
  supra: { heads: 2 },
  iclrnn: { state: 9 },
  rnn_of_rnns: { state: 6, modules: 3, step: 0.4 },
  fixed_point: { expansion: 1.4, iterations: 3 },
  plstm: { heads: 1, tracking: 2, conv: 3 },
  monoid: { levels: 4 },
  warp: { inner: 2, hidden: 3 },
  block_recurrent: { heads: 2, block: 24, vectors: 2 },
  shallow_plrnn: { state: 6, hidden: 9, clipped: true },
};

export interface Case {
  readonly name: string;
  readonly layer: SequenceLayer;
  readonly config: Any;
  readonly width: number;
  /** In float64, none of them zero. */
  readonly params: Any;
}

/** An odd width where the layer can have one. */
function smallestWidth(layer: SequenceLayer, options: unknown): number {
  const accepts = (width: number) => {
    try {
      layer.configure(options, width);
      return true;
    } catch {
      return false;
    }
  };
  const width = [5, 6, 8, 12, 16, 32, 64].find(accepts);
  assert.ok(width, "some small width must do");
  return width;
}

export function mapTensors(tree: Tree<Tensor>, f: (leaf: Tensor) => unknown): Any {
  if (isSpec(tree)) return f(tree as Tensor);
  if (Array.isArray(tree)) return tree.map((child) => mapTensors(child, f));
  return Object.fromEntries(
    Object.entries(tree).map(([name, child]) => [name, mapTensors(child, f)]),
  );
}

/** Floats in double precision. */
export const widened = (tree: Tree<Tensor>): Any =>
  mapTensors(
    tree,
    (leaf) =>
      leaf.dtype === "float32"
        ? { ...leaf, dtype: "float64", data: Float64Array.from(leaf.data) }
        : leaf,
  );

export const isFloatTensor = ({ dtype }: Tensor) => dtype.startsWith("float");

function caseOf(name: string, layer: SequenceLayer): Case {
  const options = chosenOptions[name] ?? {};
  const width = smallestWidth(layer, options);
  const config = layer.configure(options, width);
  const random = generator(7);
  const fresh = toHost(layer.init(config, jaxRandom.key(5)));
  const params = mapTensors(widened(fresh), (leaf) => ({
    ...leaf,
    data: leaf.data.map((value) => value + 0.2 * (2 * random() - 1)),
  }));
  return { name, layer, config, width, params };
}

const names = Array.from(Deno.readDirSync(folder), ({ name }) => name)
  .filter((name) => name.endsWith(".ts") && !notLayers.includes(name))
  .map((name) => name.replace(/\.ts$/, "")).sort();

export const cases: readonly Case[] = await Promise.all(names.map(async (name) => {
  const { layer } = await import(`../../../lib/layers/sequence/${name}.ts`);
  assert.ok(layer, `${name}.ts must export \`layer\``);
  return caseOf(name, layer);
}));

/** Tokens [B, T, d] in float64. */
export const tokensOf = ({ width }: Case, batch: number, length: number, seed = 1): Tensor =>
  randomTensor(generator(seed), [batch, length, width], { dtype: "float64", low: -1, high: 1 });

/** x [B, from..to, d] */
export function part(x: Tensor, from: number, to: number): Tensor {
  const [batch, length, width] = x.shape;
  const rows = Array.from(
    { length: batch },
    (_, b) => Array.from(x.data.slice((b * length + from) * width, (b * length + to) * width)),
  ).flat();
  return { ...x, shape: [batch, to - from, width], data: Float64Array.from(rows) };
}

/**
 * A function of trees of tensors, on engine `ort`; by jax-js's interpreter where that has no kernel in float64 (convolutions).
 * @param examples arguments, for their shapes.
 */
export async function compiled(
  fn: (...args: Any[]) => unknown,
  ...examples: Any[]
): Promise<{ run(...args: Any[]): Promise<Any>; close(): Promise<void>; interpreted: boolean }> {
  const program = await compile(fn as Any, examples).catch((error) => {
    if (!/Could not find an implementation for Conv/.test(error.message)) throw error;
  });
  return {
    interpreted: !program,
    run: async (...args) =>
      program ? await readTree(await program.run(...args)) : inFloat64(fn, ...args),
    close: async () => await program?.close(),
  };
}

/** Runs a function once, see {@linkcode compiled}. */
export async function evaluate(fn: (...args: Any[]) => unknown, ...args: Any[]): Promise<Any> {
  const program = await compiled(fn, ...args);
  try {
    return await program.run(...args);
  } finally {
    await program.close();
  }
}

export type Form = typeof forms.recurrent;

type Compiled = ReturnType<typeof compiled>;

/** The programs of the layer that is tested now: one of them serves all checks that ask for the same shapes. */
const kept = { name: "", programs: new Map<string, Compiled>() };

async function keptProgram(
  { name }: Case,
  form: string,
  fn: (...args: Any[]) => unknown,
  ...args: Any[]
): Promise<Awaited<Compiled>> {
  if (kept.name !== name) {
    const old = [...kept.programs.values()];
    kept.name = name;
    kept.programs.clear();
    await Promise.all(old.map(async (program) => (await program).close()));
  }
  const specs = Object.entries(flatten(args)).map(([leaf, { dtype, shape }]) =>
    `${leaf} ${dtype} [${shape}]`
  );
  const key = [form, ...specs].join("\n");
  if (!kept.programs.has(key)) kept.programs.set(key, compiled(fn, ...args));
  return await kept.programs.get(key)!;
}

/** A form of a layer in float64, and what it is run with. */
async function formOf(form: Form, tested: Case, x: Tensor, state?: Tree<Tensor>) {
  const { layer, config, params } = tested;
  const isLoop = form === forms.recurrent || !layer.parallel;
  const fn = (p: Any, x: np.Array, s?: Any) => form(layer, config, p, x, s);
  const args = state === undefined ? [params, x] : [params, x, state];
  const program = await keptProgram(tested, isLoop ? "recurrent" : "parallel", fn, ...args);
  return { program, args };
}

/** A form in float64. @returns the last state and y */
export async function run(
  form: Form,
  tested: Case,
  x: Tensor,
  state?: Tree<Tensor>,
): Promise<[Tree<Tensor>, Tensor]> {
  const { program, args } = await formOf(form, tested, x, state);
  return await program.run(...args);
}

/** Whether a whole sequence is at once too much for ONNX Runtime in float64, see {@linkcode compiled}. */
export const isInterpreted = async (tested: Case, x: Tensor): Promise<boolean> =>
  (await formOf(forms.overSequence, tested, x)).program.interpreted;

/** One token x [B, d] in float64. @returns the next state and y [B, d] */
export async function runStep(
  tested: Case,
  x: Tensor,
  state: Tree<Tensor>,
): Promise<[Tree<Tensor>, Tensor]> {
  const { layer, config, params } = tested;
  const fn = (p: Any, s: Any, x: np.Array) => forms.step(layer, config, p, s, x);
  const program = await keptProgram(tested, "step", fn, params, state, x);
  return await program.run(params, state, x);
}

/** The state after so many other tokens, with room for more. */
export async function stateAfter(
  tested: Case,
  batch: number,
  tokens: number,
  more: number,
  seed = 2,
): Promise<Tree<Tensor>> {
  const { layer, config } = tested;
  const fresh = widened(layer.initialState(config, batch, tokens + more));
  const [state] = await run(forms.recurrent, tested, tokensOf(tested, batch, tokens, seed), fresh);
  return state;
}

/** Two trees have the same names, dtypes and shapes, and numbers that agree. */
export function assertTreesClose(
  got: Tree<Tensor>,
  want: Tree<Tensor>,
  tolerance: number,
  what: string,
): void {
  const [a, b] = [flatten(got), flatten(want)];
  assert.deepEqual(Object.keys(a).sort(), Object.keys(b).sort(), what);
  for (const [name, tensor] of Object.entries(b)) {
    assert.equal(a[name].dtype, tensor.dtype, `${what} ${name}: dtype`);
    assertClose(a[name], tensor, tolerance, `${what} ${name}`);
  }
}
