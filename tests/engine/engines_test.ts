/** @file The engines are modules: which there are, what they export, and that handles of one are refused by the others. */
import { numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { availableEngines } from "../../lib/engine/available.ts";
import { engineModule, type EngineName, ENGINES } from "../../lib/engine/engines.ts";
import { compileOn, type Handle, tensor } from "../../lib/engine/mod.ts";

const folder = new URL("../../lib/engine/engines/", import.meta.url);

Deno.test("every module of lib/engine/engines is an engine by name, and the reverse", () => {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => `lib/engine/engines/${name}`);
  assert.deepEqual(files.sort(), ENGINES.map(engineModule).sort());
});

const moduleOf = (engine: EngineName) =>
  import(new URL(`../../${engineModule(engine)}`, import.meta.url).href);

Deno.test("an engine's module exports compile, and what runs its programs where these have bytes; nothing else", async () => {
  const runsBytes: EngineName[] = ["ort", "ort-cuda", "ort-webgpu"];
  for (const engine of ENGINES) {
    const module = await moduleOf(engine);
    const wanted = runsBytes.includes(engine) ? ["compile", "runtime"] : ["compile"];
    assert.deepEqual(Object.keys(module).sort(), wanted, engine);
    assert.equal(typeof module.compile, "function", engine);
  }
});

Deno.test("programs have a digest where their engine says what runs them", async () => {
  for (const { engine, problem } of await availableEngines()) {
    if (problem !== undefined) continue;
    const { report, close } = await compileOn(engine)((x: np.Array) => x.mul(2), [tensor([1])]);
    assert.equal(report.digest !== undefined, "runtime" in await moduleOf(engine), engine);
    await close();
  }
});

Deno.test("a digest tells programs apart by what they compute, take and return, and by nothing else", async () => {
  type A = np.Array;
  const digestOf = async (fn: (...args: A[]) => unknown, ...shapes: number[][]) => {
    const { report, close } = await compileOn("ort")(
      fn as never,
      shapes.map((shape) => ({ dtype: "float32", shape })),
    );
    await close();
    return report.digest!;
  };
  const double = await digestOf((x) => [x.mul(2)], [3]);
  assert.equal(await digestOf((x) => [x.mul(2)], [3]), double);
  // Written otherwise, simplified to the same.
  assert.equal(await digestOf((x) => [x.mul(1).mul(2)], [3]), double);
  const others = {
    "another constant": await digestOf((x) => [x.mul(3)], [3]),
    "another operation": await digestOf((x) => [x.add(2)], [3]),
    "another shape": await digestOf((x) => [x.mul(2)], [4]),
    "another tree": await digestOf((x) => ({ y: x.mul(2) }), [3]),
    "another name in it": await digestOf((x) => ({ z: x.mul(2) }), [3]),
    "an argument that nothing uses": await digestOf((x, y) => (y.dispose(), [x.mul(2)]), [3], [1]),
    "another shape of that": await digestOf((x, y) => (y.dispose(), [x.mul(2)]), [3], [2]),
    "the other argument": await digestOf((y, x) => (y.dispose(), [x.mul(2)]), [3], [3]),
    "the first of two": await digestOf((x, y) => (y.dispose(), [x.mul(2)]), [3], [3]),
    "a result twice": await digestOf((x) => [x.ref.mul(2), x.mul(2)], [3]),
    "two results": await digestOf((x) => [x.ref.mul(2), x], [3]),
    "in the other order": await digestOf((x) => [x.ref, x.mul(2)], [3]),
  };
  const all = [double, ...Object.values(others)];
  assert.equal(new Set(all).size, all.length, JSON.stringify(others, null, 1));
});

Deno.test("handles of every engine are refused by every other one that runs here, and taken by their own", async () => {
  const engines = (await availableEngines()).filter(({ problem }) => problem === undefined)
    .map(({ engine }) => engine);
  assert.ok(engines.length >= 3, engines.join());
  const x = tensor([1, -2, 3]);
  const programs = new Map<EngineName, Awaited<ReturnType<ReturnType<typeof compileOn>>>>();
  const handles = new Map<EngineName, Handle>();
  for (const engine of engines) {
    const program = await compileOn(engine)((x: np.Array) => np.square(x), [x]);
    assert.equal(program.engine, engine);
    programs.set(engine, program);
    handles.set(engine, await program.run(x));
  }
  for (const [engine, program] of programs) {
    for (const [owner, handle] of handles) {
      const what = `a handle of ${owner} on ${engine}`;
      if (owner === engine) {
        const again: Handle = await program.run(handle);
        assert.deepEqual([...(await again.read()).data], [1, 16, 81], what);
        again.dispose();
        continue;
      }
      await assert.rejects(
        program.run(handle),
        { name: "TypeError", message: /argument 0.*float32\[3\].*another engine/ },
        what,
      );
    }
  }
  // A refusal takes nothing away.
  for (const [engine, handle] of handles) {
    assert.deepEqual([...(await handle.read()).data], [1, 4, 9], engine);
    handle.dispose();
    await programs.get(engine)!.close();
  }
});
