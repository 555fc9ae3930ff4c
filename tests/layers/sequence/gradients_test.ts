/**
 * @file Gradients of every sequence layer, through outputs and last state, by parameters, tokens and state before: against central
 * differences in float64, and on every engine that runs everywhere against jax-js's own.
 */
import { numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../../lib/engine/gradient.ts";
import type { EngineName, Tensor, Tree } from "../../../lib/engine/mod.ts";
import { constant } from "../../../lib/layers/constant.ts";
import * as forms from "../../../lib/layers/sequence/forms.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { weightsOf } from "../../engine/derivatives/differences.ts";
import { assertParity } from "../../engine/layer_cases.ts";
import { generator, runEngine, runJax } from "../../engine/oracle.ts";
import { inFloat64 } from "../definitions.ts";
import {
  type Any,
  type Case,
  cases,
  compiled,
  type Form,
  isFloatTensor,
  mapTensors,
  stateAfter,
  tokensOf,
} from "./layers.ts";
import { nativeTfjs } from "../../engine/native_tfjs.ts";

/** Arrays of a tree, in the order of its names. */
const arraysOf = (tree: Any): np.Array[] =>
  tree instanceof Object && !("dtype" in tree) ? Object.values(tree).flatMap(arraysOf) : [tree];

/** Half the sum of squares of all floats, each moved by a number of which no two are equal: nothing cancels. */
function squares(outputs: np.Array[]): np.Array {
  const sums = outputs.filter(({ dtype }) => dtype !== np.int32).map((y, i) => {
    const moved = y.add(constant(weightsOf(y.size, i), y.shape, y.dtype));
    return np.sum(moved.ref.mul(moved)).mul(0.5);
  });
  return sums.reduce((a, b) => a.add(b));
}

/**
 * By how much numbers of an engine may be off, for what computes in float32. The logarithm of jax-js's WebAssembly is off by 3e-6, 3e-5
 * of itself at 0.9, where that of the others is right to the last digit: gates and steps that are made with one are as far off.
 */
const toleranceOf = (engine: EngineName) => engine === "jax" ? 5e-5 : 1e-5;

interface Loss {
  /** Of y and the last state, of single arrays: parameters, tokens, and the state before if there is one. */
  readonly loss: (...arrays: np.Array[]) => np.Array;
  readonly args: Tensor[];
  /** Which of the arguments are floats. */
  readonly argnums: number[];
  readonly names: string[];
}

function lossOf(
  { layer, config, params }: Case,
  form: Form,
  x: Tensor,
  state?: Tree<Tensor>,
): Loss {
  const given: Any = state === undefined ? { params, x } : { params, x, state };
  const flat = flatten(given);
  const args = Object.values(flat);
  const loss = (...arrays: np.Array[]) => {
    const next = arrays.values();
    const { params, x, state } = mapTensors(given, () => next.next().value!);
    const [last, y] = form(layer, config, params, x, state);
    return squares([y, ...arraysOf(last)]);
  };
  const argnums = args.flatMap((leaf, i) => isFloatTensor(leaf) ? [i] : []);
  return { loss, args, argnums, names: Object.keys(flat) };
}

/**
 * The gradient along random directions, one an argument, is the slope of the loss. The program that computes the gradient gives the loss,
 * too; only the interpreter does not get it from there, for which the way back is long.
 */
async function assertSlopes(tested: Case, form: Form, length: number): Promise<void> {
  const { loss, args, argnums, names } = lossOf(tested, form, tokensOf(tested, 2, length));
  const program = await compiled(valueAndGrad(loss, { argnums }), ...args);
  // The interpreter takes a quarter of a minute for what several chunks would not make any different.
  if (program.interpreted && length > 4) return await assertSlopes(tested, form, 4);
  const random = generator(13);
  const [, gradients] = await program.run(...args);
  const valueOf = async (args: Tensor[]): Promise<number> =>
    (program.interpreted ? inFloat64(loss, ...args) : (await program.run(...args))[0]).data[0];
  const step = 2 ** -16;
  const scale = Math.hypot(...gradients.flatMap(({ data }: Tensor) => Array.from(data)));
  assert.ok(scale > 0);
  const moves = argnums.map((i) => Float64Array.from(args[i].data, () => 2 * random() - 1));
  const moved = (k: number, by: number) =>
    args.map((arg, i) =>
      i === argnums[k]
        ? { ...arg, data: Float64Array.from(arg.data, (v, j) => v + by * moves[k][j]) }
        : arg
    );
  const slopes: number[] = [];
  for (const k of argnums.keys()) {
    const [up, down] = [await valueOf(moved(k, step)), await valueOf(moved(k, -step))];
    slopes.push((up - down) / (2 * step));
  }
  await program.close();
  argnums.forEach((i, k) => {
    const got = moves[k].reduce((sum, v, j) => sum + v * gradients[k].data[j], 0);
    const off = Math.abs(got - slopes[k]);
    assert.ok(off <= 1e-6 * scale, `${names[i]}: ${got}, ${slopes[k]}`);
  });
}

for (const tested of cases) {
  const { name, layer } = tested;
  const bothForms: [string, Form, number][] = [["recurrent", forms.recurrent, 5]];
  if (layer.parallel) bothForms.push(["parallel", forms.overSequence, 66]);

  for (const [what, form, length] of bothForms) {
    Deno.test(`${name}: the gradient is the slope, ${what}`, async () => {
      await assertSlopes(tested, form, length);
    });
  }

  Deno.test(`${name}: loss and gradients agree with jax-js on every engine`, async (t) => {
    const [batch, length] = [2, 3];
    const x = tokensOf(tested, batch, length);
    const state = await stateAfter(tested, batch, length, length);
    const { loss, args, argnums } = lossOf(tested, forms.recurrent, x, state);
    // All forms are one function: jax-js says once what its gradient is.
    const want = runJax((jaxValueAndGrad as Any)(loss, { argnums }), args, "float64");
    const single = args.map((leaf) =>
      isFloatTensor(leaf)
        ? { ...leaf, dtype: "float32" as const, data: Float32Array.from(leaf.data) }
        : leaf
    );
    for (const [what, form] of bothForms) {
      const step = valueAndGrad(lossOf(tested, form, x, state).loss, { argnums });
      for (const engine of ["ort", "jax", "tfjs", ...nativeTfjs] satisfies EngineName[]) {
        await t.step(`${what}, ${engine}`, async () => {
          assertParity(await runEngine(step, single, engine), want, toleranceOf(engine));
        });
      }
    }
  });
}
