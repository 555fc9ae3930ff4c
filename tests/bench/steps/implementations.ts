/** @file Who is measured beside whom: this checkout, another one, and what a Python interpreter can import. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Case } from "./training_step.ts";
import { type Measuring, startMeasuring } from "./process.ts";

export interface Implementation {
  readonly name: string;
  /** Whether it is other code in every case, to be named beside each. */
  readonly variesByCase?: boolean;
  /** Whether it has such a case at all. */
  knows(task: Case): boolean;
  /** The process of a case with so many threads, or why there is none. */
  start(task: Case, threads: number): Promise<Measuring | string>;
}

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The training steps of a checkout of this project, by its own code and imports. */
export function checkout(name: string, directory: string): Implementation {
  const args = ["run", "-A", "--quiet", "--v8-flags=--stack-size=6000"];
  const config = resolve(directory, "deno.json");
  return {
    name,
    knows: () => true,
    start: (task, threads) =>
      startMeasuring(Deno.execPath(), [
        ...[...args, "--config", config, script("serve.ts")],
        ...[resolve(directory), task.name, `${threads}`],
      ]),
  };
}

export const ours = checkout("ours", script("../../.."));

/** Eager PyTorch, compiled PyTorch and JAX of an interpreter; each says at its start whether it is there. */
export function pythons(python: string): Implementation[] {
  const implementation = (name: string, file: string, ...mode: string[]): Implementation => ({
    name,
    knows: ({ torch }) => torch !== undefined,
    start: (task, threads) =>
      startMeasuring(python, [script(file), task.torch!, `${threads}`, ...mode]),
  });
  return [
    implementation("PyTorch eager", "../torch_steps.py", "eager"),
    implementation("PyTorch compile", "../torch_steps.py", "compile"),
    implementation("JAX jit", "../jax_steps.py"),
  ];
}

/** PyTorch code that was published for a layer. @param references folder of clones, see tests/references/README.md. */
export function published(python: string, references: string | undefined): Implementation {
  return {
    name: "published PyTorch",
    variesByCase: true,
    knows: ({ published }) => published !== undefined,
    async start({ published }, threads) {
      if (references === undefined) return "needs --references DIR, see tests/references/README.md";
      const { layer, config } = published!;
      const words = [layer, JSON.stringify(config), `${threads}`, resolve(references)];
      return await startMeasuring(python, [script("../published_steps.py"), ...words]);
    },
  };
}
