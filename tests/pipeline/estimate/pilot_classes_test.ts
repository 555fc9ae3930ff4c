/** @file Which jobs share a pilot: those a unit of which costs the same. */
import assert from "node:assert/strict";
import * as evaluate from "../../../pipeline/estimate/pilots/evaluate.ts";
import * as fit from "../../../pipeline/estimate/pilots/fit.ts";
import * as generate from "../../../pipeline/estimate/pilots/generate.ts";
import * as reference from "../../../pipeline/estimate/pilots/reference.ts";
import * as train from "../../../pipeline/estimate/pilots/train.ts";
import * as tune from "../../../pipeline/estimate/pilots/tune.ts";
import {
  data,
  filtering,
  fitParams,
  free,
  generateParams,
  layers,
  model,
  referenceParams,
  rollout,
  rollParams,
  seed,
  type Stage,
  task,
  trainParams,
  tuneParams,
} from "./pilot_jobs.ts";

/** Options of the task that change what a unit costs, each with the others as they are. */
const costly = [{ latentDim: 6 }, { obsDim: 2 }].map((change) => ({ task: filtering(change) }));
const otherModels = [
  { model: { ...model, name: "causal_linear" } },
  { model: { ...model, options: {} } },
  { layers: [{ name: "lstm", options: {} }] },
  { layers: [...layers, ...layers] },
  { layers: [{ name: "lru", options: { state: 3 } }] },
];

/** Of each stage: parameters, changes that leave the cost of a unit as it is, and changes that do not. */
const classes: [Stage, object, same: object[], other: object[]][] = [
  [
    train,
    trainParams,
    [
      { steps: 9 },
      { learningRate: 1 },
      { warmup: 1 },
      { seeds: [seed(8), seed(9)] },
      { task: filtering({ lambda: 0.5, structure: "dense" }) },
    ],
    [
      { seeds: [seed(1)] },
      { batch: 5 },
      { task: filtering({}, 12) },
      { task: { ...task, name: "other" } },
      { tolerance: 0.1 },
      ...otherModels,
      ...costly,
    ],
  ],
  [
    tune,
    tuneParams,
    [{ rungs: [3] }, { keep: 0.9 }, { rates: [5, 4, 3, 2, 1] }, { seeds: [seed(3), seed(4)] }],
    [
      ...[{ rates: [1, 2] }, { seeds: [seed(1)] }, { moves: 1 }, { together: 3 }, { batch: 5 }],
      ...[{ task: filtering({}, 12) }, ...otherModels, ...costly],
    ],
  ],
  [
    generate,
    generateParams,
    [{ data: 2 }, { sequences: 9 }, { instance: 2 }, { task: filtering({ lambda: 0.5 }, 11) }],
    [
      { task: filtering({}, 12) },
      ...[{ latentDim: 6 }, { obsDim: 2 }, { structure: "dense" }].map((change) => ({
        task: filtering(change, 11),
      })),
    ],
  ],
  [
    reference,
    referenceParams,
    [{ instance: 2 }, { task: filtering({ lambda: 0.5 }) }],
    [
      { protocol: { rollout: { ...free, warmup: 5 } } },
      { protocol: { rollout: { ...free, horizons: [2] } } },
      { reference: { name: "bounds", options: { a: 1 } } },
      { reference: { name: "other", options: {} } },
      { task: filtering({ structure: "dense" }) },
      ...costly,
    ],
  ],
  [
    evaluate,
    rollParams,
    [{ index: 1 }, { instance: 2 }, { task: filtering({ lambda: 0.5 }) }],
    [
      { batch: 41 },
      { protocol: {} },
      { protocol: { rollout: { ...rollout, warmup: 5 } } },
      { task: filtering({ structure: "dense" }) },
      ...otherModels,
      ...costly,
    ],
  ],
  [
    fit,
    fitParams,
    [{ instance: 2 }, { task: filtering({ lambda: 0.5 }) }],
    [{ task: filtering({}, 12) }, { closedForm: "other" }, ...otherModels, ...costly],
  ],
];

Deno.test("jobs share a pilot where a unit costs the same, and only there", () => {
  for (const [stage, params, same, other] of classes) {
    const classOf = (change: object, inputs = data(2000)) =>
      stage.pilot({ ...params, ...change }, inputs).class;
    const own = classOf({});
    for (const change of same) assert.deepEqual(classOf(change), own, JSON.stringify(change));
    for (const change of other) assert.notDeepEqual(classOf(change), own, JSON.stringify(change));
    if (stage !== evaluate && stage !== reference) continue;
    assert.deepEqual(classOf({}, data(999)), own);
    assert.deepEqual(classOf({}, data(2000, { instance: 9, data: 9 })), own);
    const longer = data(2000, { task: filtering({}, 12) });
    assert.notDeepEqual(classOf({}, longer), own, "length of the data");
  }
});
