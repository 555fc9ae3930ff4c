/** @file What loops and gradients refuse, and with which words: inside of a compiled function and outside of one. */
import { grad as jaxGrad, init, jit, jvp, numpy as np, vmap } from "@jax-js/jax";
import assert from "node:assert/strict";
import { grad, valueAndGrad } from "../../../lib/engine/gradient.ts";
import { compile, tensor, type TracedFunction } from "../../../lib/engine/mod.ts";
import { scan, type ScanOptions } from "../../../lib/engine/scan.ts";
import { assertClose, runEngine, runJax } from "../oracle.ts";
import type { A, Any } from "./cases.ts";

await init("wasm");

const pair = tensor([1, 2]);
const rows = tensor([1, 2, 3, 4, 5, 6], [3, 2]);
const add = (_: Any, s: A, x: A): Any => [s.add(x.ref), x];

/** That a function is refused in the same words by an engine and when it is called by itself. */
async function assertRefused(
  fn: TracedFunction,
  args: readonly ReturnType<typeof tensor>[],
  error: { name: string; message: string | RegExp },
) {
  await assert.rejects(compile(fn, args), error);
  assert.throws(() => runJax(fn, args), error);
}

Deno.test("sequences need one length, and an axis to have one", async () => {
  const two = (options: ScanOptions) => (s: A, x: A, y: A) =>
    scan((_: Any, s: Any, [x]: Any) => [s, x] as Any, [], s, [x, y], options);
  await assertRefused(two({}), [pair, rows, pair], {
    name: "TypeError",
    message: "scan: sequences have the lengths 3,2; expected one length",
  });
  await assertRefused(two({ length: 4 }), [pair, rows, rows], {
    name: "TypeError",
    message: "scan: sequences have the lengths 3,3 and the option length is 4; expected one length",
  });
  await assertRefused(two({}), [pair, rows, tensor(1)], {
    name: "TypeError",
    message: "scan: sequence 1 is a scalar; expected an array with an axis to slice along",
  });
  await assertRefused((s: A) => scan((_: Any, s: A) => [s, []] as Any, [], s, []), [pair], {
    name: "TypeError",
    message: "scan: no sequences; say how many turns there are with the option length",
  });
});

Deno.test("nothing is [] or {}", async () => {
  const loop = (params: Any, xs: Any, next: (s: A) => Any, y: Any) => (s: A) =>
    scan((_: Any, s: A) => [next(s), y] as Any, params, s, xs, { length: 3 });
  const same = (s: A) => s;
  for (const nothing of [undefined, null]) {
    const refused: [TracedFunction, string][] = [
      [loop(nothing, [], same, []), "the params"],
      [loop([], nothing, same, []), "the sequences"],
      [loop([], [], same, nothing), "what the cell returns"],
      [loop([], [], same, { y: nothing }), "what the cell returns"],
      [loop([], [], () => nothing, []), "what the cell returns"],
    ];
    for (const [fn, what] of refused) {
      await assertRefused(fn, [pair], {
        name: "TypeError",
        message:
          `scan: undefined or null in ${what}; expected a tree of arrays, [] or {} where there are none`,
      });
    }
  }
});

Deno.test("segments and lengths are whole numbers", async () => {
  const loop = (options: ScanOptions) => (s: A, x: A) => scan(add, [], s, x, options);
  for (const segments of [0, -1, 1.5, NaN, Infinity]) {
    await assertRefused(loop({ segments }), [pair, rows], {
      name: "RangeError",
      message: `scan: segments = ${segments}; expected a whole number, at least 1`,
    });
  }
  for (const length of [-1, 1.5, NaN]) {
    await assertRefused(loop({ length }), [pair, rows], {
      name: "RangeError",
      message: `scan: length = ${length}; expected a whole number, at least 0`,
    });
  }
});

