/**
 * @file Engines `tfjs` and `tfjs-node-gpu`: the traced program executed equation by equation with TensorFlow.js, in
 * pure JavaScript or natively on CUDA.
 *
 * TensorFlow.js frees nothing by itself on a GPU. Intermediate values are freed after their last use; what `run`
 * returns is freed by the handle's `dispose`, or when the handle is collected.
 */
import type { GraphProgram } from "../compile_graph.ts";
import type { Equation, Graph, ScanParams, Value } from "../graph.ts";
import { EngineHandle } from "../handle.ts";
import { neededResults } from "../loop.ts";
import type { Backend, TF, TfTensor } from "./backend.ts";
import { contract } from "./contraction.ts";
import type { Context, Kernel } from "./kernel_table.ts";
import * as module from "./kernel_table.ts";
import { Table } from "../table.ts";
import { runLoop } from "./loop.ts";
import { broadcast, materialize, type Stretched, whole } from "./stretched.ts";
import { describe, type DType, type Handle, hostArray, sizeOf, type Tensor } from "../types.ts";
import { UnsupportedPrimitive } from "../unsupported.ts";

/** Tensors whose handles were dropped without being disposed of. */
const dropped = /* @__PURE__ */ new FinalizationRegistry<TfTensor>((tensor) => tensor.dispose());

/** A result that stays a TensorFlow.js tensor. */
export class TfjsHandle extends EngineHandle<TfTensor> {
  /** Takes over `value`: it is freed with the handle, at the latest when that is collected. */
  constructor(
    dtype: DType,
    shape: readonly number[],
    value: TfTensor,
    readonly backend: Backend,
  ) {
    super(dtype, shape, value);
    dropped.register(this, value, this);
  }

  /** The elements on the host, in the handle's dtype. */
  protected async copy(value: TfTensor): Promise<Tensor> {
    const { dtype, shape } = this;
    const data = hostArray(dtype, sizeOf(shape));
    // A uint32 lies in an int32 of the same bits, which the conversion of the host array undoes.
    data.set(await value.data());
    return { dtype, shape, data };
  }

  /** Frees the tensor. */
  protected free(value: TfTensor): void {
    dropped.unregister(this);
    value.dispose();
  }
}

const kernels = new Table<Kernel>("lib/engine/tfjs/kernel_table.ts", module);

interface Step {
  readonly inputs: readonly Value[];
  readonly outs: readonly Value[];
  readonly apply: (...inputs: Stretched[]) => Stretched | Stretched[];
  /** What nothing needs after this step. */
  readonly last: readonly Value[];
}

/** Loads TensorFlow.js and plans the execution of a graph. @param openBackend loads it. */
export async function tfjsProgram(
  graph: Graph,
  openBackend: () => Backend | Promise<Backend>,
): Promise<GraphProgram> {
  const started = performance.now();
  const backend = await openBackend();
  const loadedAt = performance.now();
  const { tf } = backend;
  const constants = new Map<Value, Stretched>();
  const steps = plan(graph, graph.outputs, backend, constants);
  let closed = false;
  return {
    sessionMs: loadedAt - started,
    lowerMs: performance.now() - loadedAt,
    nodes: steps.length,
    async run(args) {
      if (closed) throw new Error("the program is closed");
      await backend.activate();
      if (constants.size === 0) makeConstants(tf, graph, graph.outputs, steps, constants);
      return execute(backend, graph, steps, constants, args);
    },
    close() {
      closed = true;
      for (const { tensor } of constants.values()) tensor.dispose();
      constants.clear();
      return Promise.resolve();
    },
  };
}

/**
 * @param outputs those of the graph that are asked for.
 * @param constants where those of the bodies of loops will be, once the program runs.
 * @throws {TypeError} for dtypes that TensorFlow.js lacks.
 * @throws {UnsupportedPrimitive}
 */
