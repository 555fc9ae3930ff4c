/**
 * @file Gradients of every sequence layer in both forms against jax-js's own in float64, of the loop unrolled, on every engine that runs
 * everywhere: through outputs and last state, by parameters, tokens and state before.
 */
import { valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import { valueAndGrad } from "../../../../lib/engine/gradient.ts";
import type { EngineName } from "../../../../lib/engine/mod.ts";
import * as forms from "../../../../lib/layers/sequence/forms.ts";
import { assertParity } from "../../../engine/layer_cases.ts";
import { nativeTfjs } from "../../../engine/native_tfjs.ts";
import { runEngine, runJax } from "../../../engine/oracle.ts";
import {
  type Any,
  cases,
  type Form,
  stateAfter,
  tokensOf,
} from "../../../layers/sequence/layers.ts";
import { lossOf, narrowed } from "../../../layers/sequence/losses.ts";

/**
 * By how much numbers of an engine may be off, for what computes in float32. The logarithm of jax-js's WebAssembly is off by 3e-6, 3e-5
 * of itself at 0.9, where that of the others is right to the last digit: gates and steps that are made with one are as far off.
 */
const toleranceOf = (engine: EngineName) => engine === "jax" ? 5e-5 : 1e-5;

for (const tested of cases) {
  const { name, layer } = tested;
  const bothForms: [string, Form][] = [["recurrent", forms.recurrent]];
  if (layer.parallel) bothForms.push(["parallel", forms.overSequence]);

  Deno.test(`${name}: loss and gradients agree with jax-js on every engine`, async (t) => {
    const [batch, length] = [2, 3];
    const x = tokensOf(tested, batch, length);
    const state = await stateAfter(tested, batch, length, length);
    const { loss, args, argnums } = lossOf(tested, forms.recurrent, x, state);
    // All forms are one function: jax-js says once what its gradient is.
    const want = runJax((jaxValueAndGrad as Any)(loss, { argnums }), args, "float64");
    for (const [what, form] of bothForms) {
      const step = valueAndGrad(lossOf(tested, form, x, state).loss, { argnums });
      for (const engine of ["ort", "jax", "tfjs", ...nativeTfjs] satisfies EngineName[]) {
        await t.step(`${what}, ${engine}`, async () => {
          assertParity(await runEngine(step, narrowed(args), engine), want, toleranceOf(engine));
        });
      }
    }
  });
}
