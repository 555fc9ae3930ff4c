/** @file Fourier transforms and triangular solves against their definitions, in both precisions. */
import { type DType, hostArray, sizeOf, type Tensor, tensor } from "../../../lib/engine/mod.ts";
import { runGraph } from "../graph_runner.ts";
import { assertClose, generator, randomTensor } from "../oracle.ts";

const precision: Record<string, number> = { float32: 2e-6, float64: 1e-13 };

/** sum over j of (re + i im)[j] exp(sign 2 pi i j k / n), over n for the inverse. */
function transform(re: Tensor, im: Tensor, inverse: boolean): [Tensor, Tensor] {
  const n = re.shape.at(-1)!;
  const outs = [0, 1].map(() => hostArray("float64", re.data.length));
  const sign = inverse ? 1 : -1;
  for (let at = 0; at < re.data.length; at++) {
    const [row, k] = [at - at % n, at % n];
    for (let j = 0; j < n; j++) {
      const angle = sign * 2 * Math.PI * j * k / n;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      outs[0][at] += re.data[row + j] * c - im.data[row + j] * s;
      outs[1][at] += re.data[row + j] * s + im.data[row + j] * c;
    }
    if (inverse) outs.forEach((out) => out[at] /= n);
  }
  return outs.map((data): Tensor => ({ dtype: "float64", shape: re.shape, data })) as [
    Tensor,
    Tensor,
  ];
}

Deno.test("Fourier transforms of rows are their defining sums, there and back", async () => {
  for (const dtype of ["float32", "float64"] as const) {
    for (const shape of [[1], [2], [5], [3, 6], [2, 1, 7]]) {
      const [re, im] = [1, 2].map((seed) => randomTensor(generator(seed), shape, { dtype }));
      const both = [{ shape, dtype }, { shape, dtype }];
      const got = await runGraph([re, im], (g, xs) => [
        ...g.emitMany("fft", xs, { inverse: false }, both),
        ...g.emitMany("fft", xs, { inverse: true }, both),
      ]);
      const want = [...transform(re, im, false), ...transform(re, im, true)];
      want.forEach((w, i) => assertClose(got[i], w, precision[dtype], `${dtype} [${shape}] ${i}`));
    }
  }
});

/** X with A X' = B' for upper triangular A, row of B by row, from the last unknown to the first. */
function solve(a: Tensor, b: Tensor, unit: boolean): Tensor {
  const [q, n] = b.shape.slice(-2);
  const data = hostArray("float64", b.data.length);
  for (let batch = 0; batch < b.data.length / (q * n); batch++) {
    const entry = (i: number, j: number) => a.data[(batch * n + i) * n + j];
    for (let p = 0; p < q; p++) {
      const row = (batch * q + p) * n;
      for (let i = n - 1; i >= 0; i--) {
        let rest = b.data[row + i];
        for (let j = i + 1; j < n; j++) rest -= entry(i, j) * data[row + j];
        data[row + i] = unit ? rest : rest / entry(i, i);
      }
    }
  }
  return { dtype: "float64", shape: b.shape, data };
}

Deno.test("triangular systems are solved as by substitution, whatever stands below the diagonal", async () => {
  for (const dtype of ["float32", "float64"] as DType[]) {
    for (
      const [n, q, lead] of [[1, 1, []], [2, 3, []], [3, 2, [2]], [5, 1, [2, 2]], [
        8,
        2,
        [],
      ]] as const
    ) {
      const shape = [...lead, n, n];
      const a = randomTensor(generator(n), shape, { dtype, low: -0.5, high: 0.5 });
      // Well conditioned, and nothing below the diagonal counts.
      const data = a.data.map((x, k) => {
        const [i, j] = [Math.floor(k / n) % n, k % n];
        return i === j ? 2 + x : i > j ? 1e3 * x : x;
      });
      const b = randomTensor(generator(99), [...lead, q, n], { dtype });
      const given = tensor(data, shape, dtype);
      for (const unitDiagonal of [false, true]) {
        const [x] = await runGraph(
          [given, b],
          (g, xs) => [g.emit("triangular_solve", xs, { unitDiagonal }, b.shape, dtype)],
        );
        const name = `${dtype} ${n} x ${n}, ${sizeOf(lead)} of them, unit ${unitDiagonal}`;
        assertClose(x, solve(given, b, unitDiagonal), 10 * precision[dtype], name);
      }
    }
  }
});
