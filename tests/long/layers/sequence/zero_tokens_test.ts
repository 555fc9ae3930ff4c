/** @file Tokens of zeros, as flat series have them, are read by every fresh layer; the squares of its gradients do not overflow. */
import { random } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../../../lib/engine/gradient.ts";
import * as forms from "../../../../lib/layers/sequence/forms.ts";
import { tensor } from "../../../../lib/tensor/tensor.ts";
import { toHost } from "../../../../lib/train/host.ts";
import { cases, evaluate } from "../../../layers/sequence/layers.ts";
import { lossOf, narrowed } from "../../../layers/sequence/losses.ts";

for (const tested of cases) {
  const { name, layer, config, width } = tested;
  Deno.test(`${name}: gradients at tokens of zeros are finite, and not large`, async () => {
    const params = toHost(layer.init(config, random.key(1)));
    const x = tensor(0, [2, 3, width]);
    const { loss, args, argnums, names } = lossOf({ ...tested, params }, forms.overSequence, x);
    const step = valueAndGrad(loss, { argnums });
    const [, gradients] = await evaluate(step, ...narrowed(args));
    for (const [i, { data }] of gradients.entries()) {
      const largest = Math.max(...data.map(Math.abs));
      assert.ok(largest < 1e5, `${names[argnums[i]]}: ${largest}`);
    }
  });
}
