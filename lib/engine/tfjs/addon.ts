/**
 * @file TensorFlow.js in its native form: the one place that knows `@tensorflow/tfjs-node-gpu` and, for machines without
 * CUDA, `@tensorflow/tfjs-node`, whether a native addon is installed, how to install it, and what it needs from Node that
 * newer runtimes dropped.
 *
 * The packages weigh 300 MB and are wanted by few, so they are neither in the `imports` of deno.json nor in an
 * `import`: one is loaded with `require` from a `node_modules` folder, and nothing is ever downloaded by
 * running a program. Its native library comes from an install script, which Deno runs for `node_modules`
 * folders only.
 *
 * Where the install script cannot download, the CPU form can be built by hand (Linux on x86-64 with npm, pip, g++), in the
 * repository's folder:
 * ```sh
 * npm install --prefix . --no-save --ignore-scripts @tensorflow/tfjs-node@4.22.0 node-api-headers@1.9.0
 * pip download --no-deps --only-binary=:all: --python-version 3.11 --platform manylinux_2_17_x86_64 \
 *   --dest node_modules tensorflow-cpu==2.15.1
 * python3 -m zipfile -e node_modules/tensorflow_cpu-2.15.1-*.whl node_modules/.wheel
 * cd node_modules/@tensorflow/tfjs-node && mkdir -p lib/napi-v8 deps/lib
 * mv ../../.wheel/tensorflow/libtensorflow_*.so.2 deps/lib
 * g++ -std=c++17 -O2 -fPIC -shared -I ../../node-api-headers/include -I ../../.wheel/tensorflow/include binding/*.cc \
 *   deps/lib/*.so.2 -Wl,-rpath,'$ORIGIN/../../deps/lib' -o lib/napi-v8/tfjs_binding.node
 * rm -r ../../.wheel ../../*.whl
 * ```
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type Backend, backendOf, type TF } from "./backend.ts";

const name = "@tensorflow/tfjs-node-gpu";
/** The same kernels without CUDA; loaded where the other is not installed. */
const cpuForm = "@tensorflow/tfjs-node";

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
        `libtensorflow from storage.googleapis.com; for the CPU ${cpuForm} in its place), or use engine "ort" or "tfjs".`,
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

/** The package that is installed, the one with CUDA first. @throws {AddonMissing} */
function installedPackage(require: Require): string {
  for (const candidate of [name, cpuForm]) {
    try {
      require.resolve(candidate);
      return candidate;
    } catch { /* the next */ }
  }
  throw new AddonMissing(`neither the package ${name} nor ${cpuForm} is installed`);
}

/** Whether programs would run on the CPU, because only `@tensorflow/tfjs-node` is installed. */
export function isCpuForm(require: Require = requireFromRoot()): boolean {
  try {
    return installedPackage(require) === cpuForm;
  } catch {
    return false;
  }
}

/**
 * Loads TensorFlow.js with the native backend "tensorflow".
 * @param require tests hand in another one
 * @throws {AddonMissing} when neither package is there, or the native addon of the one that is
 */
export function loadAddon(require: Require = requireFromRoot()): TF {
  const installed = installedPackage(require);
  restoreUtil(require("node:util"));
  try {
    return require(installed);
  } catch (cause) {
    const [reason] = String((cause as Error)?.message ?? cause).split("\n");
    throw new AddonMissing(reason.trim().replace(/\.$/, ""));
  }
}

/** The native backend. @throws {AddonMissing} when the package or its native addon is not there. */
export const openAddon = (): Backend => backendOf(loadAddon(), "tfjs-node-gpu", "tensorflow");

/**
 * Tries in a process of its own whether the addon loads, because loading it takes hold of the GPU's memory and
 * a broken driver may end the process.
 * @returns why it cannot be used, and whether it found a GPU.
 */
export function probeAddon(): { problem?: string; gpu: boolean } {
  try {
    installedPackage(requireFromRoot());
  } catch (error) {
    return { problem: (error as AddonMissing).message, gpu: false };
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
