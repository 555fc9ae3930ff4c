/**
 * @file Loops against jax-js on the unrolled program, values and gradients: on engine `ort` in float64, in float32 with the rewrites
 * that float64 programs do without. Engine `jax`, which unrolls them: tests/long/engine.
 */
import { init } from "@jax-js/jax";
import type { Tensor } from "../../../lib/engine/mod.ts";
import { runEngine } from "../oracle.ts";
import { checkAll } from "./cases.ts";
import { formCases } from "./cases_forms.ts";
import { captureCases, gradientCases, nestedCases } from "./cases_nested.ts";
import { optionCases } from "./cases_options.ts";
import { vmapCases } from "./cases_vmap.ts";

await init("wasm");

const groups = {
  optionCases,
  formCases,
  vmapCases,
  nestedCases,
  captureCases,
  gradientCases,
};

for (const [group, cases] of Object.entries(groups)) {
  Deno.test(`ort agrees with the unrolled program: ${group}`, async (t) => {
    await checkAll(t, cases, runEngine, 1e-9);
  });
}

const narrow = (args: readonly Tensor[]): Tensor[] =>
  args.map((arg) =>
    arg.dtype === "float64" ? { ...arg, dtype: "float32", data: Float32Array.from(arg.data) } : arg
  );

for (const [group, cases] of Object.entries({ formCases, captureCases, gradientCases })) {
  Deno.test(`ort agrees with the unrolled program in float32: ${group}`, async (t) => {
    await checkAll(t, cases, (fn, args) => runEngine(fn, narrow(args)), 3e-5);
  });
}
