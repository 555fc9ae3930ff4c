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

Deno.test("an engine's module exports compile, and nothing else", async () => {
  for (const engine of ENGINES) {
    const module = await import(new URL(`../../${engineModule(engine)}`, import.meta.url).href);
    assert.deepEqual(Object.keys(module), ["compile"], engine);
    assert.equal(typeof module.compile, "function", engine);
  }
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
