/** @file Training a chain of Monarch layers: gradients by layer and losses against dense matrices, the stable rate, resuming. */
import assert from "node:assert/strict";
import { collapse, mirrored, nearIdentity } from "../../../lib/deep/monarch.ts";
import { multiply, transpose } from "../../../lib/linalg/matrix.ts";
import { fold, keyOf } from "../../../lib/random/random.ts";
import { tensor } from "../../../lib/tensor/tensor.ts";
import { pilot } from "../../../pipeline/estimate/pilots/train_chain.ts";
import * as trainChain from "../../../pipeline/stages/train_chain.ts";
import { decodeTensors } from "../../../pipeline/store/safetensors.ts";
import { runStage } from "./run_stage.ts";

const params = {
  ...{ blocks: 3, size: 4, layers: 40, teacherLayers: 8, noise: 0.9, seed: 0 },
  ...{ steps: 60, batch: 6, share: 0.5, segments: 6 },
};
const d = 12;
const shape = { blocks: 3, size: 4 };
const teacher = collapse(
  nearIdentity(fold(keyOf(0), 0), shape, 8, Math.sqrt(0.9 / (8 * (3 + 4)))),
);
const squares = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, v) => sum + v * v, 0);
const fromIdentity = teacher.map((value, k) => value - (k % (d + 1) ? 0 : 1));

function near(got: number, want: number, within = 1e-5): void {
  assert.ok(Math.abs(got - want) <= within * Math.abs(want), `${got}, ${want}`);
}

Deno.test("a chain closes the gap to its teacher, and says what it saw", async () => {
  const { scalars, json, curve } = await runStage(trainChain, params);
  assert.ok(scalars.closed > 0.9, `${scalars.closed}`);
  near(scalars.untrained, squares(fromIdentity));
  near(scalars.distance, squares(fromIdentity) / d);
  near(scalars.closed, 1 - scalars.loss / scalars.untrained);
  near(scalars.rate, 0.5 / (2 * 40 * squares(teacher) / d));
  const points = json("scores.json").curve;
  assert.equal(points.length, 60);
  assert.deepEqual(
    curve("loss").map(({ value }) => value),
    points.map((p: { loss: number }) => p.loss),
  );
  assert.equal(scalars.ratio, Math.max(...points.map((p: { ratio: number }) => p.ratio)));
  assert.deepEqual(
    [scalars.parameters, scalars.keptBytes, scalars.allBytes],
    [40 * (3 * 16 + 4 * 9), (6 + 7) * 6 * d * 4, 40 * 6 * d * 4],
  );
});

Deno.test("on all directions at once the loss is that of the matrices, and so are the gradients of first and last layer", async () => {
  const { json } = await runStage(trainChain, { ...params, batch: d, steps: 1 });
  const [{ loss, norms, ratio }] = json("scores.json").curve;
  near(loss, squares(fromIdentity));
  // M is the identity: what stands before a layer is the inverse of it and of what stands behind.
  const chain = mirrored(fold(keyOf(0), 1), shape, 40);
  const G = fromIdentity.map((value) => -2 * value); // dloss/dM
  const layer = (k: number) => {
    const one = ({ data, shape: [, ...rest] }: typeof chain.l) => {
      const n = data.length / 40;
      return tensor(data.slice(k * n, (k + 1) * n), [1, ...rest]);
    };
    return { l: one(chain.l), r: one(chain.r) };
  };
  const eye = nearIdentity(keyOf(0), shape, 1, 0);
  const norm = (k: number) => {
    const { l, r } = layer(k);
    const [L, R] = [collapse({ l, r: eye.r }), collapse({ l: eye.l, r })];
    const W = multiply(L, R, d, d, d);
    // dW = A' G B' with A W B = I; the first layer has A = I, the last B = I. All are orthogonal.
    const dW = k === 0 ? multiply(G, W, d, d, d) : multiply(W, G, d, d, d);
    const dL = multiply(dW, transpose(R, d, d), d, d, d);
    const dR = multiply(transpose(L, d, d), dW, d, d, d);
    let sum = 0;
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        if (Math.floor(i / 4) === Math.floor(j / 4)) sum += dL[i * d + j] ** 2;
        if (i % 4 === j % 4) sum += dR[i * d + j] ** 2;
      }
    }
    return Math.sqrt(sum);
  };
  near(norms[0], norm(0), 1e-4);
  near(norms[4], norm(39), 1e-4);
  assert.ok(ratio >= Math.max(...norms) / Math.min(...norms) - 1e-6);
});

Deno.test("the stable rate is 2 over the curvature along the common scale of all factors", () => {
  const T = Float64Array.of(0, 2, 2, 0); // |T|^2 = 8, width 2
  const N = 7;
  const loss = (t: number) => ((1 + t / Math.sqrt(2 * N * 2)) ** (2 * N) - 1) ** 2 * 8;
  const h = 1e-4;
  near(trainChain.stableRate(N, T), 2 * h * h / (loss(h) + loss(-h)), 1e-4);
});

Deno.test("a rate far beyond it does not train", async () => {
  const wild = await runStage(trainChain, { ...params, steps: 30, share: 6 })
    .then(({ scalars }) => scalars.closed, (error) => {
      assert.match(String(error), /diverged at step \d+/);
      return -1;
    });
  assert.ok(wild < 0.5, `${wild}`);
});

Deno.test("a stopped training goes on from its checkpoint to the same files", async () => {
  const own = { ...params, steps: 6 };
  const straight = await runStage(trainChain, own);
  const saves: Uint8Array[] = [];
  const checkpoint = {
    load: () => Promise.resolve(saves.at(-1)),
    save: (bytes: Uint8Array) => (saves.push(bytes), Promise.resolve()),
  };
  const stop = new AbortController();
  const onProgress = (done: number) => done === 4 && stop.abort(new Error("stopped"));
  await assert.rejects(
    runStage(trainChain, own, { checkpoint, signal: stop.signal, onProgress: onProgress as never }),
    /stopped/,
  );
  assert.equal(saves.length, 1);
  assert.deepEqual(decodeTensors(saves[0]).curve.shape, [4, 7]);
  const resumed = await runStage(trainChain, own, { checkpoint });
  assert.deepEqual(resumed.progress, [[5, 6], [6, 6]]);
  assert.deepEqual(resumed.files, straight.files);
  assert.deepEqual(resumed.scalars, straight.scalars);
});

Deno.test("more rows than directions are refused", () => {
  const { error } = trainChain.params().safeParse({ ...params, batch: 13 });
  assert.match(error!.message, /at most blocks \* size/);
  assert.ok(trainChain.params().safeParse({ ...params, batch: 12 }).success);
});

Deno.test("a pilot of three steps; what is learned does not change their cost", () => {
  const { class: own, ...rest } = pilot(params);
  assert.deepEqual(rest, { params: { ...params, steps: 3 }, units: 3, of: 60, tokens: 360 });
  assert.deepEqual(pilot({ ...params, seed: 3, share: 1, noise: 2, steps: 2 }).class, own);
  assert.equal(pilot({ ...params, steps: 2 }).units, 2);
  assert.notDeepEqual(pilot({ ...params, batch: 5 }).class, own);
});
