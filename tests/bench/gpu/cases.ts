/** @file The training steps that `bench gpu` measures, each with Adam; sizes as in torch_steps.py. */
import { numpy as np } from "@jax-js/jax";
import { valueAndGrad } from "../../../lib/engine/gradient.ts";
import {
  compile,
  type EngineName,
  type Program,
  sizeOf,
  type Tensor,
  tensor,
  type Tree,
} from "../../../lib/engine/mod.ts";
import { scan } from "../../../lib/engine/scan.ts";
import { refTree } from "../../../lib/engine/trees.ts";
import { linear } from "../../../lib/layers/linear.ts";
import { layer as lstm } from "../../../lib/layers/sequence/lstm.ts";
import { layer as attention } from "../../../lib/layers/sequence/softmax_attention.ts";
import { model as stack } from "../../../lib/models/stack.ts";
import { patchLoss } from "../../../lib/tasks/filtering/next_patch.ts";
import { adamwInit, adamwUpdate } from "../../../lib/train/adamw.ts";
import { disposeTree, toHost } from "../../../lib/train/host.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

export interface Training {
  /** One step. @returns the loss before it. */
  step(): Promise<number>;
  readonly program: Program;
}

export interface GpuCase {
  readonly name: string;
  /** Its name in torch_steps.py. */
  readonly torch: string;
  start(engine: EngineName): Promise<Training>;
}

const rate = tensor(1e-4);

async function training(
  engine: EngineName,
  loss: (params: Any, data: Any) => np.Array,
  params: Tree<Tensor>,
  data: Tree<Tensor>,
): Promise<Training> {
  let current: Any = { state: adamwInit(params), params };
  const update = (p: Any, s: Any, data: Any, rate: np.Array) => {
    const [value, grads] = valueAndGrad(loss)(refTree(p), data);
    return { value, ...adamwUpdate(p, grads, s, rate) };
  };
  const example = [current.params, current.state, data, rate];
  const program = await compile(update, example, {
    engine,
    deviceOnly: engine === "ort-webgpu",
    threads: engine === "ort" ? navigator.hardwareConcurrency : 1,
  });
  return {
    program,
    async step() {
      const { value, gradNorm, params, state } = await program.run(
        current.params,
        current.state,
        data,
        rate,
      );
      const { data: [loss] } = await value.read();
      disposeTree([current, value, gradNorm]);
      current = { params, state };
      return loss;
    },
  };
}

const noise = (shape: number[], scale = 1): Tensor =>
  tensor(Float32Array.from({ length: sizeOf(shape) }, (_, i) => scale * Math.sin(i * i)), shape);
const mse = (y: np.Array, target: np.Array) => {
  const error = y.sub(target);
  return np.mean(error.ref.mul(error));
};

const transformerCase = (d: number, layers: number, batch: number): GpuCase => ({
  name: `Transformer d=${d} L=${layers}, ${batch} x 256 tokens`,
  torch: `transformer-${d}`,
  start(engine) {
    const choice = { name: "softmax_attention", layer: attention, options: {} };
    const model = stack.configure({ width: d }, {
      signature: { kind: "series", channels: 2 },
      layers: Array(layers).fill(choice),
    });
    const loss = (p: Any, { y, weights }: Any) => patchLoss(model.apply(p, y.ref), y, weights);
    const data = { y: noise([batch, 256, 2]), weights: tensor(1, [255, 1, 1]) };
    return training(engine, loss, toHost(model.init(0)), data);
  },
});

const deepLinear = (layers: number): GpuCase => ({
  name: `deep linear, ${layers} layers of 64`,
  torch: `deep-linear-${layers}`,
  start(engine) {
    const eye = Float32Array.from(
      { length: layers * 64 * 64 },
      (_, i) => Number(i % 64 === Math.floor(i / 64) % 64),
    );
    const loss = (w: Any, { x, y }: Any) => {
      const [out] = scan((_, x: np.Array, w: np.Array) => [np.matmul(x, w), []], [], x, w);
      return mse(out as np.Array, y);
    };
    const data = { x: noise([32, 64]), y: noise([32, 64], 0.5) };
    return training(engine, loss, tensor(eye, [layers, 64, 64]), data);
  },
});

const lstmCase: GpuCase = {
  name: "LSTM h=64, T=96",
  torch: "lstm",
  start(engine) {
    const affine = (inputs: number, outputs: number) => ({
      weight: noise([inputs, outputs], 0.1),
      bias: tensor(0, [outputs]),
    });
    const params = { enter: affine(64, 256), cell: noise([64, 256], 0.1), leave: affine(64, 1) };
    const cell = (recurrent: np.Array, state: Any, x: np.Array) =>
      lstm.cell({ width: 64 }, { recurrent } as Any, state, x);
    const loss = (p: Any, { x, target }: Any) => {
      const state = { h: np.zeros([16, 64]), c: np.zeros([16, 64]) };
      const [, y] = scan(cell, p.cell, state, linear(p.enter, x)) as [Any, np.Array];
      return mse(linear(p.leave, y), target);
    };
    return training(engine, loss, params, { x: noise([96, 16, 64]), target: noise([96, 16, 1]) });
  },
};

export const gpuCases: readonly GpuCase[] = [
  transformerCase(64, 2, 16),
  transformerCase(256, 4, 4),
  lstmCase,
  deepLinear(100),
  deepLinear(1000),
];
