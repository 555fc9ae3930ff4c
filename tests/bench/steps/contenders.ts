/** @file Who is measured beside whom: this checkout, another one, and what a Python interpreter can import. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Case } from "./cases.ts";
import { type Measuring, startMeasuring } from "./process.ts";

export interface Contender {
  readonly name: string;
  /** The process of a case with so many threads, or why there is none. */
  start(task: Case, threads: number): Promise<Measuring | string>;
}

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The training steps of a checkout of this project, by its own code and imports. */
export function checkout(name: string, directory: string): Contender {
  const args = ["run", "-A", "--quiet", "--v8-flags=--stack-size=6000"];
  const config = resolve(directory, "deno.json");
  return {
    name,
    start: (task, threads) =>
      startMeasuring(Deno.execPath(), [
        ...[...args, "--config", config, script("serve.ts")],
        ...[resolve(directory), task.name, `${threads}`],
      ]),
  };
}

export const ours = checkout("ours", script("../../.."));

/** Eager PyTorch, compiled PyTorch and JAX of an interpreter; each says at its start whether it is there. */
export function pythons(python: string): Contender[] {
  const contender = (name: string, file: string, ...mode: string[]): Contender => ({
    name,
    start: (task, threads) =>
      startMeasuring(python, [script(file), task.torch, `${threads}`, ...mode]),
  });
  return [
    contender("PyTorch eager", "../torch_steps.py", "eager"),
    contender("PyTorch compile", "../torch_steps.py", "compile"),
    contender("JAX jit", "../jax_steps.py"),
  ];
}
