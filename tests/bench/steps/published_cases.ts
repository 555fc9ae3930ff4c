/** @file Training steps of sequence layers beside the PyTorch code that was published for them, run as it is there. */
import { type numpy as np, random } from "@jax-js/jax";
import { layer as deltanet } from "../../../lib/layers/sequence/deltanet.ts";
import { layer as e1 } from "../../../lib/layers/sequence/e1.ts";
import { overSequence } from "../../../lib/layers/sequence/forms.ts";
import { layer as gla } from "../../../lib/layers/sequence/gla.ts";
import { layer as mamba2 } from "../../../lib/layers/sequence/mamba2.ts";
import { layer as mingru } from "../../../lib/layers/sequence/mingru.ts";
import { type Case, mse, noise, plain } from "./training_step.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** Of x and y; 32 sequences of 128 tokens. */
const [batch, length, width] = [32, 128, 64];

function publishedCase(name: string, layer: Any): Case {
  const config = layer.configure({}, width);
  return {
    name: `${layer.about.name} d=${width}, ${batch} x ${length} tokens`,
    published: { layer: name, config },
    start(threads) {
      const tokens = noise([batch, length, width]);
      const loss = (p: Any, x: np.Array, target: np.Array) =>
        mse(overSequence(layer, config, p, x)[1], target);
      return plain(loss, layer.init(config, random.key(0)), tokens, tokens, threads);
    },
  };
}

export const publishedCases: Case[] = [
  publishedCase("gla", gla),
  publishedCase("deltanet", deltanet),
  publishedCase("mamba2", mamba2),
  publishedCase("mingru", mingru),
  publishedCase("e1", e1),
];
