/** @file What is asked of the gradients of a sequence layer, in the quick tests and in the long ones. */
import assert from "node:assert/strict";
import { valueAndGrad } from "../../../lib/engine/gradient.ts";
import type { Tensor, Tree } from "../../../lib/engine/mod.ts";
import * as forms from "../../../lib/layers/sequence/forms.ts";
import { assertParity } from "../../engine/layer_cases.ts";
import { nativeTfjs } from "../../engine/native_tfjs.ts";
import { runEngine } from "../../engine/oracle.ts";
import { assertSlopes } from "../../engine/slopes.ts";
import { inFloat64 } from "../definitions.ts";
import { type Case, compiled, type Form, stateAfter, tokensOf } from "./layers.ts";
import { lossOf, narrowed } from "./losses.ts";

/** Which of all cases the quick tests ask: every fifth. */
export const isQuick = (_: Case, i: number): boolean => i % 5 === 0;

/** In float64 gradients are slopes. @returns the loss and its gradients */
async function slopes(
  tested: Case,
  form: Form,
  length: number,
  state?: Tree<Tensor>,
): Promise<Tensor[]> {
  const { loss, args, argnums, names } = lossOf(tested, form, tokensOf(tested, 2, length), state);
  const program = await compiled(valueAndGrad(loss, { argnums }), ...args);
  // The interpreter takes a quarter of a minute for what several chunks would not make any different.
  if (program.interpreted && length > 4) return await slopes(tested, form, 4);
  try {
    return await assertSlopes(args, {
      argnums,
      names,
      // The program of the gradient gives the loss, too; the interpreter does not get it from there, for which the way back is long.
      value: async (args) =>
        (program.interpreted ? inFloat64(loss, ...args) : (await program.run(...args))[0]).data[0],
      valueAndGradients: (args) => program.run(...args),
    });
  } finally {
    await program.close();
  }
}

/** Tests of each of these layers. */
export function testSlopes(cases: readonly Case[]): void {
  for (const tested of cases) {
    const { name, layer } = tested;
    const bothForms: [string, Form][] = [["recurrent", forms.recurrent]];
    if (layer.parallel) bothForms.push(["parallel", forms.overSequence]);
    const [batch, length] = [2, 3];

    Deno.test(`${name}: the gradient is the slope, and the same in float32 in every form`, async (t) => {
      const x = tokensOf(tested, batch, length);
      const state = await stateAfter(tested, batch, length, length);
      const want = await slopes(tested, forms.recurrent, length, state);
      for (const [what, form] of bothForms) {
        const { loss, args, argnums } = lossOf(tested, form, x, state);
        const step = valueAndGrad(loss, { argnums });
        const single = narrowed(args);
        await t.step(`${what}, ort, and twice with the same bits`, async () => {
          const program = await compiled(step, ...single);
          const [first, again] = [await program.run(...single), await program.run(...single)];
          await program.close();
          assertParity(first.flat(), want);
          assert.deepEqual(again, first);
        });
        for (const engine of ["tfjs", ...nativeTfjs] as const) {
          await t.step(`${what}, ${engine}`, async () => {
            assertParity(await runEngine(step, single, engine), want);
          });
        }
      }
    });

    if (layer.parallel) {
      Deno.test(`${name}: the gradient is the slope over several chunks at once`, async () => {
        await slopes(tested, forms.overSequence, 66);
      });
    }
  }
}
