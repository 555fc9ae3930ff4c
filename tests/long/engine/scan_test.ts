/**
 * @file Long loops, loops in float32 with the rewrites that float64 programs do without, and loops of every form and in loops on engine
 * `jax`, which unrolls them: against jax-js on the unrolled program, values and gradients.
 */
import { init } from "@jax-js/jax";
import type { Tensor } from "../../../lib/engine/mod.ts";
import { runEngine } from "../../engine/oracle.ts";
import { checkAll, checkOnJax } from "../../engine/scan/cases.ts";
import { formCases } from "../../engine/scan/cases_forms.ts";
import { captureCases, gradientCases, nestedCases } from "../../engine/scan/cases_nested.ts";
import { lengthCases } from "../../engine/scan/cases_options.ts";

await init("wasm");

for (const [group, cases] of Object.entries({ formCases, nestedCases })) {
  Deno.test(`engine jax unrolls, and agrees: ${group}`, async (t) => {
    await checkOnJax(t, cases);
  });
}

Deno.test("ort agrees with the unrolled program: 64 turns", async (t) => {
  await checkAll(t, lengthCases([64]), runEngine, 1e-9);
});

const narrow = (args: readonly Tensor[]): Tensor[] =>
  args.map((arg) =>
    arg.dtype === "float64" ? { ...arg, dtype: "float32", data: Float32Array.from(arg.data) } : arg
  );

for (const [group, cases] of Object.entries({ formCases, captureCases, gradientCases })) {
  Deno.test(`ort agrees with the unrolled program in float32: ${group}`, async (t) => {
    await checkAll(t, cases, (fn, args) => runEngine(fn, narrow(args)), 3e-5);
  });
}
