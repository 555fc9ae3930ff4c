/** @file `deno task generate`: text of a language model that is one matrix, as it is drawn, and why each token was. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { continued } from "../../../lib/text/generated.ts";
import { runProgram } from "../../program.ts";
import { UsageError } from "../../usage_error.ts";
import { explanation } from "./explanation.ts";
import { makeModel } from "./make_model.ts";
import { readModel } from "./model_folder.ts";
import { type GenerateOptions, parseOptions, USAGE } from "./options.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** A folder of data/models by its name, or a path. */
function folderOf(model: string): string {
  const own = join(ROOT, "data", "models", model);
  return existsSync(model) && !existsSync(own) ? model : own;
}

async function write(options: GenerateOptions): Promise<void> {
  const { prompt, tokens, seed, temperature, topP, explain } = options;
  const model = await readModel(folderOf(options.model));
  const decoder = new TextDecoder();
  const put = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));
  if (!explain) put(prompt);
  try {
    for (const drawn of continued(model, prompt, tokens, seed, { temperature, topP })) {
      // A character may be several tokens.
      put(explain ? `${explanation(drawn)}\n` : decoder.decode(drawn.bytes, { stream: true }));
    }
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
  if (!explain) put(`${decoder.decode()}\n`);
}

async function main(args: string[]): Promise<void> {
  const options = parseOptions(args);
  if (!options.make) return await write(options);
  const folder = folderOf(options.model);
  await makeModel(ROOT, folder, console.log);
  console.log(`written: ${folder}`);
}

if (import.meta.main) process.exit(await runProgram({ help: USAGE, main }, process.argv.slice(2)));
