/** @file A linear language model from the bytes of its two files, wherever these were read. */
import { DataError } from "../../../lib/data/data_error.ts";
import { collapse } from "../../../lib/models/collapsed_mixer.ts";
import type { TokenMixer } from "../../../lib/models/token_mixer.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import type { LanguageModel } from "../../../lib/text/generated.ts";
import { tokenizerOf } from "../../../lib/text/tokenizer_json.ts";
import { decodeTensors } from "../../store/safetensors.ts";

/**
 * @param parameters of model.safetensors @param tokenizer text of tokenizer.json @param file what the first is called in messages
 * @throws {DataError} for tensors that are no such model
 */
export function languageModel(
  parameters: Uint8Array,
  tokenizer: string,
  file: string,
): LanguageModel {
  const tensors = decodeTensors(parameters);
  const { symbols, ...params } = tensors;
  const needed = ["symbols", "embed", "head", "mixing.weight", "mixing.bias"];
  const missing = needed.find((name) => !(name in tensors));
  if (missing) throw new DataError({ file }, `it has no tensor ${missing}.`);
  const [length] = params["mixing.bias"].shape;
  // Its matrices are made of no more of it; the model itself would bring an engine to whoever reads them.
  const mixer = { kind: "linear", length, toeplitz: false } as TokenMixer;
  return {
    mixer: collapse(mixer, params as Record<string, Tensor>),
    tokenizer: tokenizerOf(JSON.parse(tokenizer)),
    symbols: symbols.data,
  };
}
