/** @file The stage tune against candidates that are trained by hand in float64, as matrix products and as loops over time. */
import assert from "node:assert/strict";
import * as tune from "../../../pipeline/stages/tune.ts";
import * as affine from "../../train/affine_model.ts";
import { artifact, runStage } from "./run_stage.ts";
import {
  kinds,
  length,
  lossesOf,
  mean,
  near,
  parallel,
  params,
  seed,
  size,
} from "./tuned_by_hand.ts";

for (const [kind, module] of kinds) {
  Deno.test(`every trial is judged by its mean loss over the second half of its rung: ${kind}`, async () => {
    const rates = [0.003, 0.03, 0.2];
    const rungs = [3, 8];
    const result = await runStage(tune, { ...params, rates, rungs, keep: 0.7 }, {
      modules: { model: module },
    });
    const curves = rates.map((rate) => lossesOf(rate, 8));
    // Of 3 steps the last two, of the 5 that follow the last three.
    const early = curves.map((losses) => mean(losses.slice(1, 3)));
    const late = curves.map((losses) => mean(losses.slice(5, 8)));
    const survivors = [0, 1, 2].sort((a, b) => early[a] - early[b]).slice(0, 2).sort();
    const want = [
      ...early.map((loss, i) => ({ learningRate: rates[i], rung: 0, steps: 3, loss })),
      ...survivors.map((i) => ({ learningRate: rates[i], rung: 1, steps: 8, loss: late[i] })),
    ];
    const trials = result.json("trials.json") as (typeof want[number] & { losses: number[] })[];
    assert.equal(trials.length, 5);
    trials.forEach(({ loss, losses, ...trial }, i) => {
      const { loss: wanted, ...rest } = want[i];
      assert.deepEqual(trial, rest);
      assert.deepEqual(losses, [loss]);
      near(loss, wanted, `loss of trial ${i}`);
    });
    const best = survivors.reduce((a, b) => late[b] < late[a] ? b : a);
    assert.equal(result.scalars.learningRate, rates[best]);
    near(result.scalars.loss, late[best], "loss of the winner");
    for (const i of survivors) {
      const curve = result.curve(`loss, rate ${rates[i]}`);
      assert.deepEqual(curve.map(({ step }) => step), [0, 1, 2, 3, 4, 5, 6, 7]);
      curve.forEach(({ value }, step) => near(value, curves[i][step], `rate ${i}, step ${step}`));
    }
    const total = 3 * 3 + 2 * 5;
    assert.equal(result.scalars.tokens, total * size.batch * length);
    assert.deepEqual(result.progress.at(-1), [total, total]);
    result.progress.forEach(([done], i) => assert.ok(done > (result.progress[i - 1]?.[0] ?? 0)));
  });
}

Deno.test("the judged half of a rung of an odd number of steps is the larger one", async () => {
  const result = await runStage(tune, { ...params, rates: [0.1], rungs: [5] }, {
    modules: { model: parallel },
  });
  const losses = lossesOf(0.1, 5);
  near(result.json("trials.json")[0].loss, mean(losses.slice(2)), "loss of 5 steps");
  const single = await runStage(tune, { ...params, rates: [0.1], rungs: [1] }, {
    modules: { model: parallel },
  });
  near(single.json("trials.json")[0].loss, losses[0], "loss of 1 step");
});

Deno.test("without a warm-up the first step has the whole rate", async () => {
  const result = await runStage(tune, { ...params, warmup: 0, rates: [0.1], rungs: [4] }, {
    modules: { model: parallel },
  });
  const want = lossesOf(0.1, 4, 0);
  result.curve("loss, rate 0.1").forEach(({ value }, i) => near(value, want[i], `step ${i}`));
});

Deno.test("one candidate wins after its first rung, and is no edge", async () => {
  const result = await runStage(tune, { ...params, rates: [0.1], rungs: [2, 9] }, {
    modules: { model: parallel },
  });
  const { loss, ...scalars } = result.scalars;
  near(loss, mean(lossesOf(0.1, 2).slice(1)), "loss of 2 steps");
  assert.deepEqual(scalars, {
    ...{ learningRate: 0.1, trials: 1, edge: 0 },
    tokens: 2 * size.batch * length,
  });
  assert.deepEqual(result.progress, [[1, 2], [2, 2]]);
});

