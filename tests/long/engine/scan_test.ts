/** @file Long loops, and loops of every form and in loops on engine `jax`, which unrolls them: against jax-js on the unrolled program, values and gradients. */
import { init } from "@jax-js/jax";
import { runEngine } from "../../engine/oracle.ts";
import { checkAll, checkOnJax } from "../../engine/scan/cases.ts";
import { formCases } from "../../engine/scan/cases_forms.ts";
import { nestedCases } from "../../engine/scan/cases_nested.ts";
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
