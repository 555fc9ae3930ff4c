/** @file The trainings of `bench engines`, small enough for engines that interpret them or that a CPU acts a GPU for. */
import { layer as attention } from "../../../lib/layers/sequence/softmax_attention.ts";
import { layer as lstm } from "../../../lib/layers/sequence/lstm.ts";
import { model as deepLinear } from "../../../lib/models/deep_linear.ts";
import type { LayerChoice } from "../../../lib/models/model.ts";
import { model as stack } from "../../../lib/models/stack.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { task as filtering } from "../../../lib/tasks/filtering/filtering.ts";
import { task as forecasting } from "../../../lib/tasks/forecasting/forecasting.ts";
import { type Learning, learning } from "../../../lib/train/learning.ts";

/** A training that every engine starts from the same parameters, on the same batches. */
export interface EnginesCase {
  readonly name: string;
  learning(): Learning;
}

const seeds = [{ instance: 0, initialisation: 0, data: 1 }];

const filter = (
  name: string,
  [length, batch]: readonly [length: number, batch: number],
  layers: readonly LayerChoice[],
  options: object,
): EnginesCase => ({
  name: `${name}, ${batch} x ${length} observations`,
  learning() {
    const task = filtering.configure({ latentDim: 4, obsDim: 1, lambda: 0.9, length });
    return learning(
      task,
      stack.configure(options, { signature: task.signature, layers }),
      seeds,
      batch,
    );
  },
});

const deep = (depth: number, lookback: number, horizon: number): EnginesCase => ({
  name: `deep linear, ${depth} layers, ${lookback} to ${horizon}`,
  learning() {
    const noise = normals(keyOf(0), 600);
    const rows = Array.from(noise, (e, t) => Math.sin(t / 4) + 0.1 * e);
    const task = forecasting.configure(
      { dataset: "waves", split: "70/10/20", lookback, horizon, loss: "gram" },
      { text: ["value", ...rows].join("\n") },
    );
    const model = deepLinear.configure({ depth }, { signature: task.signature, layers: [] });
    return learning(task, model, seeds, 1);
  },
});

const choice = (name: string, layer: unknown, options: object) =>
  ({ name, layer, options }) as LayerChoice;
const softmax = choice("softmax_attention", attention, { heads: 2 });

/** From the fastest to the slowest. */
export const cases: readonly EnginesCase[] = [
  deep(8, 48, 24),
  filter("Transformer, 2 layers of 32", [64, 8], [softmax, softmax], { width: 32 }),
  filter(
    "LSTM of 32",
    [32, 8],
    [choice("lstm", lstm, {})],
    { width: 32, block: "bare" },
  ),
];
