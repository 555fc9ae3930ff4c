/** @file Jobs that end where their programs are those of an earlier one: which one that may be, and what is recorded of them. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { stopBundler } from "../../../../pipeline/keys/bundle.ts";
import type { JobResult, JobSpec } from "../../../../pipeline/run/protocol.ts";
import { storeResult } from "../../../../pipeline/store/artifact.ts";
import { Catalog } from "../../../../pipeline/store/catalog.ts";
import { type Demo, makeDemo } from "../../../pipeline/helpers.ts";
import {
  type Bench,
  type BenchOptions,
  flipByte,
  openBench,
} from "../../../pipeline/run/helpers.ts";

const FIT = "means/fit";
const ENGINE = "lib/engine/engines/ort.ts";

/** A demonstration whose engine has a part that makes programs and one that runs them. */
function makeEngine(): Demo {
  const demo = makeDemo();
  demo.write(
    ENGINE,
    `import { kernel } from "kernels";
const runs = (bytes) => kernel(bytes + 1);
export const runtime = [runs];
const makes = () => 1;
export const compile = () => runs(makes());
`,
  );
  demo.edit("deno.json", '"imports":{', '"imports":{"kernels":"npm:kernels@1.0.0",');
  return demo;
}

/** Opens the demonstration as a new run would, with the input of `fit` done. */
async function openFit(demo: Demo, over: BenchOptions = {}): Promise<Bench> {
  const bench = await openBench(demo, over);
  const { workspace: { resolver, objects } } = bench;
  if (resolver.contentOf(bench.status("means/data").node) === undefined) {
    const artifact = storeResult(objects, { files: { "noise.txt": "noise" } });
    await settle(bench, "means/data", { artifact });
  }
  return bench;
}

/** Records a job with the result of a worker that loaded the code of its key. */
async function settle(bench: Bench, label: string, over: Partial<JobResult>) {
  const status = bench.status(label);
  const result: JobResult = {
    ...{ artifact: { files: [], scalars: {} }, seconds: 0.1, observations: {}, metrics: [] },
    ...{ rules: [], codeSeen: status.stale!.fingerprint.files },
    ...over,
  };
  const error = await bench.record(label, { ok: true, result });
  if (error) throw new Error(error);
  return status.stale!.key;
}

/** What the first training left, elsewhere. */
async function trained(demo: Demo) {
  const machine = "the one that trained";
  await using bench = await openFit(demo, { machine: { id: machine, description: "" } });
  assert.deepEqual(await bench.recorder.known(bench.status(FIT)), {});
  const files = { "a.txt": "first", "b.txt": "second" };
  const result = {
    artifact: storeResult(bench.workspace.objects, { files, scalars: { loss: 0.5, worst: NaN } }),
    seconds: 7,
    observations: { "step seconds": 0.25 },
    metrics: [["loss", 1, NaN], ["loss", 2, 0.5]] as JobResult["metrics"],
    programs: "d",
  };
  return { key: await settle(bench, FIT, result), machine, ...result };
}

const known = async (demo: Demo, over: BenchOptions = {}, label = FIT) => {
  await using bench = await openFit(demo, over);
  assert.equal(bench.workspace.resolver.contentOf(bench.status(label).node), undefined);
  return await bench.recorder.known(bench.status(label));
};

Deno.test("an earlier job may be the same where only the part of the engine that makes programs was edited", async () => {
  using demo = makeEngine();
  const { key } = await trained(demo);
  demo.edit(ENGINE, "() => 1", "() => Number(1)");
  assert.deepEqual(await known(demo), { d: key });
  const others: [what: string, path: string, from: string, to: string][] = [
    ["what runs the bytes", ENGINE, "bytes + 1", "1 + bytes"],
    ["the stage", "pipeline/stages/fit.ts", "2 * v", "v * 2"],
    ["a module that the job names", "lib/models/mean.ts", "reduce", "filter(() => true).reduce"],
    ["a parameter", "pipeline/experiments/means.ts", 'model: "mean"', 'model: "mean", decimals: 3'],
    ["an input", "pipeline/stages/generate.ts", "scalars: { length }", "scalars: { length: 1 }"],
    ["a package that runs them", "deno.json", "kernels@1.0.0", "kernels@1.0.1"],
    [
      "the package of the engine",
      "deno.json",
      "onnxruntime-node@1.30.0",
      "onnxruntime-node@1.29.0",
    ],
  ];
  for (const [what, path, from, to] of others) {
    demo.edit(path, from, to);
    if (what === "an input") {
      await using bench = await openBench(demo);
      const artifact = storeResult(bench.workspace.objects, { files: { "noise.txt": "another" } });
      await settle(bench, "means/data", { artifact });
    }
    assert.deepEqual(await known(demo), {}, what);
    demo.edit(path, to, from);
  }
  assert.deepEqual(await known(demo), { d: key });
  // Of another engine nothing is known, though its programs may be told by their bytes.
  demo.write("lib/engine/engines/jax.ts", Deno.readTextFileSync(`${demo.root}/${ENGINE}`));
  assert.deepEqual(await known(demo, { engine: "jax" }), {});
  assert.deepEqual(await known(demo, { device: "another card" }), {});
  await stopBundler();
});