Deno.test("the best of three or more candidates is said to be the first or the last one", async () => {
  const edge = async (rates: number[]) => {
    const { scalars, logged } = await runStage(tune, { ...params, rates, rungs: [6] }, {
      modules: { model: parallel },
    });
    return [scalars.learningRate, scalars.edge, ...logged];
  };
  const [low, high] = ["is the first candidate", "is the last candidate"];
  assert.deepEqual(await edge([0.1, 3, 9]), [0.1, 1, `the best rate 0.1 ${low}`]);
  assert.deepEqual(await edge([1e-6, 1e-5, 0.1]), [0.1, 1, `the best rate 0.1 ${high}`]);
  assert.deepEqual(await edge([1e-6, 0.1, 9]), [0.1, 0]);
  assert.deepEqual(await edge([0.1, 9]), [0.1, 0]);
});

for (const [kind, module] of kinds) {
  Deno.test(`a candidate that diverges has no loss, and does not end the others: ${kind}`, async () => {
    const { scalars, ...result } = await runStage(
      tune,
      { ...params, rates: [0.01, 0.1, 1e30], rungs: [4] },
      { modules: { model: module } },
    );
    assert.equal(scalars.learningRate, 0.1);
    assert.equal(result.json("trials.json")[2].loss, null);
    near(result.json("trials.json")[1].loss, mean(lossesOf(0.1, 4).slice(2)), "loss of 0.1");
  });
}

Deno.test("a search that is stopped ends at that step", async () => {
  const stop = new AbortController();
  let steps = 0;
  const stopped = runStage(tune, { ...params, rates: [0.01, 0.1], rungs: [4, 8] }, {
    modules: { model: parallel },
    signal: stop.signal,
    onProgress: () => void (++steps === 2 && stop.abort(new Error("stopped"))),
  });
  await assert.rejects(stopped, /stopped/);
  assert.equal(steps, 2);
});

Deno.test("candidates are trained by the engine and with the threads that the job has", async () => {
  const own = { ...params, rates: [0.1, 0.2], rungs: [1] };
  for (const [, module] of kinds) {
    await assert.rejects(
      runStage(tune, own, { modules: { model: module }, threads: -1 }),
      /NumThreads.*-1/,
    );
    // Only the native engine looks at the threads.
    const tuned = await runStage(tune, own, {
      modules: { model: module },
      engine: "jax",
      threads: -1,
    });
    for (const rate of own.rates) {
      near(tuned.curve(`loss, rate ${rate}`)[0].value, lossesOf(rate, 1)[0], `rate ${rate}`);
    }
  }
});

Deno.test("the programs of all rungs are there before the first step, one for each number of candidates", async () => {
  const cases: [rates: number[], rungs: number[], keep: number, programs: number][] = [
    [[0.01, 0.03, 0.1, 0.2], [2, 4, 6], 0.5, 2], // 4, 2, and nothing to compare
    [[0.01, 0.03, 0.1, 0.2], [1, 2, 3], 0.9, 1], // 4, 4, 4
    [[0.01, 0.03, 0.1, 0.2], [1, 2, 3], 0.75, 3], // 4, 3, 2
    [[0.1], [1, 2], 0.5, 1],
  ];
  for (const [rates, rungs, keep, programs] of cases) {
    const told: [programs: number, steps: number][] = [];
    let steps = 0;
    const { digests } = await runStage(tune, { ...params, rates, rungs, keep }, {
      modules: { model: parallel },
      onProgress: () => void steps++,
      onCompiled: (digests) => void told.push([digests.length, steps]),
    });
    assert.deepEqual(told, [[programs, 0]]);
    assert.equal(new Set(digests).size, programs);
    assert.equal(digests.length, programs, "none later");
  }
});

