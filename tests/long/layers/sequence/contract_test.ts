/**
 * @file What every sequence layer promises, where a program of its own is asked for each size and form: see
 * tests/layers/sequence/contract_test.ts, which asks the most of the fewest programs.
 */
import assert from "node:assert/strict";
import * as forms from "../../../../lib/layers/sequence/forms.ts";
import { assertAlone, assertTokenByToken } from "../../../layers/sequence/agreement.ts";
import { cases, evaluate, mapTensors, tokensOf } from "../../../layers/sequence/layers.ts";
import { narrowed } from "../../../layers/sequence/losses.ts";

for (const tested of cases) {
  const { name, layer, config, params } = tested;

  for (const size of [[1, 1], [3, 7], [3, 130]]) {
    Deno.test(`${name}: all at once is token by token, ${size.join(" x ")}`, async () => {
      await assertTokenByToken(tested, size, [forms.recurrent, forms.overSequence]);
    });
  }

  Deno.test(`${name}: a sequence alone is what it is in a batch, to its end`, async () => {
    for (const form of [forms.recurrent, forms.overSequence]) {
      await assertAlone(tested, [3, 7], form, 7);
    }
  });

  Deno.test(`${name}: two programs give the same bits`, async () => {
    const [x] = narrowed([tokensOf(tested, 3, 65)]);
    const single = mapTensors(params, (leaf) => narrowed([leaf])[0]);
    const once = () => evaluate((p, x) => forms.overSequence(layer, config, p, x), single, x);
    const [first, again] = [await once(), await once()];
    assert.deepEqual(again, first);
    assert.ok(first[1].data.some((v: number) => v !== 0));
  });
}