function plan(
  graph: Graph,
  outputs: readonly Value[],
  backend: Backend,
  constants: Map<Value, Stretched>,
): Step[] {
  const { tf, engine } = backend;
  const equations = graph.live(outputs);
  const used = new Set([...equations.flatMap((e) => e.inputs), ...outputs]);
  const check = (value: Value, line?: string) => {
    if (value.dtype !== "float64") return;
    throw new TypeError(
      `engine "${engine}" computes in float32, int32, uint32 and bool, but the program has a ` +
        `${describe(value)}${
          line ? ` at ${line}` : ""
        }; cast it to float32, or use engine "ort" or "jax"`,
    );
  };
  graph.inputs.forEach((value) => check(value));
  outputs.forEach((value) => check(value));
  const products = productsOfSums(graph, equations, outputs);
  const skipped = new Set(products.values());
  const kept = equations.filter((equation) => !skipped.has(equation));
  const lastUse = new Map<Value, number>();
  const steps = kept.map((equation, at): Omit<Step, "last"> => {
    const { op, params, outs, line } = equation;
    for (const value of [...equation.inputs, ...outs]) check(value, line);
    const product = products.get(equation);
    const inputs = product?.inputs ?? equation.inputs;
    for (const value of [...inputs, ...outs]) lastUse.set(value, at);
    const [{ shape, dtype }] = outs;
    if (outs.every((v) => sizeOf(v.shape) === 0)) {
      return { inputs, outs, apply: () => outs.map((v) => emptyValue(tf, v)) };
    }
    if (product) {
      const full = product.outs[0].shape;
      const apply = (x: Stretched, y: Stretched) =>
        contract(tf, x, y, full, params.axis as number[], dtype);
      return { inputs, outs, apply };
    }
    if (op === "scan") {
      const apply = planLoop(graph, equation, outs.map((v) => used.has(v)), backend, constants);
      return { inputs, outs, apply };
    }
    const kernel = kernels.rule(graph, op);
    if (!kernel) throw new UnsupportedPrimitive(op, line, engine);
    const context: Context = { tf, shape, dtype, params };
    return { inputs, outs, apply: (...xs) => kernel(context, ...xs) };
  });
  for (const value of outputs) lastUse.delete(value);
  const ends = steps.map((): Value[] => []);
  for (const [value, at] of lastUse) ends[at].push(value);
  return steps.map((step, at) => ({ ...step, last: ends[at] }));
}

/** A loop runs its body's plan turn by turn. @param read which of its results are. */
function planLoop(
  graph: Graph,
  { params }: Equation,
  read: readonly boolean[],
  backend: Backend,
  constants: Map<Value, Stretched>,
): (...inputs: Stretched[]) => Stretched[] {
  const { tf } = backend;
  const loop = params as unknown as ScanParams;
  const body = graph.body(loop.body);
  const needed = neededResults(body, loop.carries, read);
  const asked = body.outputs.filter((_, i) => needed[i]);
  const steps = plan(body, asked, backend, constants);
  const turn = (inputs: readonly Stretched[]): (Stretched | undefined)[] => {
    const values = new Map(body.inputs.map((v, i) => [v, inputs[i]]));
    const find = (v: Value) => values.get(v) ?? constants.get(v)!;
    for (const { inputs, outs, apply } of steps) {
      const results = apply(...inputs.map(find));
      const list = Array.isArray(results) ? results : [results];
      outs.forEach((v, i) => values.set(v, list[i]));
    }
    return body.outputs.map((v, i) => needed[i] ? find(v) : undefined);
  };
  return (...inputs) => {
    makeConstants(tf, body, asked, steps, constants);
    return runLoop(tf, loop, turn, inputs);
  };
}

/** A float32 product that only a sum reads is summed as it is formed: often it is a matrix product. */
function productsOfSums(
  graph: Graph,
  equations: readonly Equation[],
  outputs: readonly Value[],
): Map<Equation, Equation> {
  const uses = new Map<Value, number>();
  for (const value of [...equations.flatMap((e) => e.inputs), ...outputs]) {
    uses.set(value, (uses.get(value) ?? 0) + 1);
  }
  const products = new Map<Equation, Equation>();
  for (const equation of equations) {
    if (equation.op !== "reduce" || equation.params.op !== "Add") continue;
    const [summand] = equation.inputs;
    const product = graph.made(summand, "mul");
    if (!product || uses.get(summand) !== 1 || summand.dtype !== "float32") continue;
    if (product.inputs.some((v) => v.dtype !== "float32")) continue;
    products.set(equation, product);
  }
  return products;
}

/** What `make` returns, and of the tensors it made only those in there. */
function scoped<T>(tf: TF, make: () => T): T {
  // The library's types for containers know no readonly arrays.
  return tf.tidy(make as unknown as () => TfTensor[]) as unknown as T;
}