Deno.test("a state keeps its form", async () => {
  const loop = (next: (s: Any, x: A) => Any) => (s: A, x: A) =>
    scan((_: Any, s: Any, x: A) => [next(s, x), []] as Any, [], { s }, x);
  const refused: [(s: Any, x: A) => Any, string | RegExp][] = [
    [
      ({ s }, x) => ({ s: np.stack([s, x]) }),
      "scan: the cell returns a state whose leaf 0 is float32[2,2], but was given float32[2]; a state keeps its shape and dtype",
    ],
    [
      ({ s }) => ({ s: np.sum(s) }),
      /^scan: the cell returns a state whose leaf 0 is float32\[\], but was given float32\[2\]/,
    ],
    [
      ({ s }) => ({ s: s.astype(np.int32) }),
      /^scan: the cell returns a state whose leaf 0 is int32\[2\], but was given float32\[2\]/,
    ],
    [({ s }) => s, /^scan: the cell returns a state of the structure .*, but was given .*/],
    [({ s }) => ({ s, t: s.ref }), /^scan: the cell returns a state of the structure/],
    [({ s }) => ({ other: s }), /^scan: the cell returns a state of the structure/],
    [() => [], /^scan: the cell returns a state of the structure/],
  ];
  for (const [next, message] of refused) {
    await assertRefused(loop(next), [pair, rows], { name: "TypeError", message });
  }
  // Also where there is but one turn, or none.
  for (const length of [0, 1]) {
    const short = tensor(new Float32Array(2 * length), [length, 2]);
    const [next] = refused[1];
    await assert.rejects(compile(loop(next), [pair, short]), /whose leaf 0 is float32\[\]/);
  }
});

Deno.test("a cell returns the next state and an output", async () => {
  const message = "scan: the cell must return [next state, output]";
  for (const wrong of [(s: A) => s, (s: A) => [s], (s: A) => [s, s.ref, s.ref], () => undefined]) {
    const loop = (s: A, x: A) => scan((_: Any, s: A) => wrong(s) as Any, [], s, x);
    await assertRefused(loop, [pair, rows], { name: "TypeError", message });
  }
});

Deno.test("a gradient is that of a scalar of floats, by arguments that are there", async () => {
  const refused: [fn: TracedFunction, message: string][] = [
    [
      grad((x: A) => x.mul(2)),
      "the gradient of a function that returns float32[2]; expected a scalar of floats",
    ],
    [
      grad((x: A) => np.sum(x.astype(np.int32))),
      "the gradient of a function that returns int32[]; expected a scalar of floats",
    ],
    [
      valueAndGrad((x: A) => [np.sum(x)]),
      "the gradient of a function that returns a list; expected a scalar of floats",
    ],
    [
      grad((x: A) => np.sum(x), { hasAux: true }),
      "the gradient of a function that returns no [value, more], with hasAux",
    ],
  ];
  for (const [fn, message] of refused) {
    await assert.rejects(compile(fn, [pair]), { name: "TypeError", message });
    // Elsewhere in words of jax-js.
    assert.throws(() => runJax(fn, [pair]));
  }
  await assertRefused(grad((x: A) => np.sum(x), { argnums: 1 }), [pair], {
    name: "RangeError",
    message: "gradient by argument 1, but there are 1 arguments",
  });
});

Deno.test("the gradient by integers is zero, by trees a tree, and more passes through", async () => {
  const loss = ({ x, i }: Any, [y]: Any) => np.sum(x.mul(i.astype(x.dtype)).mul(y));
  const both = grad((x: A, i: A, y: A) => loss({ x, i }, [y]), { argnums: [2, 1] });
  const inTrees = (x: A, i: A, y: A) => {
    const [value, [first, [second]]] = valueAndGrad(loss, { argnums: [0, 1] })({ x, i }, [y]);
    return [value, first.x, first.i, second];
  };
  const withMore = (x: A, i: A, y: A) => {
    const fn = (x: A, i: A, y: A) => [loss({ x: x.ref, i: i.ref }, [y]), { twice: x.mul(2), i }];
    const [[value, { twice, i: same }], by] = valueAndGrad(fn, { hasAux: true, argnums: 2 })(
      x,
      i,
      y,
    );
    return [value, by, twice, same];
  };
  const args = [pair, tensor([3, 4], [2], "int32"), tensor([5, 6])];
  const cases: [TracedFunction, number[][]][] = [
    [both, [[3, 8], [0, 0]]],
    [inTrees, [[63], [15, 24], [0, 0], [3, 8]]],
    [withMore, [[63], [3, 8], [2, 4], [3, 4]]],
  ];
  for (const [fn, want] of cases) {
    const dtypes = runJax(fn, args).map(({ dtype }) => dtype);
    for (const engine of ["ort", "jax"] as const) {
      const got = await runEngine(fn, args, engine);
      assert.deepEqual(got.map(({ data }) => [...data]), want, engine);
      assert.deepEqual(got.map(({ dtype }) => dtype), dtypes, engine);
    }
  }
});