Deno.test("jobs without an engine, and those of an engine whose programs have no bytes, have no such job", async () => {
  using demo = makeEngine();
  await trained(demo);
  assert.equal(await known(demo, { engine: "jax" }), undefined);
  {
    await using bench = await openFit(demo, { engine: "jax" });
    await settle(bench, FIT, { programs: "d" });
    assert.equal(
      await (await bench.workspace.catalog()).sameAs(bench.status(FIT).stale!.key),
      undefined,
    );
    const rows = await (await bench.workspace.catalog()).query("SELECT * FROM program");
    assert.equal(rows.length, 1, "only that of the first engine");
  }
  assert.equal(await known(demo, {}, "slopes/seed=2/data"), undefined);
  await stopBundler();
});

Deno.test("a job whose artifact is gone, damaged on the disk or marked as damaged is not one to end by", async () => {
  using demo = makeEngine();
  const { key, artifact } = await trained(demo);
  demo.edit(ENGINE, "() => 1", "() => Number(1)");
  const file = ({ workspace: { objects } }: Bench, i: number) =>
    objects.path(artifact.files[i].sha256);
  for (const i of [0, 1]) {
    let bytes: Uint8Array;
    {
      await using bench = await openFit(demo);
      bytes = Deno.readFileSync(file(bench, i));
      flipByte(file(bench, i));
      assert.deepEqual(await bench.recorder.known(bench.status(FIT)), {}, "another byte");
      rmSync(file(bench, i));
    }
    assert.deepEqual(await known(demo), {}, "gone");
    await using bench = await openFit(demo);
    Deno.writeFileSync(file(bench, i), bytes);
    assert.deepEqual(await bench.recorder.known(bench.status(FIT)), { d: key });
  }
  const catalog = await Catalog.open(`${demo.root}/.store`);
  await catalog.markDamaged([key]);
  await catalog.close();
  assert.deepEqual(await known(demo), {}, "marked");
  await stopBundler();
});

Deno.test("under its own key such a job has the artifact, the curves and the times of the one that ran", async () => {
  using demo = makeEngine();
  const first = await trained(demo);
  const { artifact, seconds, observations, metrics, machine } = first;
  let before = first.key;
  for (const [from, to] of [["() => 1", "() => Number(1)"], ["Number(1)", "Number(true)"]]) {
    demo.edit(ENGINE, from, to);
    await using bench = await openFit(demo);
    const catalog = await bench.workspace.catalog();
    const { stale, node } = bench.status(FIT);
    assert.notEqual(stale!.key, before);
    const contentBefore = bench.workspace.index.jobs.get(first.key)!.content;
    const [recorded] = await bench.recorder.commit([{
      status: bench.status(FIT),
      spec: { key: stale!.key } as JobSpec,
      outcome: {
        ok: true,
        result: {
          ...{ artifact: { files: [], scalars: {} }, seconds: 0.1, rules: [], metrics: [] },
          ...{ observations: { "load seconds": 9 }, programs: "d", sameAs: before },
          codeSeen: stale!.fingerprint.files,
        },
      },
    }]);
    assert.deepEqual(recorded, {
      key: stale!.key,
      content: contentBefore,
      objects: artifact.files.map(({ sha256 }) => sha256),
      sameAs: before,
      scalars: artifact.scalars,
      ...{ seconds, metrics },
    });
    assert.deepEqual(await catalog.outcome(stale!.key), {
      artifact,
      machine,
      seconds,
      observations,
      metrics,
    });
    assert.deepEqual((await catalog.ingredients(stale!.key))!.code, stale!.ingredients.code);
    assert.equal(
      await catalog.sameAs(stale!.key),
      first.key,
      "the one that ran, not one that ended",
    );
    assert.equal((await catalog.nodes("smoke")).get(FIT)?.doneKey, stale!.key);
    // What comes after it is done without running.
    bench.workspace.resolver.finished(node, stale!.key, contentBefore, []);
    before = stale!.key;
  }
  demo.edit(ENGINE, "Number(true)", "parseInt(1)");
  // Of several that are the same, the one that ran.
  assert.deepEqual(await known(demo), { d: first.key });
  await using bench = await openFit(demo);
  await (await bench.workspace.catalog()).forget([first.key]);
  bench.workspace.index.jobs.delete(first.key);
  const [left] = Object.values((await bench.recorder.known(bench.status(FIT)))!);
  assert.ok(left && left !== first.key, "others still have what it left");
  await stopBundler();
});

Deno.test("such a job is refused like any other when its code changed while it ran", async () => {
  using demo = makeEngine();
  const { key } = await trained(demo);
  demo.edit(ENGINE, "() => 1", "() => Number(1)");
  await using bench = await openFit(demo);
  demo.edit(ENGINE, "Number(1)", "parseInt(1)");
  await assert.rejects(
    settle(bench, FIT, { programs: "d", sameAs: key }),
    /changed while the job ran/,
  );
  assert.equal((await (await bench.workspace.catalog()).query("SELECT * FROM program")).length, 1);
  await stopBundler();
});
