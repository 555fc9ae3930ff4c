/** @file Which engines this machine really has, on what, and which of them `auto` is. Loads what it asks about, nothing else. */
import { type EngineName, ENGINES } from "./engines.ts";
import type { Adapter } from "./webgpu/adapter.ts";

/** Whether an engine can be used here. */
export interface EngineStatus {
  /** Which one. */
  readonly engine: EngineName;
  /** What it runs on, where it is a GPU. */
  readonly adapter?: Adapter;
  /** What it runs on in a word, where that is not always the same; part of keys. */
  readonly device?: string;
  /** Why it cannot be used, and what to install; absent where it can. */
  readonly problem?: string;
}

/**
 * Tries an engine. `ort-webgpu` and `tfjs-node-gpu` are tried in processes of their own, because a broken driver may end the process;
 * it takes a second.
 */
export async function probeEngine(engine: EngineName): Promise<EngineStatus> {
  switch (engine) {
    case "ort-webgpu":
      return await probeOrtWebgpu(engine);
    case "ort-cuda":
      return status(engine, await (await import("./ort/program.ts")).cudaProblem());
    case "jax-webgpu":
      return await probeJaxWebgpu(engine);
    case "tfjs-node-gpu":
      return await probeTfjsNode(engine);
    default:
      return { engine };
  }
}

async function probeOrtWebgpu(engine: EngineName): Promise<EngineStatus> {
  const { probeWebgpu } = await import("./webgpu/adapter.ts");
  const probed = await probeWebgpu();
  const { adapter } = probed;
  return {
    engine,
    ...probed,
    ...(adapter && { device: `${adapter.name}, driver ${adapter.driver}` }),
  };
}

async function probeJaxWebgpu(engine: "jax-webgpu"): Promise<EngineStatus> {
  const { jaxProblem } = await import("./jax/program.ts");
  const problem = await jaxProblem(engine);
  if (problem !== undefined) return { engine, problem };
  type Gpu = { requestAdapter(): Promise<{ info: Record<string, string> } | null> };
  const { gpu } = navigator as unknown as { gpu: Gpu };
  const { description = "", vendor = "" } = (await gpu.requestAdapter())?.info ?? {};
  return { engine, device: description || vendor || "an adapter without a name" };
}

async function probeTfjsNode(engine: EngineName): Promise<EngineStatus> {
  const { isCpuForm, probeAddon } = await import("./tfjs/addon.ts");
  const { problem } = probeAddon();
  return { ...status(engine, problem), ...(isCpuForm() ? { device: "the CPU" } : {}) };
}

const status = (engine: EngineName, problem?: string): EngineStatus =>
  problem === undefined ? { engine } : { engine, problem };

/** All engines, each tried out. */
export async function availableEngines(): Promise<EngineStatus[]> {
  const found: EngineStatus[] = [];
  for (const engine of ENGINES) found.push(await probeEngine(engine));
  return found;
}

/**
 * The engine that a command line names, on this machine. `auto` is `ort-webgpu` on a real GPU, never on a software adapter,
 * otherwise `ort`. Ask once, before anything is keyed by the engine.
 * @throws {Error} where the engine that was named cannot be used, saying what to install.
 */
export async function chooseEngine(
  choice: EngineName | "auto",
  probe: (engine: EngineName) => Promise<EngineStatus> = probeEngine,
): Promise<EngineStatus> {
  if (choice === "auto") {
    const gpu = await probe("ort-webgpu");
    return gpu.adapter && !gpu.adapter.software ? gpu : await probe("ort");
  }
  const found = await probe(choice);
  if (found.problem !== undefined) throw new Error(found.problem);
  return found;
}
