/** @file Training steps of sequence layers beside the PyTorch code that was published for them, run as it is there. */
import { type numpy as np, random } from "@jax-js/jax";
import { overSequence } from "../../../lib/layers/sequence/forms.ts";
import { type Case, mse, noise, plain } from "./training_step.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** Of x and y; 32 sequences of 128 tokens. */
const [batch, length, width] = [32, 128, 64];

/**
 * Files of lib/layers/sequence whose reference (tests/references/layers) is a module of plain PyTorch that can be trained. Mesa is none of
 * them: its plain form solves with a matrix of its own for every token, which was written to be right, not to be run.
 */
const names = [
  ...[
    "gla",
    "deltanet",
    "mamba2",
    "mingru",
    "e1",
    "gated_deltanet",
    "deltaproduct",
    "kda",
    "rwkv7",
  ],
  ...["mlstm", "retnet", "rwkv6", "hgrn", "hgrn2", "mamba", "minlstm", "rg_lru"],
];

async function publishedCase(name: string): Promise<Case> {
  const { layer }: Any = await import(`../../../lib/layers/sequence/${name}.ts`);
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

export const publishedCases: Case[] = await Promise.all(names.map(publishedCase));
