/**
 * @file TensorFlow.js on CUDA: the one place that knows `@tensorflow/tfjs-node-gpu`, whether its native addon
 * is installed, how to install it, and what it needs from Node that newer runtimes dropped.
 *
 * The package weighs 300 MB and is wanted by few, so it is neither in the `imports` of deno.json nor in an
 * `import`: it is loaded with `require` from a `node_modules` folder, and nothing is ever downloaded by
 * running a program. Its native library comes from an install script, which Deno runs for `node_modules`
 * folders only.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { EngineName } from "../types.ts";

/** What TensorFlow.js exports; the same of every backend. */
export type TF = typeof import("@tensorflow/tfjs-core");

/** A tensor of TensorFlow.js, of any rank. */
export type TfTensor = Tensor;

const name = "@tensorflow/tfjs-node-gpu";

/** What stands for the engine's version in keys, and what the installation names. */
export const addonSpecifier = `npm:${name}@4.22.0`;

const installCommand =
  `deno install --no-config --node-modules-dir=auto --allow-scripts=npm:${name} --entrypoint ${addonSpecifier}`;

/** Engine `tfjs-node-gpu` was asked for where its addon cannot be loaded; the message says how to install it. */
export class AddonMissing extends Error {
  /** `AddonMissing`, also in stack traces. */
  override name = "AddonMissing";
  /** Says why it cannot be loaded (without a full stop) and how to install it. */
  constructor(reason: string) {
    super(
      `engine "tfjs-node-gpu" cannot be loaded: ${reason}. Install it in ${root()} with\n` +
        `  ${installCommand}\n` +
        `(Linux on x86-64 with CUDA 11.2 and cuDNN 8.1, or Windows; the install script downloads ` +
        `libtensorflow from storage.googleapis.com), or use engine "ort" or "tfjs".`,
    );
  }
}

const root = () => fileURLToPath(new URL("../../../", import.meta.url));

/** A `require` as Node.js makes it for one file. */
export type Require = ReturnType<typeof createRequire>;
const requireFromRoot = (): Require =>
  createRequire(new URL("../../../deno.json", import.meta.url));

/**
 * tfjs-node 4.22 calls functions that newer versions of `node:util` (and Deno's) no longer have. They are put
 * back where they are missing, on the object that `require("util")` gives every package.
 */
export function restoreUtil(util: Record<string, unknown>): void {
  util.isNullOrUndefined ??= (x: unknown) => x === null || x === undefined;
  util.isArray ??= Array.isArray;
}

/**
 * Loads TensorFlow.js with the native backend "tensorflow".
 * @param require tests hand in another one
 * @throws {AddonMissing} when the package or its native addon is not there
 */
export function loadAddon(require: Require = requireFromRoot()): TF {
  try {
    require.resolve(name);
  } catch {
    throw new AddonMissing(`the package ${name} is not installed`);
  }
  restoreUtil(require("node:util"));
  try {
    return require(name);
  } catch (cause) {
    const [reason] = String((cause as Error)?.message ?? cause).split("\n");
    throw new AddonMissing(reason.trim().replace(/\.$/, ""));
  }
}

/**
 * Tries in a process of its own whether the addon loads, because loading it takes hold of the GPU's memory and
 * a broken driver may end the process.
 * @returns why it cannot be used, and whether it found a GPU.
 */
export function probeAddon(): { problem?: string; gpu: boolean } {
  try {
    requireFromRoot().resolve(name);
  } catch {
    return {
      problem: new AddonMissing(`the package ${name} is not installed`).message,
      gpu: false,
    };
  }
  const script = `const { loadAddon } = await import(${JSON.stringify(import.meta.url)});
    try {
      const backend = loadAddon().backend();
      console.log(JSON.stringify({ gpu: backend.isUsingGpuDevice === true }));
    } catch (error) {
      console.log(JSON.stringify({ problem: error.message, gpu: false }));
    }
    Deno.exit(0);`;
  const { code, signal, stdout } = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--no-lock", script],
    stdin: "null",
    stderr: "null",
  }).outputSync();
  const [said] = new TextDecoder().decode(stdout).trim().split("\n").slice(-1);
  if (said) return JSON.parse(said);
  const reason = `the process that tried it ended with ${signal ?? `exit code ${code}`}`;
  return { problem: new AddonMissing(reason).message, gpu: false };
}

/**
 * The engine that a command line names. `auto` is CUDA through tfjs-node-gpu where its addon loads and finds a
 * GPU, otherwise `ort`; resolve it once, before anything is keyed by the engine.
 * @throws {Error} how to install it, when "tfjs-node-gpu" is asked for and does not load
 */
export function chooseEngine(choice: EngineName | "auto", probe = probeAddon): EngineName {
  if (choice === "auto") return probe().gpu ? "tfjs-node-gpu" : "ort";
  if (choice === "tfjs-node-gpu") {
    const { problem } = probe();
    if (problem) throw new Error(problem);
  }
  return choice;
}
