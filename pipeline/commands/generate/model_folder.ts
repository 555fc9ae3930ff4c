/** @file A linear language model as a folder: `model.safetensors` with its parameters and symbols, and `tokenizer.json`. */
import { join } from "node:path";
import { collapse } from "../../../lib/models/collapsed_mixer.ts";
import { model as tokenMixer } from "../../../lib/models/token_mixer.ts";
import { DataError } from "../../../lib/data/data_error.ts";
import type { LanguageModel } from "../../../lib/text/generated.ts";
import { tokenizerOf } from "../../../lib/text/tokenizer_json.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { decodeTensors } from "../../store/safetensors.ts";

/** Names of its files. */
export const files = { parameters: "model.safetensors", tokenizer: "tokenizer.json" } as const;

/** @throws {DataError} for a folder that holds no such model */
export async function readModel(folder: string): Promise<LanguageModel> {
  const tensors = decodeTensors(await read(folder, files.parameters));
  const text = new TextDecoder().decode(await read(folder, files.tokenizer));
  const { symbols, ...params } = tensors;
  const needed = ["symbols", "embed", "head", "mixing.weight", "mixing.bias"];
  const missing = needed.find((name) => !(name in tensors));
  if (missing) {
    throw new DataError({ file: join(folder, files.parameters) }, `it has no tensor ${missing}.`);
  }
  const [length] = params["mixing.bias"].shape;
  const [vocabulary, width] = params.embed.shape;
  const mixer = tokenMixer.configure({ width, length }, {
    signature: { kind: "tokens", vocabulary, classes: vocabulary },
    layers: [],
  });
  return {
    mixer: collapse(mixer, params as Record<string, Tensor>),
    tokenizer: tokenizerOf(JSON.parse(text)),
    symbols: symbols.data,
  };
}

async function read(folder: string, name: string): Promise<Uint8Array> {
  const path = join(folder, name);
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw new DataError(
      { file: path },
      "it cannot be read; name a folder with model.safetensors and tokenizer.json by --model, or make one by --make.",
      { cause },
    );
  }
}
