/** @file A sequence layer with random parameters on random tokens, in each of its forms. */
import { defaultDevice, init as initJax, random } from "@jax-js/jax";
import type { EngineName } from "../../../lib/engine/engines.ts";
import { toJax } from "../../../lib/engine/jax/program.ts";
import { compile } from "../../../lib/engine/mod.ts";
import type { TracedFunction } from "../../../lib/engine/types.ts";
import { overSequence, recurrent } from "../../../lib/layers/sequence/forms.ts";
import type { SequenceLayer } from "../../../lib/layers/sequence/sequence_layer.ts";
import { fold, type Key, keyOf, normals, split, uniforms } from "../../../lib/random/random.ts";
import { isFloat, sizeOf, type Tensor, tensor, type Tree } from "../../../lib/tensor/tensor.ts";
import { flatten, isSpec, mapLeaves, mapTensors } from "../../../lib/tensor/trees.ts";
import { disposeTree, readTree, toHost } from "../../../lib/train/host.ts";

/** What a layer computed in one form. */
export interface Computed {
  /** `recurrent`, which defines the layer, or `parallel`, in which it trains. */
  readonly form: "recurrent" | "parallel";
  /** [B, T, d] */
  readonly y: Tensor;
  /** After the last token. */
  readonly state: Tree<Tensor>;
}

/** How far parameters are moved from where `init` puts them: uniformly up to so much. */
export const perturbation = 0.05;

type Float = "float32" | "float64";

const cast = (tree: Tree<Tensor>, dtype: Float): Tree<Tensor> =>
  mapTensors(
    tree,
    (leaf) => isFloat(leaf.dtype) ? tensor(leaf.data, leaf.shape, dtype) : leaf,
  );

/** Fresh parameters, moved: a bias or a projection that starts at zero would hide whatever it is a factor of. */
export async function randomParameters<Config>(
  layer: SequenceLayer<Config>,
  config: Config,
  seed: number,
  dtype: Float,
): Promise<Tree<Tensor>> {
  await initJax("wasm");
  const [key] = split(keyOf(seed), 2);
  let leaf = 0;
  const moved = mapTensors(
    toHost(layer.init(config, random.key(seed))),
    ({ shape, data, ...is }) => {
      if (!isFloat(is.dtype)) return { shape, data, ...is };
      const by = uniforms(fold(key, leaf++), data.length);
      return tensor(
        Array.from(data, (v, i) => v + perturbation * (2 * by[i] - 1)),
        shape,
        "float64",
      );
    },
  );
  return cast(moved, dtype);
}

/** Standard normal tokens [B, T, d]. */
export function randomTokens(shape: readonly number[], seed: number, dtype: Float): Tensor {
  const [, key]: Key[] = split(keyOf(seed), 2);
  return tensor(normals(key, sizeOf(shape)), shape, dtype);
}

/** The layer in each of its forms, the recurrent one first. @param x [B, T, d] */
export async function computeForms<Config>(
  layer: SequenceLayer<Config>,
  config: Config,
  params: Tree<Tensor>,
  x: Tensor,
  engine: EngineName,
): Promise<Computed[]> {
  const forms = [["recurrent", recurrent] as const];
  const parallel = ["parallel", overSequence] as const;
  const computed: Computed[] = [];
  for (const [form, fn] of layer.parallel ? [...forms, parallel] : forms) {
    // deno-lint-ignore no-explicit-any
    const traced = (p: any, x: any) => fn(layer, config, p, x);
    const [state, y] = await evaluate(traced, params, x, engine) as [Tree<Tensor>, Tensor];
    computed.push({ form, y, state });
  }
  return computed;
}

/** On an engine; ONNX Runtime has no convolutions in float64, and there the interpreter of jax-js computes. */
async function evaluate(fn: TracedFunction, params: Tree<Tensor>, x: Tensor, engine: EngineName) {
  const program = await compile(fn, [params, x], { engine }).catch((error: Error) => {
    if (x.dtype === "float64" && /implementation for Conv/.test(error.message)) return undefined;
    throw error;
  });
  if (!program) return interpret(fn, params, x);
  try {
    const results = await program.run(params, x);
    try {
      return await readTree(results);
    } finally {
      disposeTree(results);
    }
  } finally {
    await program.close();
  }
}

/** Operation by operation, in plain JavaScript: in float64 jax-js on WebAssembly has only approximations of exp and sin. */
function interpret(fn: TracedFunction, params: Tree<Tensor>, x: Tensor): Tree<Tensor> {
  const before = defaultDevice();
  defaultDevice("cpu");
  try {
    const isTensor = (value: Tree<Tensor>): value is Tensor => isSpec(value);
    return toHost(fn(mapLeaves(params, isTensor, toJax), toJax(x)));
  } finally {
    defaultDevice(before);
  }
}

/** The largest difference of any number of two forms, NaN where one of them is. */
export function largestDifference(a: Computed, b: Computed): number {
  const [left, right] = [a, b].map(({ y, state }) => flatten({ y, state }));
  const differences = Object.entries(left).flatMap(([name, { data }]) =>
    Array.from(data, (v, i) => Math.abs(v - right[name].data[i]))
  );
  return differences.reduce((most, v) => Number.isNaN(v) || v > most ? v : most, 0);
}
