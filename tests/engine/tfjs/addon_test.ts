/** @file Loading TensorFlow.js on CUDA: what is said where its addon is missing. */
import assert from "node:assert/strict";
import {
  AddonMissing,
  addonSpecifier,
  isCpuForm,
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
  // The specifier stands in one file, and in no import map.
  const { imports } = JSON.parse(
    await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)),
  );
  assert.ok(!Object.values(imports).includes(addonSpecifier));
});

Deno.test("the form with CUDA is loaded where it is installed, otherwise the CPU's", () => {
  const [cuda, cpu] = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"];
  const having = (...installed: string[]): Any =>
    Object.assign((name: string) => name === "node:util" ? {} : { loaded: name }, {
      resolve: (name: string) => installed.includes(name) ? name : assert.fail("not found"),
    });
  assert.deepEqual(loadAddon(having(cpu, cuda)), { loaded: cuda });
  assert.deepEqual(loadAddon(having(cuda)), { loaded: cuda });
  assert.deepEqual(loadAddon(having(cpu)), { loaded: cpu });
  const forms = [having(cpu, cuda), having(cuda), having(cpu), having()].map((r) => isCpuForm(r));
  assert.deepEqual(forms, [false, false, true, false]);
  assert.throws(() => loadAddon(having()), /neither the package .*-gpu nor .*tfjs-node is inst/);
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
