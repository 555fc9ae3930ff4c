/** @file A sequence at once against the same one token by token, in float64: outputs and last states, from the first state and a later one. */
import assert from "node:assert/strict";
import type { Tensor } from "../../../lib/engine/mod.ts";
import * as forms from "../../../lib/layers/sequence/forms.ts";
import { assertClose } from "../../engine/oracle.ts";
import {
  assertTreesClose,
  type Case,
  type Form,
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
