/** @file Models by one name: every option is spelt out and reaches the part that it belongs to. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { LayerChoice, ModelModule } from "../../lib/models/model.ts";
import { task as filtering } from "../../lib/tasks/filtering/filtering.ts";
import { flatten } from "../../lib/tensor/trees.ts";
import { freshParameters } from "../../lib/train/host.ts";
import { missingModule } from "../../pipeline/modules.ts";
import { partModules } from "../../pipeline/parts.ts";
import {
  type Architecture,
  filteringTask,
  isPreset,
  preset,
  type PresetName,
  presetNames,
} from "../../pipeline/presets.ts";

/** Shapes of the fresh parameters of a model for so many channels. */
async function shapesOf({ model, layers }: Architecture, channels: number) {
  const choices: LayerChoice[] = [];
  for (const part of layers) {
    const { layer } = await import(`../../lib/layers/sequence/${part.name}.ts`);
    choices.push({ ...part, layer });
  }
  const module: { model: ModelModule } = await import(`../../lib/models/${model.name}.ts`);
  const { signature } = filtering.configure(filteringTask({ obsDim: channels }, 8).options);
  const made = module.model.configure(model.options, { signature, layers: choices });
  const shapes = Object.entries(flatten(await freshParameters(made, 0)))
    .map(([name, { shape }]): [string, readonly number[]] => [name, shape]);
  return Object.fromEntries(shapes);
}

Deno.test("every preset names modules that there are, and its model can be made", async () => {
  assert.equal(presetNames.length, 6);
  for (const name of presetNames) {
    const { model, layers } = preset(name);
    const modules = partModules({ task: filteringTask({}, 2), model, layers });
    assert.equal(
      missingModule(fileURLToPath(new URL("../..", import.meta.url)), modules),
      undefined,
    );
    const small = name === "transformer" || name === "linear_transformer" ? { dModel: 8 } : {};
    assert.ok(Object.keys(await shapesOf(preset(name, small), 2)).length > 0, name);
  }
});

Deno.test("what is left out of a preset is what its default spelt out is", () => {
  const defaults: Record<PresetName, object> = {
    transformer: { patch: 1, norm: "fixed", layers: 4, dModel: 256, heads: 4 },
    linear_transformer: { patch: 1, norm: "fixed", layers: 4, dModel: 256, heads: 4 },
    lstm: { patch: 1, norm: "fixed", layers: 1, dModel: 64 },
    lru: { patch: 1, state: 64, minRadius: 0.2, maxRadius: 0.99 },
    dense_recurrence: { patch: 1, state: 64, radius: 0.9 },
    causal_linear: { patch: 1, taps: 64 },
  };
  for (const name of presetNames) {
    assert.deepEqual(preset(name), preset(name, defaults[name]), name);
  }
});

Deno.test("every option of a preset reaches the shapes that it determines", async () => {
  for (const name of ["transformer", "linear_transformer"] as const) {
    const options = { dModel: 12, heads: 2, layers: 3, patch: 2, norm: "none" };
    const architecture = preset(name, options);
    assert.equal(architecture.layers.length, 3);
    assert.ok(architecture.layers.every(({ options }) => options.heads === 2));
    assert.equal(architecture.model.options.norm, "none");
    const shapes = await shapesOf(architecture, 3);
    assert.deepEqual(shapes["ends.embed.weight"], [6, 12], "2 observations of 3 channels");
    assert.deepEqual(shapes["blocks.2.mlp.up.weight"], [12, 48]);
    assert.ok(!Object.keys(shapes).some((name) => name.startsWith("blocks.3")));
  }
  const lstm = await shapesOf(preset("lstm", { dModel: 5, layers: 2, patch: 4 }), 1);
  assert.deepEqual(lstm["ends.embed.weight"], [4, 5]);
  assert.ok(!Object.keys(lstm).some((name) => /mlp|norm/.test(name)), "layer after layer");
  const dense = preset("dense_recurrence", { state: 7, radius: 0.5, patch: 2 });
  assert.equal(dense.layers[0].options.radius, 0.5);
  assert.deepEqual((await shapesOf(dense, 3))["blocks.0.layer.b"], [7, 6]);
  const lru = preset("lru", { state: 7, minRadius: 0.4, maxRadius: 0.5, patch: 2 });
  assert.deepEqual(lru.layers[0].options, { state: 7, minRadius: 0.4, maxRadius: 0.5 });
  const causal = await shapesOf(preset("causal_linear", { taps: 5, patch: 2 }), 3);
  assert.deepEqual(causal, { kernel: [5, 6, 6] });
});

Deno.test("wrong names and options are told apart from right ones", () => {
  assert.ok(isPreset("lru"));
  for (const name of ["stack", "toString", ""]) assert.ok(!isPreset(name), name);
  assert.throws(() => preset("lru", { states: 3 }), /^Error: lru options: .*states/);
  assert.throws(() => preset("lstm", { norm: "all" }), /lstm options: norm = "all": /);
  for (const name of presetNames) {
    for (const patch of [0, 33, 1.5]) {
      assert.throws(
        () => preset(name, { patch }),
        new RegExp(`${name} options: patch = ${patch}: `),
      );
    }
    preset(name, { patch: 32 });
  }
  assert.throws(() => preset("transformer", { heads: 0 }), /transformer options: heads = 0: /);
});

Deno.test("a filtering task has all options of its distribution, and the length", () => {
  const { name, options } = filteringTask({ lambda: 0.5, obsDim: 3 }, 12);
  assert.equal(name, "filtering");
  const { distribution, length } = filtering.configure({ lambda: 0.5, obsDim: 3, length: 12 });
  assert.deepEqual(options, { ...distribution, length });
  assert.throws(() => filteringTask({ lambda: 2 }, 12), /filtering options: lambda = 2: /);
  assert.throws(() => filteringTask({ lamda: 0.5 } as never, 12), /lamda/);
});
