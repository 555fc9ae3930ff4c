/**
 * @file What a program makes of a sweep: the parameters and metrics that it knows, and how runs rank by
 * such a metric.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { filtering } from "../../../pipeline/sweep/programs/filtering.ts";
import { bestOf, ranked, reaches } from "../../../pipeline/sweep/table.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

Deno.test("filtering: parameters by name, with what is allowed", async () => {
  const parse = (parameters: object) => filtering.parse(parameters as never, root);
  const cases: [object, RegExp][] = [
    [
      { lr: 1 },
      /^no parameter "lr"; allowed are (?=.*seed)(?=.*model)(?=.*system)(?=.*train).*evaluate/,
    ],
    [
      { train: { lr: 1 } },
      /no parameter "train\.lr"; allowed are (?=.*train\.steps).*train\.learningRate/,
    ],
    [{ train: { batches: 1 } }, /no parameter "train\.batches"; allowed are train\.batch, /],
    [{ train: { learningRate: -1 } }, /^train\.learningRate is -1: /],
    [{ train: { steps: 1.5 } }, /^train\.steps is 1\.5: /],
    [{ train: 3 }, /^train is 3: /],
    [{ system: { lambda: 1 } }, /^system\.lambda is 1: /],
    [{ system: { structure: "full" } }, /^system\.structure is "full": .*diagonal.*dense/],
    [{ seed: -1 }, /^seed is -1: /],
    [
      { model: { name: "stuck" } },
      /^model\.name is "stuck"; lib\/models has stack, .*; or (?=.*transformer).*causal_linear/,
    ],
    [{ model: { name: "../x" } }, /^model\.name is "\.\.\/x"; lib\/models has .*stack/],
    [{ model: { name: "keys" } }, /^model\.name is "keys"; lib\/models has (?!.*keys.*;)/],
    [{ model: { width: 3 } }, /^no parameter "model\.width" of a transformer; allowed are model\./],
    [{ model: { dmodel: 3 } }, /^no parameter "model\.dmodel" .* allowed are model\.dModel, /],
    [{ model: { name: "lsmt" } }, /^model\.name is "lsmt"; lib\/models has .*; or lstm, /],
    [{ model: { dModel: "x" } }, /^transformer options: dModel = "x": /],
    [{ model: { name: "lstm", layers: 0 } }, /^lstm options: layers = 0: /],
    [{ model: { name: "stack" } }, /^stack: no layers; name at least one/],
    [{ model: { name: "stack", width: 4, layers: 2 } }, /^model\.layers is 2: expected names of/],
    [
      { model: { name: "stack", width: 4, layers: ["lsmt"] } },
      /^a layer of model\.layers is "lsmt"; lib\/layers\/sequence has .*\blstm, .*dense_recurrence/,
    ],
    [
      { model: { name: "stack", width: 4, layers: [{ name: "lru", options: { states: 1 } }] } },
      /^lru options: .*states/,
    ],
    // What the constructors of a system, its filter and a model refuse is known without data.
    [{ system: { obsDim: 65 } }, /^system\.obsDim = 65: expected at most latentDim = 64/],
    [{ system: { latentDim: 300, obsDim: 301 } }, /^system\.obsDim = 301: .* latentDim = 300/],
    [{ system: { latentDim: 1 } }, /^system\.obsDim = 2: expected at most latentDim = 1/],
    [{ system: { condition: 5 } }, /^system\.condition = 5: a diagonal system/],
    [{ system: { observation: "redrawn" } }, /^system\.observation = redrawn: only a dense/],
    [{ system: { sigma: 1e-200 } }, /^system\.sigma = 1e-200: expected 1e-140 to 1e140/],
    [{ system: { sigma: 1e200 } }, /^system\.sigma = 1e\+200: expected 1e-140/],
    [
      { train: { length: 30 }, model: { patch: 4 } },
      /^train\.length is 30: expected a multiple of/,
    ],
    [{ train: { length: 32 }, model: { patch: 32 } }, /^train\.length is 32: .*at least 64/],
    [{ evaluate: { length: 129 }, model: { patch: 2 } }, /^evaluate\.length is 129: /],
    [
      { train: { length: 30 }, evaluate: { length: 300, rollout: true }, model: { patch: 3 } },
      /^model\.patch is 3, but rollouts warm up for 64 observations/,
    ],
    [{ train: { learningRate: 1e300 } }, /^train\.learningRate is 1e\+300: Too big/],
    [{ train: { learningRate: 1e-50 } }, /^train\.learningRate is 1e-50: Too small/],
    [{ train: { clipNorm: 1e-50 } }, /^train\.clipNorm is 1e-50: Too small/],
    [{ model: { name: "deep_linear" } }, /^deep_linear: a task of series/],
    [{ evaluate: { length: 100 } }, /length must be at least 64 observations of warm-up/],
  ];
  for (const [parameters, message] of cases) {
    await assert.rejects(parse(parameters), (error: Error) => {
      assert.match(error.message, message, JSON.stringify(parameters));
      return true;
    });
  }
  assert.ok(await parse({ model: { dModel: 8, heads: 2 }, system: { obsDim: 3 } }));
  const { sigma } = (await parse({ system: { sigma: 1e-139 } }) as { system: { sigma: number } })
    .system;
  assert.equal(sigma, 1e-139);
  const large = performance.now();
  assert.ok(await parse({ system: { latentDim: 100_000, obsDim: 3 } }));
  assert.ok(await parse({ system: { latentDim: 100_000, obsDim: 50_000, structure: "dense" } }));
  assert.ok(performance.now() - large < 60_000, "nothing of that size is made");
  assert.ok(
    await parse({ train: { length: 64 }, model: { patch: 32 }, evaluate: { length: 288 } }),
  );
});

Deno.test("ranking: done before failed before open, NaN last, ties by name", () => {
  const of = (name: string, state: "done" | "failed" | "open", loss?: number) => ({
    name,
    state,
    parameters: {},
    jobs: {},
    metrics: loss === undefined ? {} as Record<string, number> : { loss },
  });
  const runs = [
    of("0", "open"),
    of("1", "done", NaN),
    of("2", "failed"),
    of("3", "done", 2),
    of("4", "done", 1),
    of("5", "done", 2),
  ];
  const names = (goal: "minimize" | "maximize") =>
    ranked(runs, { name: "loss", goal }).map(({ name }) => name).join("");
  assert.equal(names("minimize"), "435120");
  assert.equal(names("maximize"), "354120");
  assert.equal(bestOf(runs, { name: "loss", goal: "minimize" })?.name, "4");
  assert.equal(bestOf(runs.slice(0, 3), { name: "loss", goal: "minimize" }), undefined);
  assert.ok(reaches({ metrics: { loss: 1 } }, { name: "loss", goal: "minimize", target: 1 }));
  assert.ok(!reaches({ metrics: { loss: NaN } }, { name: "loss", goal: "maximize", target: 1 }));
  assert.ok(!reaches({ metrics: { loss: 1 } }, { name: "loss", goal: "minimize" }));
});
