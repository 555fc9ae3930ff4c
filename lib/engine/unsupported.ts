/** @file The error for a primitive that an engine cannot run. */

/** Where the rules of each engine stand. */
const rules: Record<string, string> = {
  ort: "lib/engine/onnx/lower.ts",
  tfjs: "lib/engine/tfjs/kernels.ts",
  "tfjs-node-gpu": "lib/engine/tfjs/kernels.ts",
};

/** A primitive without a lowering; the message says where the model asked for it. */
export class UnsupportedPrimitive extends Error {
  override name = "UnsupportedPrimitive";
  constructor(readonly primitive: string, readonly line?: string, engine = "ort") {
    super(
      `the ${engine} engine has no lowering for the primitive "${primitive}"` +
        (line ? `, which the model uses at ${line}` : "") +
        `; write it with other operations, run with engine "jax", or add a rule to ${
          rules[engine]
        }`,
    );
  }
}
