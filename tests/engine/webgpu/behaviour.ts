/** @file What holds for handles, small shapes and trainings that diverge on `ort-webgpu`, as checks that throw. */
import { numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../../lib/engine/gradient.ts";
import {
  compile,
  compileOn,
  type EngineName,
  type Handle,
  tensor,
  type TracedFunction,
} from "../../../lib/engine/mod.ts";
import { scan } from "../../../lib/engine/scan.ts";
import { compileStep, DivergenceError, train } from "../../../lib/train/trainer.ts";
import { handleChecks } from "../handle_checks.ts";

type A = np.Array;
type Checks = Readonly<Record<string, () => Promise<void>>>;

const engine = "ort-webgpu" as const;
const pair = tensor([1, 2]);
const valuesOf = async (handle: Handle) => [...(await handle.read()).data];
const engines: EngineName[] = ["ort", "ort-webgpu", "jax", "tfjs"];
const add: TracedFunction = (x: A, [y]: [A]) => x.add(y);

export const handles: Checks = {
  async "a handle of any engine is refused by every other one"() {
    const programs = new Map(
      await Promise.all(
        engines.map(async (engine) =>
          [engine, await compile(add, [pair, [pair]], { engine })] as const
        ),
      ),
    );
    for (const [owner, made] of programs) {
      const handle: Handle = await made.run(pair, [pair]);
      for (const [engine, program] of programs) {
        for (const args of [[handle, [pair]], [pair, [handle]]] as const) {
          const what = `${owner}'s handle on ${engine}`;
          const running = program.run(...args);
          if (engine === owner) assert.deepEqual(await valuesOf(await running), [3, 6], what);
          else {
            const name = `argument ${args[0] === handle ? 0 : 1}`;
            await assert.rejects(running, {
              name: "TypeError",
              message: `${name} (float32[2]) belongs to another engine`,
            }, what);
          }
        }
      }
    }
    for (const program of programs.values()) await program.close();
  },
  ...handleChecks(engine),
};

export const edges: Checks = {
  async "no elements, and one"() {
    const fn = (x: A) => [np.exp(x.ref).mul(2), x.ref, np.sum(x, 0)];
    for (const shape of [[0, 3], [3, 0], [0], [1], [1, 1]]) {
      const x = tensor(0, shape);
      const program = await compile(fn, [x], { engine, deviceOnly: !shape.includes(0) });
      const first: Handle[] = await program.run(x);
      const second: Handle[] = await program.run(first[1]);
      for (const [twice, same, sum] of [first, second]) {
        assert.deepEqual([...twice.shape], shape);
        assert.deepEqual(await valuesOf(twice), Array(x.data.length).fill(2), `${shape}`);
        assert.deepEqual(await valuesOf(same), [...x.data], `${shape}`);
        const left = shape.slice(1).reduce((a, b) => a * b, 1);
        assert.deepEqual(await valuesOf(sum), Array(left).fill(0), `${shape}`);
      }
      for (const handle of [...first, ...second]) handle.dispose();
      await program.close();
    }
  },
  async "a dtype that the GPU has not"() {
    await assert.rejects(
      compile((x: A) => x, [{ dtype: "float64", shape: [2] }], { engine }),
      /this engine has no float64, it has float32, int32, uint32, bool; use one of them, or engine "ort"/,
    );
  },
  async "indices that count from the end give what they give on ort"() {
    const x = tensor([0, 1, 2, 3, 4, 5], [3, 2]);
    const [i, j] = [[-1, -3, 2, 0, -2], [1, -1, -2, 0, 1]].map((k) => tensor(k, [5], "int32"));
    const loss = (x: A, i: A, j: A) => np.sum(np.square(x.slice(i, j)));
    const results = await Promise.all((["ort", engine] as const).map(async (engine) => {
      const program = await compile(valueAndGrad(loss), [x, i, j], { engine });
      const [value, gradient] = await program.run(x, i, j);
      await program.close();
      return [await valuesOf(value), await valuesOf(gradient)];
    }));
    assert.deepEqual(results[1], results[0]);
    assert.notDeepEqual(results[0][1], Array(6).fill(0));
  },
  async "loops of too many turns"() {
    const turn = (w: A, h: A): [A, A[]] => [np.tanh(h.mul(w)).add(1), []];
    const fn = (w: A, h: A) => scan(turn, w, h, [], { length: 20_000 })[0];
    await assert.rejects(compile(fn, [tensor(1), pair], { engine }), {
      name: "RangeError",
      message: new RegExp(
        'engine "ort-webgpu" runs loops turn by turn, .* largest has 20000 turns.* 60000 operations; at most 40000 .*"ort"',
      ),
    });
  },
  async "a training that diverges says so"() {
    const steps: number[] = [];
    const loss = (w: A, x: A) => np.sum(np.square(np.square(w).mul(x)));
    await assert.rejects(
      train(
        (example) => compileStep(loss, tensor([1, -2]), example, { compile: compileOn(engine) }),
        () => tensor([3, 4]),
        {
          schedule: { peak: 1e12, steps: 20, warmup: 0 },
          onStep: ({ step }) => steps.push(step),
        },
      ),
      (error) => error instanceof DivergenceError && error.step === steps.length,
    );
    assert.ok(steps.length < 19, "before the end");
  },
};
