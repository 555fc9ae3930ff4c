/** @file Task, model and layers of a job: the modules that they name are all of the science in its fingerprint, and what is loaded. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { SequenceLayer } from "../../lib/layers/sequence/sequence_layer.ts";
import type { Context, Model } from "../../lib/models/model.ts";
import type { Task } from "../../lib/tasks/task.ts";
import { stopBundler } from "../../pipeline/keys/bundle.ts";
import { Fingerprints } from "../../pipeline/keys/fingerprint.ts";
import { Packages } from "../../pipeline/keys/packages.ts";
import { modelOf, type Part, partModules, type Parts, taskOf } from "../../pipeline/parts.ts";
import { artifact } from "./stages/run_stage.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const part = (name: string, options: Part["options"] = {}): Part => ({ name, options });
const stages = ["train", "tune", "evaluate"];

/** Fingerprints of jobs of this repository, as a new process finds them. */
async function withFingerprints(body: (prints: Fingerprints) => Promise<void>) {
  const cache = await Deno.makeTempDir();
  try {
    await body(new Fingerprints(root, cache, Packages.read(root)));
  } finally {
    await stopBundler();
    await Deno.remove(cache, { recursive: true });
  }
}

/** Files of tasks, models and layers whose code a job reaches. */
async function science(prints: Fingerprints, stage: string, parts?: Parts): Promise<string[]> {
  const { code } = await prints.of(`pipeline/stages/${stage}.ts`, parts ? partModules(parts) : {});
  const places = /^lib\/(tasks|models|layers\/sequence)\//;
  // The contract itself is everybody's.
  return Object.keys(prints.detail(code)!).filter((path) =>
    places.test(path) && path !== "lib/models/model.ts"
  ).sort();
}

const parts = (more: Partial<Parts> = {}): Parts => ({
  task: part("filtering"),
  model: part("stack"),
  layers: [part("lstm")],
  ...more,
});

Deno.test("the stages that train, tune and evaluate reach no task, no model and no layer by themselves", async () => {
  await withFingerprints(async (prints) => {
    for (const stage of stages) assert.deepEqual(await science(prints, stage), [], stage);
  });
});

Deno.test("a job reaches its own task, model and layers, and no other one", async () => {
  await withFingerprints(async (prints) => {
    const named = (paths: string[], folder: string) =>
      paths.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
    for (const stage of stages) {
      const stack = await science(prints, stage, parts());
      assert.deepEqual(named(stack, "lib/layers/sequence/"), ["forms.ts", "lstm.ts"], stage);
      const models = named(stack, "lib/models/").filter((path) => !path.startsWith("ends/"));
      const shared = ["keys.ts", "size.ts"];
      assert.deepEqual(models.filter((path) => !shared.includes(path)), ["stack.ts"], stage);
      // Beside the folders of tasks lies what all of them share.
      const tasks = named(stack, "lib/tasks/").filter((path) => path.includes("/"));
      assert.ok(tasks.includes("filtering/filtering.ts"), stage);
      assert.ok(tasks.every((path) => path.startsWith("filtering/")), tasks.join());
      assert.ok(!tasks.some((path) => /references|closed_forms/.test(path)), tasks.join());

      const forecast = await science(
        prints,
        stage,
        { task: part("forecasting"), model: part("deep_linear"), layers: [] },
      );
      assert.deepEqual(named(forecast, "lib/layers/sequence/"), [], stage);
      const own = ["deep_linear.ts", "initialisations.ts"];
      assert.deepEqual(named(forecast, "lib/models/"), own, stage);
      const theirs = named(forecast, "lib/tasks/").filter((path) => path.includes("/"));
      assert.ok(theirs.includes("forecasting/forecasting.ts"), stage);
      assert.ok(theirs.every((path) => path.startsWith("forecasting/")), theirs.join());
    }
  });
});

