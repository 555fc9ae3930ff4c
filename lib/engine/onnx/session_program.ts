/**
 * @file A lowered graph run by a session of ONNX Runtime, whichever its provider: feeds it with tensors and handles, and wraps what
 * it gives in handles that stay where the provider left it.
 */
import { createHash } from "node:crypto";
import type { GraphProgram } from "../compile_graph.ts";
import type { Graph } from "../graph.ts";
import { EngineHandle } from "../handle.ts";
import { describe, type DType, type Spec, type Tensor } from "../types.ts";
import type { Lowered } from "./lower.ts";
import type { Dialect } from "./model.ts";
import { type OrtTensor, toOrt } from "./tensors.ts";

/** A graph in the bytes that ONNX Runtime reads, with all that it takes to run them. */
export interface LoweredProgram extends Lowered {
  /** Of the program's arguments. */
  readonly arguments: readonly Spec[];
  /** Of its results. */
  readonly results: readonly Spec[];
}

/** What {@linkcode sessionProgram} needs of a graph and its lowering, and the sha256 of all of it. */
export function programOf(graph: Graph, lowered: Lowered): LoweredProgram & { digest: string } {
  const specs = (values: readonly Spec[]) => values.map(({ dtype, shape }) => ({ dtype, shape }));
  const { bytes, ...names } = lowered;
  const about = { ...names, arguments: specs(graph.inputs), results: specs(graph.outputs) };
  const digest = createHash("sha256").update(bytes).update(JSON.stringify(about)).digest("hex");
  return { bytes, ...about, digest };
}

/** What is used of a session of ONNX Runtime. */
export interface RunnableSession {
  /** Outputs by name. */
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  /** Frees the session. */
  release(): Promise<void>;
}

/** Where a provider leaves its results; one object for each, because handles belong to theirs. */
export interface ResultMemory {
  /** What its sessions take. */
  readonly dialect: Dialect;
  /** A result as it is kept and given to later runs. */
  keep(result: OrtTensor, spec: Spec): OrtTensor;
  /** A copy on the host. */
  read(kept: OrtTensor, spec: Spec): Tensor | Promise<Tensor>;
  /** Frees what is kept. */
  free(kept: OrtTensor): void;
}

/** A tensor and how many hold it: equal outputs of a program are one tensor with several handles. */
class HeldTensor {
  #holders = 0;

  constructor(readonly tensor: OrtTensor, private readonly memory: ResultMemory) {}

  hold(): this {
    this.#holders++;
    return this;
  }

  /** The last one frees the memory. */
  release(): void {
    if (--this.#holders === 0) this.memory.free(this.tensor);
  }
}

/** A result that stays where its provider left it. */
class SessionHandle extends EngineHandle<HeldTensor> {
  constructor(
    dtype: DType,
    shape: readonly number[],
    value: HeldTensor,
    readonly memory: ResultMemory,
  ) {
    super(dtype, shape, value.hold());
  }

  protected copy({ tensor }: HeldTensor): Tensor | Promise<Tensor> {
    return this.memory.read(tensor, this);
  }

  protected free(value: HeldTensor): void {
    value.release();
  }
}

/** What runs a program in a session. @param memory of the session's provider. */
export function sessionProgram(
  session: RunnableSession,
  { inputs, outputs, arguments: wanted, results: specs, nodes }: LoweredProgram,
  memory: ResultMemory,
): Pick<GraphProgram, "run" | "close" | "nodes"> {
  let closed = false;
  return {
    nodes,
    async run(args) {
      if (closed) throw new Error("the program is closed");
      const feeds: Record<string, OrtTensor> = {};
      inputs.forEach((name, i) => {
        if (name === undefined) return;
        const arg = args[i];
        if (arg instanceof SessionHandle && arg.memory === memory) {
          feeds[name] = arg.native(`argument ${i}`).tensor;
        } else if ("data" in arg) feeds[name] = toOrt(arg, memory.dialect);
        else {throw new TypeError(
            `argument ${i} (${describe(wanted[i])}) belongs to another engine`,
          );}
      });
      const results = await session.run(feeds);
      const held = new Map<string, HeldTensor>();
      return outputs.map((name, i) => {
        const { dtype, shape } = specs[i];
        let value = held.get(name);
        if (!value) {
          held.set(name, value = new HeldTensor(memory.keep(results[name], specs[i]), memory));
        }
        return new SessionHandle(dtype, shape, value, memory);
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      await session.release();
    },
  };
}