Deno.test("jax-js's own derivatives of a loop are refused in a compiled function, with the line", async () => {
  const loop = (x: A) =>
    np.sum(scan((_: Any, s: A, x: A) => [s.mul(x), []] as Any, [], x.ref.slice(0), x)[0] as A);
  const here = new URL(import.meta.url).pathname;
  const refused: TracedFunction[] = [
    (x: A) => (jaxGrad as Any)(loop)(x),
    (x: A) => (jvp as Any)(loop, [x.ref], [x]),
    (x: A) => (jit as Any)(jaxGrad(loop as Any))(x),
    (x: A) => (vmap as Any)(jaxGrad(loop as Any))(np.stack([x.ref, x])),
  ];
  for (const fn of refused) {
    await assert.rejects(compile(fn, [rows]), (error: Error) => {
      assert.equal(error.name, "TypeError");
      assert.match(error.message, /^jax-js's own grad, jvp or jacobian meets a scan inside/);
      assert.match(error.message, /use grad or valueAndGrad of lib\/engine\/gradient.ts/);
      assert.ok(error.message.includes(here), error.message);
      return true;
    });
  }
  const inner = (x: A) => np.sum(np.sin(grad((x: A) => np.sum(np.sin(x)))(x)));
  await assert.rejects(
    compile(jaxGrad(inner as Any), [pair]),
    /meets a gradient inside a compiled/,
  );
  // Where the loop is a constant to it, there is nothing to differentiate.
  const constant = (x: A) => {
    const factor = loop(np.ones([3, 2]));
    return jaxGrad(((y: A) => np.sum(y.mul(factor.ref))) as Any)(x);
  };
  const [slope] = await runEngine(constant, [pair]);
  assert.deepEqual([...slope.data], [2, 2]);
  // Outside, jax-js may: it sees the unrolled loop.
  const [outside] = runJax(jaxGrad(loop as Any), [rows]);
  assert.deepEqual(
    [...outside.data],
    [30, 96, 5, 24, 3, 16],
  );
});

Deno.test("an array that is captured and mapped alone is refused where it meets the state", async () => {
  const meets = (w: A, s: A, xs: A) =>
    (vmap as Any)(
      (w: A, s: A, xs: A) =>
        scan((_: Any, s: A, x: A) => [s.mul(w.ref).add(x), []] as Any, [], s, xs),
      [0, null, null],
    )(w, s, xs);
  const here = new URL(import.meta.url).pathname;
  for (const batch of [2, 3, 5]) {
    const w = tensor(new Float32Array(batch * 2), [batch, 2]);
    await assert.rejects(compile(meets, [w, pair, rows]), (error: Error) => {
      assert.equal(error.name, "TypeError");
      assert.match(error.message, /scan would be float32\[\d,2\] instead of float32\[2\]: /);
      assert.match(
        error.message,
        /captures an array that vmap maps.*hand the array in as an argument/,
      );
      assert.ok(error.message.includes(here), error.message);
      return true;
    });
  }
});

Deno.test("a gradient of what is captured and mapped alone is refused", async () => {
  const slope = (w: A, x: A) => grad((x: A) => np.sum(np.sin(x.mul(w.ref))))(x);
  const mapped = (axes: Any) => (w: A, x: A) => (vmap as Any)(slope, axes)(w, x);
  const w = tensor([1, 2, 3, 4], [2, 2]);
  await assert.rejects(compile(mapped([0, null]), [w, pair]), {
    name: "TypeError",
    message:
      /^a result of a gradient would be float32\[2\] instead of float32\[2,2\]: its function captures/,
  });
  // With an argument that is mapped too, it is none.
  const fn = mapped(0);
  const [got] = await runEngine(fn, [w, w]);
  assertClose(got, runJax(fn, [w, w], "float64")[0], 1e-6, "gradient");
});

Deno.test("a jit that was first called in a compiled function gives NaN outside, no plausible numbers", async () => {
  const total = jit(((x: A) => np.sum(scan(add, [], x.ref.slice(0), x)[0] as A)) as Any) as Any;
  const slope = jit(grad((x: A) => np.sum(np.sin(x))) as Any) as Any;
  const program = await compile((x: A) => [total(x.ref), slope(x)], [rows]);
  const [sum] = await program.run(rows);
  assert.deepEqual([...(await sum.read()).data], [24]);
  await program.close();
  const outside = runJax((x: A) => [total(x.ref), slope(x)], [rows]);
  assert.ok(outside.every(({ data }) => data.every(Number.isNaN)), String(outside[0].data));
});

Deno.test("engine jax runs a jit with a loop in it that it was the first to call", async () => {
  const total = jit(((x: A) => np.sum(scan(add, [], x.ref.slice(0), x)[0] as A)) as Any) as Any;
  const [sum] = await runEngine((x: A) => total(x), [rows], "jax");
  assert.deepEqual([...sum.data], [24]);
});
