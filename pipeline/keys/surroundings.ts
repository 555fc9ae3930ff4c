/** @file What the keys of thousands of jobs have in common: all that comes from code, packages, engine and Deno. */
import { addonSpecifier } from "../../lib/engine/tfjs/addon.ts";
import type { EngineName } from "../../lib/engine/engines.ts";
import type { Ingredients } from "../content/ingredients.ts";
import type { StagePart } from "../stage.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { Packages } from "./packages.ts";

/** Where jobs run, as far as their keys say it. */
export interface RunsOn {
  engine: EngineName;
  /** The GPU, and its driver. */
  device?: string;
  /** Version of Deno, by default of this one. */
  deno?: string;
}

/** The package whose version a reader takes for the engine's. */
const ENGINE_PACKAGES: Record<EngineName, string> = {
  ort: "onnxruntime-node",
  "ort-webgpu": "onnxruntime-node",
  "ort-cuda": "onnxruntime-node",
  jax: "@jax-js/jax",
  "jax-webgpu": "@jax-js/jax",
  tfjs: "@tensorflow/tfjs-core",
  // Outside the import map: no run may install it by accident.
  "tfjs-node-gpu": addonSpecifier,
};

export class Surroundings {
  /** Of every job that uses one. */
  #engineOfAll?: { name: string; version: string };

  constructor(
    private readonly packages: Pick<Packages, "version">,
    private readonly options: RunsOn,
  ) {}

  /** What a key is made of but parameters, inputs and rules. */
  of(
    { name: stage, usesEngine }: StagePart,
    { code, packages }: Fingerprint,
  ): Omit<Ingredients, "params" | "inputs" | "rules"> {
    const deno = this.options.deno ?? Deno.version.deno;
    return { stage, code, packages, deno, ...(usesEngine ? { engine: this.#engine() } : {}) };
  }

  #engine() {
    return this.#engineOfAll ??= this.#lookUpEngine();
  }

  #lookUpEngine() {
    const { engine: name, device } = this.options;
    const runtime: string | undefined = ENGINE_PACKAGES[name];
    const version = (runtime && this.packages.version(runtime)) ?? "unknown";
    return { name, version: device === undefined ? version : `${version} on ${device}` };
  }
}
