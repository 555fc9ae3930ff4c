/**
 * @file `deno task layer`: the sequence layers there are, and one of them with random parameters on random tokens as a
 * safetensors file, to be held against other implementations (tests/references).
 */
import { basename } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chooseEngine } from "../../../lib/engine/available.ts";
import type { SequenceLayer } from "../../../lib/layers/sequence/sequence_layer.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { describeCommit, gitCommit } from "../../log/git.ts";
import { modulesBeside } from "../../modules.ts";
import { encodeTensors } from "../../store/safetensors.ts";
import { withMetadata } from "../../store/safetensors_metadata.ts";
import { runProgram } from "../../program.ts";
import { outputFile, writeOutput } from "../../user_files.ts";
import {
  computeForms,
  largestDifference,
  perturbation,
  randomParameters,
  randomTokens,
} from "./forms.ts";
import { type DumpOptions, parseOptions, USAGE, UsageError } from "./options.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const FOLDER = "lib/layers/sequence";

async function layerOf(name: string): Promise<SequenceLayer> {
  return (await import(pathToFileURL(`${ROOT}/${FOLDER}/${name}.ts`).href)).layer;
}

/** @param names of the layers that there are */
async function list(names: readonly string[]): Promise<void> {
  const layers = await Promise.all(names.map(layerOf));
  console.log(`${USAGE}\n`);
  for (const [i, { about }] of layers.entries()) {
    console.log(`${names[i]}: ${about.name}, ${about.kind}. ${about.paper}`);
    console.log(`  eigenvalues: ${about.eigenvalues}`);
  }
}

/** @throws {UsageError} with the layer's own message about its options. */
function configure(layer: SequenceLayer, { options, width }: DumpOptions): unknown {
  try {
    return layer.configure(options, width);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function dump(asked: DumpOptions): Promise<void> {
  const { name, file, options, dtype, batch, length, width, seed } = asked;
  const output = outputFile("--dump", file, [`${ROOT}/${FOLDER}/${name}.ts`]);
  const layer = await layerOf(name);
  const config = configure(layer, asked);
  const { engine } = await chooseEngine(asked.engine).catch((error: Error) => {
    throw new UsageError(error.message);
  });
  const params = await randomParameters(layer, config, seed, dtype);
  const x = randomTokens([batch, length, width], seed, dtype);
  const [recurrent, parallel] = await computeForms(layer, config, params, x, engine);
  const difference = parallel && largestDifference(recurrent, parallel);
  const forms = parallel ? "recurrent, parallel" : "recurrent";

  const tensors: Record<string, Tensor> = flatten({
    x,
    params,
    y: recurrent.y,
    state: recurrent.state,
    ...(parallel && { parallel: { y: parallel.y, state: parallel.state } }),
  });
  const bytes = withMetadata(encodeTensors(tensors), {
    layer: name,
    options: JSON.stringify(options),
    config: JSON.stringify(config),
    dtype,
    engine,
    seed: `${seed}`,
    perturbation: `${perturbation}`,
    forms,
    ...(parallel && { forms_difference: `${difference}` }),
    commit: describeCommit(gitCommit(ROOT)) ?? "none",
  });
  await writeOutput(output, bytes);

  const parameters = Object.values(flatten(params));
  const count = parameters.reduce((sum, { data }) => sum + data.length, 0);
  console.log(
    `${name} (${layer.about.name}), ${JSON.stringify(config)}: ` +
      `${batch} x ${length} tokens in ${dtype}, seed ${seed}`,
  );
  console.log(
    `parameters: ${count}, as \`init\` makes them and each moved by up to ${perturbation}, ` +
      `so that none is zero`,
  );
  console.log(
    parallel
      ? `forms: recurrent (y, state) and parallel (parallel.y, parallel.state), largest difference ${
        difference!.toExponential(1)
      }`
      : "forms: recurrent (y, state); it has no other",
  );
  console.log(`${basename(file)}: ${Object.keys(tensors).length} tensors, ${bytes.length} bytes`);
}

/** Runs the command. @throws {UsageError} for what the user can correct. */
export async function main(args: string[]): Promise<void> {
  const { names } = modulesBeside(ROOT, `${FOLDER}/layer.ts`, ["layer"]);
  const options = parseOptions(args, names);
  await (options ? dump(options) : list(names));
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  // Help names the layers, which are loaded for that.
  const asked = args.map((arg) => arg === "-h" ? "--help" : arg).includes("--help");
  const code = await runProgram({ help: USAGE, main }, asked ? [] : args);
  // Threads of jax-js would keep the process.
  process.exit(code);
}