Deno.test("where more candidates diverge than a rung drops, those that are left train in a program of their own", async () => {
  const told: number[] = [];
  const rates = [1e30, 0.1, 1e31, 0.01, 1e32];
  const { digests, ...result } = await runStage(
    tune,
    { ...params, rates, rungs: [4, 8], keep: 0.7 },
    { modules: { model: parallel }, onCompiled: (digests) => void told.push(digests.length) },
  );
  assert.deepEqual([told, digests.length], [[2], 3]);
  const losses = [0.1, 0.01].map((rate) => mean(lossesOf(rate, 8).slice(6)));
  const trials = result.json("trials.json") as { learningRate: number; loss: number }[];
  trials.slice(5).forEach(({ loss }, i) => near(loss, losses[i], `survivor ${i}`));
  assert.equal(trials.length, 7);
});

Deno.test("a search whose programs are known makes no step, and neither programs nor a failure stay open", async () => {
  const own = { ...params, rates: [0.01, 0.03, 0.1], rungs: [2, 4], keep: 0.6 };
  const known = new Error("these programs are known");
  let steps = 0;
  const ended = runStage(tune, own, {
    modules: { model: parallel },
    onProgress: () => void steps++,
    onCompiled: () => {
      throw known;
    },
  });
  await assert.rejects(ended, (error) => error === known); // runStage counts the sessions
  assert.equal(steps, 0);
  let compiled = 0;
  const failing = {
    model: {
      configure(...args: Parameters<typeof affine.model.configure>) {
        const model = affine.model.configure(...args);
        const apply: typeof model.apply = (...args) => {
          if (++compiled > 1) throw new Error("no second program");
          return model.apply(...args);
        };
        return { ...model, apply };
      },
    },
  };
  await assert.rejects(runStage(tune, own, { modules: { model: failing } }), /no second program/);
});

Deno.test("equal searches have equal programs, whatever their rates and seeds; another width is another", async () => {
  const digestsOf = async (over: object) => {
    const own = { ...params, rates: [0.1, 0.2], rungs: [1], ...over };
    return (await runStage(tune, own, { modules: { model: parallel } })).digests;
  };
  const first = await digestsOf({});
  const others = [{ ...seed, data: 6 }];
  assert.deepEqual(await digestsOf({ rates: [0.3, 0.4], seeds: others }), first);
  assert.notDeepEqual(await digestsOf({ batch: 3 }), first);
  assert.notDeepEqual(await digestsOf({ weightDecay: 0.1 }), first);
});

Deno.test("candidates go through every rung in one program, whatever the model", async () => {
  for (const [, module] of kinds) {
    let compiled = 0;
    const counting = {
      model: {
        configure(...args: Parameters<typeof affine.model.configure>) {
          const model = module.model.configure(...args);
          const apply: typeof model.apply = (...args) => (compiled++, model.apply(...args));
          return { ...model, apply };
        },
      },
    };
    const own = { ...params, rates: [0.01, 0.03, 0.1, 0.2], rungs: [2, 4], keep: 0.5 };
    await runStage(tune, own, { modules: { model: counting } });
    assert.equal(compiled, 2);
  }
});

Deno.test("rungs may end anywhere, also on a task whose steps have one batch and could share a run", async () => {
  const text = ["t,x", ...Array.from({ length: 80 }, (_, t) => `${t},${Math.sin(t * t)}`)].join(
    "\n",
  );
  const task = {
    name: "forecasting",
    options: {
      ...{ dataset: "d", read: { date: null, columns: ["x"] }, split: "70/10/20" },
      ...{ lookback: 3, horizon: 2, loss: "gram" },
    },
  };
  const candidates = (rungs: number[]) =>
    runStage(tune, {
      ...{
        task,
        model: { name: "deep_linear" },
        seeds: [seed],
        batch: 1,
        warmup: 3,
        weightDecay: 0.1,
      },
      ...{ rates: [0.01, 0.02], rungs, keep: 0.9 },
    }, { inputs: { data: artifact({ files: { data: text as never } }) } });
  const [straight, halved] = [await candidates([9]), await candidates([3, 7, 9])];
  for (const rate of [0.01, 0.02]) {
    const name = `loss, rate ${rate}`;
    assert.equal(straight.curve(name).length, 9);
    assert.deepEqual(halved.curve(name), straight.curve(name));
  }
});
