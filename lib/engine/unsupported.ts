/** @file The errors for operations that an engine cannot run, or that have no derivative. */

import type { EngineName } from "./engines.ts";

/** Where the rules of each engine stand. */
const rules: Partial<Record<EngineName, string>> = {
  ort: "lib/engine/onnx/lowering_table.ts",
  tfjs: "lib/engine/tfjs/kernel_table.ts",
  "tfjs-node-gpu": "lib/engine/tfjs/kernel_table.ts",
};

/** A primitive without a lowering; the message says where the model asked for it. */
export class UnsupportedPrimitive extends Error {
  /** `UnsupportedPrimitive`, also in stack traces. */
  override name = "UnsupportedPrimitive";
  /** Names `primitive`, the `line` of the model (file:line:column, where it is known) and the ways out. */
  constructor(readonly primitive: string, readonly line?: string, engine: EngineName = "ort") {
    super(
      `the ${engine} engine has no lowering for the primitive "${primitive}"` +
        (line ? `, which the model uses at ${line}` : "") +
        `; write it with other operations, run with engine "jax", or add a rule to ${
          rules[engine]
        }`,
    );
  }
}

/** An operation without a derivative that a gradient goes through; the message says where the model asked for it. */
export class NotDifferentiable extends Error {
  /** `NotDifferentiable`, also in stack traces. */
  override name = "NotDifferentiable";
  /** Names `primitive`, the `line` of the model (file:line:column, where it is known) and the ways out. */
  constructor(readonly primitive: string, readonly line?: string) {
    super(
      `a gradient goes through the operation "${primitive}", which has no derivative` +
        (line ? `; the model uses it at ${line}` : "") +
        "; keep the gradient away from it with lax.stopGradient, write it with other operations, or add a rule to " +
        "lib/engine/derivatives",
    );
  }
}
