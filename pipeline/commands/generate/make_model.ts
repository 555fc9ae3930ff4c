/** @file Trains the model that comes with the repository, from its text: a linear mixer, one epoch and a half of addresses to Congress. */
import { join } from "node:path";
import collections from "../../../data/collections.json" with { type: "json" };
import { collectionOf, entriesOf } from "../../../lib/data/collection.ts";
import { fetchDataset } from "../../../lib/data/fetch_dataset.ts";
import { writeAtomic } from "../../../lib/data/write_atomic.ts";
import { compile } from "../../../lib/engine/engines/ort.ts";
import { model as tokenMixer } from "../../../lib/models/token_mixer.ts";
import { task } from "../../../lib/tasks/language/language.ts";
import { corpusOf, parts } from "../../../lib/text/corpus.ts";
import { tokenizerJson } from "../../../lib/text/tokenizer_json.ts";
import { textOf } from "../../../lib/text/words.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { learning } from "../../../lib/train/learning.ts";
import { train } from "../../../lib/train/trainer.ts";
import { encodeTensors } from "../../store/safetensors.ts";
import { files } from "./model_folder.ts";

const [collection, vocabulary, width, length] = ["sotu", 512, 128, 32];
const [batch, steps] = [32, 1500];

/** Writes the folder. @param root of the repository @param say hears how far it is */
export async function makeModel(root: string, folder: string, say: (line: string) => void) {
  const documents: string[] = [];
  const entries = entriesOf(collectionOf(collections, collection, "data/collections.json"));
  for (const entry of entries.values()) {
    const mirror = Deno.env.get("DEEP_LINEAR_MIRROR") || undefined;
    documents.push(textOf((await fetchDataset(entry, { root: join(root, "data"), mirror })).bytes));
  }
  const { tokenizer, symbols, parts: made } = corpusOf(documents, vocabulary);
  say(`${symbols.data.length} tokens, ${made.train.ids.data.length} of them to train on`);
  const tensors = {
    symbols,
    ...Object.fromEntries(parts.flatMap((part) => [
      [part, made[part].ids],
      [`${part}Starts`, made[part].starts],
    ])),
  };
  const language = task.configure({ length }, { tensors });
  const model = tokenMixer.configure({ width, length }, {
    signature: language.signature,
    layers: [],
  });
  const { nextBatch, compileStep } = learning(
    language,
    model,
    [{ instance: 0, initialisation: 0, data: 0 }],
    batch,
  );
  const { params } = await train(
    (example) => compileStep(example, { compile, optimiser: { weightDecay: 0, clipNorm: 1 } }),
    nextBatch,
    {
      schedule: { peak: 4e-3, steps, warmup: 50, floor: 0.05 },
      onStep: ({ step, losses }) => {
        if ((step + 1) % 100 === 0) {
          say(`step ${step + 1} of ${steps}: ${losses[0].toFixed(3)} nats a token`);
        }
      },
    },
  );
  const bytes = encodeTensors({ symbols, ...flatten(params) });
  await Deno.mkdir(folder, { recursive: true });
  await writeAtomic(join(folder, files.parameters), bytes);
  const json = new TextEncoder().encode(`${JSON.stringify(tokenizerJson(tokenizer))}\n`);
  await writeAtomic(join(folder, files.tokenizer), json);
}
