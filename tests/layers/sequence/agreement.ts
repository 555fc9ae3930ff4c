/** @file A sequence at once against the same one token by token, in float64: outputs and last states, from the first state and a later one. */
import assert from "node:assert/strict";
import type { Tensor } from "../../../lib/engine/mod.ts";
import * as forms from "../../../lib/layers/sequence/forms.ts";
import { assertClose } from "../../engine/oracle.ts";
import {
  assertTreesClose,
  type Case,
  type Form,
  part,
  run,
  stateAfter,
  tokensOf,
  widened,
} from "./layers.ts";

/**
 * @param size batch and tokens
 * @param withoutState the forms that must take no state for the first one; each is a program more.
 */
export async function assertTokenByToken(
  tested: Case,
  [batch, length]: readonly number[],
  withoutState: readonly Form[],
): Promise<void> {
  const { layer, config, width } = tested;
  const x = tokensOf(tested, batch, length);
  for (const before of [0, length]) {
    // (With the room of the other one: its shapes are the same.)
    const state = before
      ? await stateAfter(tested, batch, before, length)
      : widened(layer.initialState(config, batch, 2 * length));
    const [wantState, want] = await run(forms.recurrent, tested, x, state);
    assert.deepEqual([...want.shape], [batch, length, width]);
    assert.equal(want.dtype, "float64");
    assert.ok(want.data.every(Number.isFinite));
    const [gotState, got] = await run(forms.overSequence, tested, x, state);
    assertClose(got, want, 1e-10, `y after ${before}`);
    assertTreesClose(gotState, wantState, 1e-10, `the state after ${before}`);
    if (before) continue;
    for (const form of withoutState) {
      // What is made has room for just these tokens.
      const room = widened(layer.initialState(config, batch, length));
      const [wantState] = await run(forms.recurrent, tested, x, room);
      const [gotState, got] = await run(form, tested, x);
      assertClose(got, want, 1e-10, `y of ${form.name} without a state`);
      assertTreesClose(gotState, wantState, 1e-10, `the state of ${form.name} without one before`);
    }
  }
}

/** Sequence `b` of a batch, as a batch of one. */
export function sequence(y: Tensor, b: number): Tensor {
  const [, length, width] = y.shape;
  const data = y.data.slice(b * length * width, (b + 1) * length * width);
  return { ...y, shape: [1, length, width], data };
}

/**
 * Sequences of a batch see neither each other nor how many they are.
 * @param size batch and tokens
 * @param first how many tokens of the second sequence are read without the others; a program of its own
 */
export async function assertAlone(
  tested: Case,
  [batch, length]: readonly number[],
  form: Form,
  first: number,
): Promise<void> {
  const { layer, config, width } = tested;
  const x = tokensOf(tested, batch, length);
  const others = tokensOf(tested, batch, length, 4);
  others.data.set(sequence(x, 1).data, length * width);
  const [[, all], [, among]] = [await run(form, tested, x), await run(form, tested, others)];
  assertClose(sequence(among, 1), sequence(all, 1), 1e-12, form.name);
  const begin = (y: Tensor) => part(sequence(y, 1), 0, first);
  const start = widened(layer.initialState(config, 1, 2 * first));
  const [, alone] = await run(form, tested, begin(x), start);
  assertClose(alone, begin(all), 1e-12, `${form.name}, alone`);
}
