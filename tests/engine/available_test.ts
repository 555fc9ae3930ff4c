/** @file Which engine a command line gets on this machine: what `auto` is, what a missing engine says, and what is loaded to find out. */
import assert from "node:assert/strict";
import { availableEngines, chooseEngine, type EngineStatus } from "../../lib/engine/available.ts";
import { type EngineName, ENGINES } from "../../lib/engine/engines.ts";

const gpu = { name: "RTX", vendor: "NVIDIA", driver: "535.1", software: false };

/** Answers of a machine that a test makes up, and what it was asked. */
function machine(has: Partial<Record<EngineName, Omit<EngineStatus, "engine">>>) {
  const asked: EngineName[] = [];
  const probe = (engine: EngineName) => {
    asked.push(engine);
    return Promise.resolve({ engine, ...has[engine] });
  };
  return { asked, probe };
}

Deno.test("auto is ort-webgpu on a real adapter, otherwise ort: never a software one, never CUDA", async () => {
  const real = machine({ "ort-webgpu": { adapter: gpu } });
  assert.deepEqual(await chooseEngine("auto", real.probe), { engine: "ort-webgpu", adapter: gpu });
  for (
    const found of [
      { adapter: { ...gpu, software: true } },
      { problem: "no adapter" },
      {},
    ]
  ) {
    const { probe, asked } = machine({ "ort-webgpu": found });
    assert.deepEqual(await chooseEngine("auto", probe), { engine: "ort" });
    assert.deepEqual(asked, ["ort-webgpu", "ort"]);
  }
});

Deno.test("an engine that is named is that one, with its adapter, or the reason why it cannot be", async () => {
  const software = { ...gpu, software: true };
  for (const engine of ENGINES) {
    const { probe, asked } = machine({ [engine]: { adapter: software } });
    assert.deepEqual(await chooseEngine(engine, probe), { engine, adapter: software });
    assert.deepEqual(asked, [engine], "no other engine is asked");
    const missing = machine({ [engine]: { problem: `install ${engine}` } });
    await assert.rejects(chooseEngine(engine, missing.probe), {
      name: "Error",
      message: `install ${engine}`,
    });
  }
});

Deno.test("every engine has a status here: what runs everywhere has no problem, and a problem says what to do", async () => {
  const found = await availableEngines();
  assert.deepEqual(found.map(({ engine }) => engine), [...ENGINES]);
  for (const { engine, problem, adapter } of found) {
    if (["ort", "jax", "tfjs"].includes(engine)) assert.equal(problem, undefined, engine);
    if (problem === undefined) continue;
    assert.equal(adapter, undefined, engine);
    assert.match(problem, new RegExp(engine), "says which engine");
    assert.match(problem, /install|put |driver|use engine/i, `${engine}: ${problem}`);
  }
});

/** What is loaded in a process of its own, natively and of packages, once `code` has run. */
async function loadedBy(code: string): Promise<string[]> {
  const module = new URL("../../lib/engine/available.ts", import.meta.url).href;
  const script = `
    const { chooseEngine } = await import(${JSON.stringify(module)});
    ${code}
    const { createRequire } = await import("node:module");
    const maps = Deno.build.os === "linux" ? Deno.readTextFileSync("/proc/self/maps") : "";
    const native = maps.split("\\n").flatMap((line) => /[^/]+\\.(?:node|so)[.\\d]*$/.exec(line)?.[0] ?? []);
    const required = Object.keys(createRequire(import.meta.url).cache);
    console.log(JSON.stringify([...new Set([...native, ...required])]));
    Deno.exit(0);`;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--no-lock", script],
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("for engines that run everywhere nothing is loaded", async () => {
  const native = (paths: string[]) => paths.filter((path) => /onnxruntime|tfjs/.test(path));
  const quiet = await loadedBy(
    `for (const name of ["ort", "jax", "tfjs"]) console.error((await chooseEngine(name)).engine);`,
  );
  assert.deepEqual(native(quiet), []);
  // The control: with ONNX Runtime in the process it would show.
  const loud = await loadedBy(`await import("onnxruntime-node");`);
  assert.ok(native(loud).length > 0, loud.join("\n"));
});
