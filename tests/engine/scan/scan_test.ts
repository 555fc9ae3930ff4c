/**
 * @file Loops against jax-js on the unrolled program, values and gradients, on engine `ort` in float64. In float32, and on engine `jax`,
 * which unrolls them: tests/long/engine.
 */
import { init } from "@jax-js/jax";
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
