/**
 * @file What a worker process may do, and what it sees of its environment.
 *
 * Deno's permissions hold for code that it runs itself: native libraries (`--allow-ffi`) are not confined by them.
 */
import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { JobSpec } from "../protocol.ts";
import type { StagePermissions } from "../../stage.ts";

/** Where the modules of the project lie. What else a job's code is made of is named file by file. */
const CODE = ["lib", "pipeline"];
/** What processes write of a store. */
export const OWN_FOLDERS = ["objects", "tmp", "checkpoints"];

/** What Deno is told, and what the worker sees to itself. */
export interface Confinement {
  flags: string[];
  /** Absolute; files and folders that the job may read besides its code, its inputs and its own part of the store. */
  mayRead: string[];
}

/** What a job's process may do depends on little of the job, so that one process does for many jobs. */
export class Confinements {
  readonly #known = new Map<string, Confinement>();

  /**
   * A worker reads the code of the project, the store, installed packages, the job's input files and what its stage says; it writes
   * inside the store and where its stage says. It starts no process and, unless its stage says so, reaches no network and loads no
   * native code.
   * @param spec with paths as the system sees them
   */
  of(spec: JobSpec, wanted: StagePermissions): Confinement {
    const { root, storeDir, inputDir, codeFiles, inputs } = spec;
    const elsewhere = codeFiles.filter((path) => !CODE.some((folder) => isInside(folder, path)));
    const files = Object.values(inputs).flatMap(({ path }) => path === undefined ? [] : [path]);
    const about = JSON.stringify([root, storeDir, inputDir, elsewhere, files, wanted]);
    let known = this.#known.get(about);
    if (!known) this.#known.set(about, known = made(spec, wanted, elsewhere, files));
    return known;
  }
}

function made(
  { root, storeDir, inputDir }: JobSpec,
  wanted: StagePermissions,
  elsewhere: string[],
  files: string[],
): Confinement {
  const inRoot = (path: string) => resolve(root, path);
  const write = (wanted.write ?? []).map(inRoot);
  const declared = (wanted.read ?? []).flatMap(named).map(inRoot);
  const mayRead = [...packageFolders(root), ...declared, ...write, ...files].flatMap(bothNames);
  const owned = OWN_FOLDERS.map((name) => join(storeDir, name));
  const read = [
    ...[...CODE, ...elsewhere].map(inRoot),
    ...owned,
    join(inputDir, "objects"),
    ...mayRead,
  ];
  const flags = [
    `--allow-read=${list(read, root)}`,
    `--allow-write=${list([...owned, ...write], root)}`,
    "--allow-env", // of what it is given, which is little
  ];
  // Native code looks at the machine anyway; what others leave may not depend on it.
  if (wanted.ffi) flags.push("--allow-ffi", "--allow-sys");
  if (wanted.net === true) flags.push("--allow-net");
  else if (wanted.net?.length) flags.push(`--allow-net=${wanted.net.join(",")}`);
  return { flags, mayRead };
}

/** True for a path in a folder, and for the folder; both as `resolve` spells them. */
export function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder) &&
    (path.length === folder.length || path[folder.length] === sep ||
      folder.endsWith(sep));
}

/** A path as the system sees it; as it is where there is nothing yet. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

const bothNames = (path: string) => [path, realPath(path)];

/** `$NAME` is the path in a variable of the environment, if there is one. */
function named(path: string): string[] {
  if (!path.startsWith("$")) return [path];
  const value = process.env[path.slice(1)];
  return value && !/^https?:/.test(value) ? [value] : [];
}

/**
 * A list for Deno, which knows no way to write a comma in one: paths in the folder of the process are told from there, which does
 * without the name of that; of others the folder has to do that has none above it.
 */
function list(paths: string[], folder: string): string {
  const all = paths.map((path) => {
    const told = isInside(folder, path) ? relative(folder, path) || "." : path;
    const comma = told.indexOf(",");
    return comma < 0 ? told : dirname(told.slice(0, comma + 1));
  });
  return [...new Set(all)].join(",");
}

/** Where npm packages lie: Deno's cache, and folders `node_modules`, from which engines load what is installed by hand. */
function packageFolders(root: string): string[] {
  const own = fileURLToPath(new URL("../../../", import.meta.url));
  return [
    join(cacheFolder(), "npm"),
    ...[root, own].map((folder) => join(folder, "node_modules")),
  ];
}

/** As Deno finds it. */
function cacheFolder(): string {
  const { DENO_DIR, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  // Asking the system needs a permission that commands are not given.
  const home = () => process.env.HOME || homedir();
  if (DENO_DIR) return resolve(DENO_DIR);
  if (Deno.build.os === "windows") return join(LOCALAPPDATA ?? home(), "deno");
  if (Deno.build.os === "darwin") return join(home(), "Library", "Caches", "deno");
  return join(XDG_CACHE_HOME || join(home(), ".cache"), "deno");
}

/** Variables that a worker is given: those of the system, of loaders, GPUs, batch systems and threads, of Deno and of this project. */
const PASSED = new RegExp(
  "^(?:" + [
    "PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|TMP|TEMP|NO_COLOR|HOSTNAME",
    "SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES",
    "XDG_.*|DISPLAY|WAYLAND_DISPLAY",
    "LD_.*|DYLD_.*|GLIBC_TUNABLES|MALLOC_.*",
    "VK_.*|VULKAN_.*|MESA_.*|GALLIUM_.*|LIBGL_.*|EGL_.*|__(?:EGL|GL|GLX|NV|VK)_?.*|DRI_PRIME|LP_.*",
    "CUDA_.*|CUDNN_.*|CUBLAS.*|NVIDIA_.*|NCCL_.*|TF_.*|ORT_.*|ROCR_.*|ROCM_.*|HIP_.*|HSA_.*|ZE_.*|MTL_.*",
    "SLURM_.*|PBS_.*|SGE_.*|LSB_.*|OMP_.*|KMP_.*|GOMP_.*|MKL_.*|OPENBLAS_.*|VECLIB_.*",
    "DENO_(?:DIR|CERT|TLS_CA_STORE|V8_FLAGS|WEBGPU_.*|NO_UPDATE_CHECK|CONDITIONS|USE_CGROUPS)|RUST_BACKTRACE",
    "DEEP_LINEAR_.*",
  ].join("|") + ")$",
  "i",
);
/** And those that reach the network, or install a package. */
const OF_THE_NETWORK =
  /^(?:(?:HTTPS?|ALL|NO)_PROXY|SSL_CERT_(?:FILE|DIR)|NODE_EXTRA_CA_CERTS|NPM_CONFIG_REGISTRY)$/i;
/** Whatever list they are on. */
const SECRET = /(?:^|_)(?:KEY|TOKEN|SECRET|PASS|PASSWD|PASSWORD|CREDENTIALS?|JWT|AUTH)(?:_|$)/i;

/** The environment of a worker: no key of anybody's gets into an artifact or a log. */
export function environmentOf(
  wanted: StagePermissions,
  environment: Readonly<Record<string, string>> = Deno.env.toObject(),
): Record<string, string> {
  const passed = (name: string) =>
    !SECRET.test(name) &&
    (PASSED.test(name) || (wanted.net !== undefined && OF_THE_NETWORK.test(name)));
  return {
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => passed(name))),
    // One core a job; libraries that look at neither would start a thread for each core.
    OMP_NUM_THREADS: "1",
    OPENBLAS_NUM_THREADS: "1",
  };
}