const emptyValue = (tf: TF, { shape, dtype }: Value): Stretched =>
  whole(tf.zeros([...shape], tfType(dtype)), dtype);

const tfType = (dtype: DType) => (dtype === "uint32" ? "int32" : dtype) as "float32";

function upload(tf: TF, { dtype, shape, data }: Tensor): Stretched {
  // TensorFlow.js keeps the array it is given, and the caller may go on writing to it.
  const copy = dtype === "bool"
    ? Uint8Array.from(data, (x) => Number(x !== 0))
    : dtype === "float32"
    ? Float32Array.from(data)
    : Int32Array.from(data);
  return whole(tf.tensor(copy, [...shape], tfType(dtype)), dtype);
}

function makeConstants(
  tf: TF,
  graph: Graph,
  outputs: readonly Value[],
  steps: readonly Step[],
  constants: Map<Value, Stretched>,
): void {
  // The body of a loop makes its own while a step runs, which would free them after it.
  const kept = (x: Stretched) => {
    tf.keep(x.tensor);
    return x;
  };
  for (const value of [...steps.flatMap((step) => step.inputs), ...outputs]) {
    if (constants.has(value)) continue;
    const { shape, dtype, uniform } = value;
    const tensor = graph.constants.get(value);
    if (tensor) constants.set(value, kept(scoped(tf, () => upload(tf, tensor))));
    else if (uniform !== undefined) {
      const made = scoped(tf, () => {
        if (sizeOf(shape) === 0) return emptyValue(tf, value);
        const data = hostArray(dtype, 1).fill(uniform);
        return broadcast(tf, upload(tf, { dtype, shape: [], data }), shape, [...shape.keys()]);
      });
      constants.set(value, kept(made));
    }
  }
}

/** Synchronous on purpose: TensorFlow.js tracks what to free in scopes, and runs must not mix theirs. */
function execute(
  backend: Backend,
  graph: Graph,
  steps: readonly Step[],
  constants: ReadonlyMap<Value, Stretched>,
  args: readonly (Tensor | Handle)[],
): TfjsHandle[] {
  const { tf } = backend;
  const owned = new Map<Value, Stretched>();
  const borrowed = new Map<Value, Stretched>();
  const free = (value: Value) => {
    owned.get(value)?.tensor.dispose();
    owned.delete(value);
  };
  try {
    graph.inputs.forEach((value, i) => {
      const arg = args[i];
      if (arg instanceof TfjsHandle && arg.backend.engine === backend.engine) {
        borrowed.set(value, whole(arg.native(`argument ${i}`), value.dtype));
      } else if ("data" in arg) owned.set(value, upload(tf, arg as Tensor));
      else throw new TypeError(`argument ${i} (${describe(value)}) belongs to another engine`);
    });
    const read = (value: Value): Stretched => {
      const found = owned.get(value) ?? borrowed.get(value) ?? constants.get(value);
      if (!found) throw new Error("a value is read before any equation makes it");
      return found;
    };
    for (const { inputs, outs, apply, last } of steps) {
      const results = scoped(tf, () => {
        const operands = inputs.map(read);
        const results = apply(...operands);
        const list = Array.isArray(results) ? results : [results];
        // A result that is an operand, or the same as another, gets a tensor of its own to be freed.
        const taken = new Set(operands.map((x) => x.tensor));
        return list.map((x) => {
          if (!x) return undefined; // a result of a loop that nobody reads
          const tensor = taken.has(x.tensor) ? tf.clone(x.tensor) : x.tensor;
          taken.add(tensor);
          return { ...x, tensor };
        });
      });
      outs.forEach((value, i) => results[i] && owned.set(value, results[i]));
      last.forEach(free);
    }
    const tensors = scoped(tf, () =>
      graph.outputs.map((value) => {
        const x = read(value);
        const tensor = materialize(tf, x);
        return tensor === x.tensor ? tf.clone(tensor) : tensor;
      }));
    return tensors.map((tensor, i) => {
      const { dtype, shape } = graph.outputs[i];
      return new TfjsHandle(dtype, shape, tensor, backend);
    });
  } finally {
    for (const { tensor } of owned.values()) tensor.dispose();
  }
}
