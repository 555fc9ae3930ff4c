/** @file Loading TensorFlow.js on CUDA: what is said where its addon is missing, and what is chosen then. */
import assert from "node:assert/strict";
import {
  AddonMissing,
  addonSpecifier,
  chooseEngine,
  loadAddon,
  restoreUtil,
} from "../../../lib/engine/tfjs/addon.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

Deno.test("tfjs-node-gpu without its addon says how to install it", async () => {
  const missing = Object.assign(() => assert.fail("nothing to load"), {
    resolve: () => assert.fail("not found"),
  });
  const install = /deno install .*--allow-scripts=npm:@tensorflow\/tfjs-node-gpu .*@4\.22\.0/;
  assert.throws(() => loadAddon(missing as Any), AddonMissing);
  assert.throws(() => loadAddon(missing as Any), install);
  // Installed without running its script: the package throws while it is loaded.
  const broken = Object.assign((name: string) => {
    if (name === "node:util") return {};
    throw new Error("The Node.js native addon module (tfjs_binding.node) can not be found.\nx");
  }, { resolve: () => "somewhere" });
  assert.throws(() => loadAddon(broken as Any), /tfjs_binding\.node\) can not be found\. Install/);
  assert.throws(() => chooseEngine("tfjs-node-gpu", () => ({ problem: "no", gpu: false })), /no/);
  // The specifier stands in one file, and in no import map.
  const { imports } = JSON.parse(
    await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)),
  );
  assert.ok(!Object.values(imports).includes(addonSpecifier));
});

Deno.test("auto is CUDA where there is some, otherwise ort", () => {
  assert.equal(chooseEngine("auto", () => ({ gpu: true })), "tfjs-node-gpu");
  assert.equal(chooseEngine("auto", () => ({ gpu: false })), "ort");
  assert.equal(chooseEngine("auto", () => ({ problem: "no", gpu: false })), "ort");
  const unasked = () => assert.fail("the addon is of no concern to other engines");
  for (const engine of ["ort", "jax", "tfjs"] as const) {
    assert.equal(chooseEngine(engine, unasked), engine);
  }
});

Deno.test("functions that node:util dropped are put back for tfjs-node", () => {
  const isArray = () => true;
  const util: Any = { isArray };
  restoreUtil(util);
  assert.deepEqual([null, undefined, 0, ""].map(util.isNullOrUndefined), [
    true,
    true,
    false,
    false,
  ]);
  assert.equal(util.isArray, isArray);
  const none: Any = {};
  restoreUtil(none);
  assert.deepEqual([[], {}].map(none.isArray), [true, false]);
});
