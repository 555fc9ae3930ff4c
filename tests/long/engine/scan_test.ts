/** @file Loops in loops on engine `jax`, which unrolls them: against jax-js on the unrolled program, values and gradients. */
import { init } from "@jax-js/jax";
import { checkOnJax } from "../../engine/scan/cases.ts";
import { nestedCases } from "../../engine/scan/cases_nested.ts";

await init("wasm");

Deno.test("engine jax unrolls, and agrees: nestedCases", async (t) => {
  await checkOnJax(t, nestedCases);
});
