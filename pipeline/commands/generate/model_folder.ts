/** @file A linear language model as a folder: `model.safetensors` with its parameters and symbols, and `tokenizer.json`. */
import { join } from "node:path";
import { DataError } from "../../../lib/data/data_error.ts";
import type { LanguageModel } from "../../../lib/text/generated.ts";
import { languageModel } from "./language_model.ts";

/** Names of its files. */
export const files = { parameters: "model.safetensors", tokenizer: "tokenizer.json" } as const;

/** @throws {DataError} for a folder that holds no such model */
export async function readModel(folder: string): Promise<LanguageModel> {
  const parameters = await read(folder, files.parameters);
  const text = new TextDecoder().decode(await read(folder, files.tokenizer));
  return languageModel(parameters, text, join(folder, files.parameters));
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