Deno.test("the code of a job changes with the names of its parts, not with their options or how often a layer stands", async () => {
  await withFingerprints(async (prints) => {
    const code = async (more: Partial<Parts>) =>
      (await prints.of("pipeline/stages/train.ts", partModules(parts(more)))).code;
    const own = await code({});
    const deeper = [part("lstm", { a: 1 }), part("lstm", { a: 2 })];
    assert.equal(await code({ layers: deeper }), own);
    assert.equal(await code({ model: part("stack", { width: 3 }) }), own);
    assert.equal(await code({ task: part("filtering", { lambda: 0.5 }) }), own);
    const others = [
      await code({ layers: [part("gru")] }),
      await code({ layers: [part("lstm"), part("gru")] }),
      await code({ layers: [] }),
      await code({ model: part("causal_linear"), layers: [] }),
      await code({ task: part("forecasting") }),
    ];
    assert.equal(new Set([own, ...others]).size, 6);
    const hybrid = [part("gru"), part("lstm"), part("gru")];
    assert.equal(await code({ layers: hybrid }), others[1], "whatever their order");
  });
});

Deno.test("a name that is no file is an error that says which there are, nearest first", async () => {
  await withFingerprints(async (prints) => {
    const wrong: [Partial<Parts>, RegExp][] = [
      [
        { task: part("filterng") },
        /there is no lib\/tasks\/filterng\/filterng\.ts; lib\/tasks has filtering, /,
      ],
      [
        { model: part("stak") },
        /Error: pipeline\/stages\/train\.ts: there is no lib\/models\/stak\.ts; lib\/models has stack, /,
      ],
      [
        { layers: [part("lstm"), part("grru")] },
        /there is no lib\/layers\/sequence\/grru\.ts; lib\/layers\/sequence has gru, /,
      ],
    ];
    for (const [more, message] of wrong) {
      await assert.rejects(
        async () => await prints.of("pipeline/stages/train.ts", partModules(parts(more))),
        message,
      );
    }
  });
});

Deno.test("a task is given its options and the artifact: bytes of a download, or the tensors of every file", async () => {
  const seen: unknown[] = [];
  const made = { notes: ["one", "two"] };
  const task = { configure: (...given: unknown[]) => (seen.push(given), made) };
  const logged: string[] = [];
  const ctx = {
    params: { task: part("mine", { a: 1 }) },
    modules: { task: { task } },
    log: (line: string) => void logged.push(line),
  };
  const one = { dtype: "float32" as const, shape: [1], data: Float32Array.of(1) };
  const artifacts = [
    undefined,
    artifact({ files: { data: new TextEncoder().encode("a,b") } }),
    artifact({
      files: {
        "a.safetensors": { tensors: { x: one } },
        "b.safetensors": { tensors: { y: one } },
        "scores.json": { json: {} },
      },
    }),
  ];
  for (const input of artifacts) {
    const { module, task: configured, data } = await taskOf(ctx, input);
    assert.equal(module, task);
    assert.equal(configured, made as Partial<Task>);
    assert.deepEqual(seen.at(-1), [{ a: 1 }, data]);
  }
  assert.deepEqual(seen.map((given) => (given as unknown[])[1]), [
    {},
    { text: new TextEncoder().encode("a,b") },
    { tensors: { x: one, y: one } },
  ]);
  assert.deepEqual(logged, ["one", "two", "one", "two", "one", "two"]);
});

Deno.test("a model is told its options, the signature of its task, and its layers in their order", () => {
  const layer = (name: string) => ({ about: { name } }) as unknown as SequenceLayer;
  const [a, b] = [layer("a"), layer("b")];
  const asked: unknown[] = [];
  const model = {
    configure(options: unknown, context: Context) {
      asked.push(options, context);
      return {} as Model;
    },
  };
  const signature = { kind: "series", channels: 3 } as const;
  const params = parts({
    model: part("mine", { w: 1 }),
    layers: [part("a", { k: 1 }), part("b"), part("a", { k: 2 })],
  });
  const modules = { model: { model }, "layer a": { layer: a }, "layer b": { layer: b } };
  modelOf({ params, modules }, { signature } as Task);
  assert.deepEqual(asked, [{ w: 1 }, {
    signature,
    layers: [
      { name: "a", options: { k: 1 }, layer: a },
      { name: "b", options: {}, layer: b },
      { name: "a", options: { k: 2 }, layer: a },
    ],
  }]);
});
