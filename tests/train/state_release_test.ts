/** @file Who frees training state: `advance` what it made on the way, the caller what it gave and got. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import {
  compileOn,
  type EngineName,
  type Handle,
  type Tensor,
  tensor,
} from "../../lib/engine/mod.ts";
import { disposeTree, readTree } from "../../lib/train/host.ts";
import { advance, compileStep, type Progress, train } from "../../lib/train/trainer.ts";
import { leaves } from "../engine/oracle.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

// The two parameters are always equal, so that their moments are results that share memory.
const loss = ({ v, w }: { v: np.Array; w: np.Array }, x: np.Array) => {
  const error = np.sum(v.add(w)).sub(x);
  return error.ref.mul(error);
};
const nextBatch = (step: number) => tensor(step === 6 ? NaN : 3 + step / 7);
const healthy = (step: number) => nextBatch(step % 6);
const rateOf = () => 0.1;

/** A compiled step, and every handle that it ever returned. */
async function traced(engine: EngineName, example: Tensor = tensor(0)) {
  const initial = { v: tensor(0, [2]), w: tensor(0, [2]) };
  const step = await compileStep(loss as Any, initial, example, { compile: compileOn(engine) });
  const handles: Handle[] = [];
  const run: typeof step.run = async (...args) => {
    const out = await step.run(...args);
    handles.push(...leaves(out));
    return out;
  };
  const alive = async () => {
    const read = handles.map((handle) => handle.read().then(() => handle, () => undefined));
    return (await Promise.all(read)).filter((handle) => handle !== undefined);
  };
  const start: Progress = { step: 0, current: step.fresh, lastLosses: [] };
  return { training: { ...step, run }, start, alive };
}

const hostOf = async (progress: Progress): Promise<Any> => await readTree(progress.current);

for (const engine of ["ort", "jax"] as const) {
  Deno.test(`${engine}: steps leave the last state alone, and each is whole while its step is looked at`, async () => {
    const { training, start, alive } = await traced(engine);
    const fresh = structuredClone(training.fresh);
    const seen: Any[] = [];
    const end = await advance(training, start, 5, healthy, rateOf, async (_, progress) => {
      assert.deepEqual(await alive(), leaves([progress.current]));
      seen.push(await hostOf(progress));
    });
    assert.deepEqual(await alive(), leaves([end.current]));
    assert.deepEqual(training.fresh, fresh);
    // One step at a time, from host tensors, is the oracle.
    let host: Any = training.fresh;
    for (let step = 0; step < 5; step++) {
      const { params, state } = await training.run(host, healthy(step), [0.1]);
      host = await readTree({ params, state } as Any);
      assert.deepEqual(seen[step], host, `step ${step}`);
    }
    assert.notDeepEqual(host, fresh);
    await training.close();
  });

  Deno.test(`${engine}: a state that was given may be gone on from again`, async () => {
    const { training, start, alive } = await traced(engine);
    const middle = await advance(training, start, 3, healthy, rateOf);
    const first = await advance(training, middle, 6, healthy, rateOf);
    const second = await advance(training, middle, 6, healthy, rateOf);
    assert.equal(await advance(training, middle, 3, healthy, rateOf), middle);
    assert.deepEqual(await hostOf(first), await hostOf(second));
    assert.deepEqual(await alive(), leaves([middle.current, first.current, second.current]));
    [middle, first, second].forEach(({ current }) => disposeTree(current));
    assert.deepEqual(await alive(), []);
    await assert.rejects(
      advance(training, middle, 4, healthy, rateOf),
      /TypeError: argument 0 .*disposed of/,
    );
    await training.close();
  });

  Deno.test(`${engine}: what stops training frees its state, a divergence that is tolerated does not`, async () => {
    const { training, start, alive } = await traced(engine);
    const stopping = ({ step }: { step: number }) => {
      if (step === 2) throw new Error("stopped");
    };
    await assert.rejects(advance(training, start, 9, nextBatch, rateOf), /diverged at step 6/);
    await assert.rejects(advance(training, start, 9, healthy, rateOf, stopping), /stopped/);
    assert.deepEqual(await alive(), []);
    const middle = await advance(training, start, 2, healthy, rateOf);
    await assert.rejects(advance(training, middle, 9, healthy, rateOf, stopping), /stopped/);
    assert.deepEqual(await alive(), leaves([middle.current]));

    const end = await advance(training, middle, 9, nextBatch, rateOf, () => {}, { tolerant: true });
    assert.deepEqual(await alive(), leaves([middle.current, end.current]));
    assert.ok(Number.isNaN((await hostOf(end)).params.w.data[0]));
    await training.close();
  });

  Deno.test(`${engine}: a training leaves nothing on the engine's side, and resumes from what it saved`, async () => {
    const schedule = { peak: 0.1, steps: 6, warmup: 1 };
    const results: Any[] = [];
    let saved: Record<string, Tensor> | undefined;
    const stop = new AbortController();
    const checkpoint = {
      every: -1, // after every step
      load: () => Promise.resolve(saved),
      save: (state: Record<string, Tensor>) => Promise.resolve(void (saved = state)),
    };
    const trials = [
      {},
      { checkpoint, signal: stop.signal, onStep: ({ step }: Any) => step === 3 && stop.abort() },
      { checkpoint },
      { checkpoint },
    ];
    for (const options of trials) {
      const { training, alive } = await traced(engine);
      await train(() => Promise.resolve(training), nextBatch, { schedule, ...options }).then(
        ({ params, lastLosses }) => results.push({ params, lastLosses }),
        (error) => results.push(error.name),
      );
      assert.deepEqual(await alive(), []);
    }
    const [straight, stopped, resumed, again] = results;
    assert.equal(stopped, "AbortError");
    assert.deepEqual(resumed, straight);
    assert.deepEqual(again, straight);
  });
}
