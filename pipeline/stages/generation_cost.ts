/**
 * @file Stage that measures what a token of generation costs by the number of layers: several kinds of models of several depths, one
 * after the other in every round, so that whatever the machine does besides happens to all of them.
 */
import { z } from "zod";
import { growthExponent } from "../../lib/analysis/growth_exponent.ts";
import type { Arrays, JaxArray } from "../../lib/engine/arrays.ts";
import type { Handle, Program, Tensor, Tree } from "../../lib/engine/types.ts";
import type { SequenceLayer } from "../../lib/layers/sequence/sequence_layer.ts";
import { asSequenceModel, type Context, type ModelModule } from "../../lib/models/model.ts";
import { tensor } from "../../lib/tensor/tensor.ts";
import { leavesOf } from "../../lib/tensor/trees.ts";
import { disposeTree, freshParameters } from "../../lib/train/host.ts";
import { type Part, partSchema } from "../parts.ts";
import type { ModuleRef, StageContext, StageResult } from "../stage.ts";

/** A model of so many layers. */
interface Depth {
  depth: number;
  model: Part;
  layers: Part[];
}

/** One kind of model, by depth. */
interface Kind {
  id: string;
  depths: Depth[];
}

export interface Params {
  vocabulary: number;
  /** Tokens that the state has room for. */
  context: number;
  kinds: Kind[];
  /** Of every model, after a first one that does not count; the median counts. */
  rounds: number;
  /** Tokens of a round, one after the other. */
  tokens: number;
  /** Which of several measurements; each is a process of its own. */
  repetition: number;
}

export const usesEngine = true;
/** Nothing runs beside it, or seconds would not be those of the models. */
export const alone = true;
/** Not those of a training. */
export const own = ["vocabulary", "context", "kinds", "rounds", "tokens", "repetition"];

export function params() {
  const count = () => z.number().int().min(1);
  return z.strictObject({
    vocabulary: count(),
    context: count(),
    kinds: z.array(z.strictObject({
      id: z.string().min(1),
      depths: z.array(z.strictObject({
        depth: count(),
        model: partSchema("a file in lib/models"),
        layers: z.array(partSchema("a file in lib/layers/sequence")).default([]),
      })).min(2),
    })).min(1),
    rounds: count().default(15),
    tokens: count().default(8),
    repetition: z.number().int().nonnegative().default(0),
  });
}

export function modules({ kinds }: Params): Record<string, ModuleRef> {
  const named = kinds.flatMap(({ depths }) => depths).flatMap(
    ({ model, layers }): [string, ModuleRef][] => [
      [`model ${model.name}`, { path: `lib/models/${model.name}.ts`, exports: ["model"] }],
      ...layers.map(({ name }): [string, ModuleRef] => [
        `layer ${name}`,
        { path: `lib/layers/sequence/${name}.ts`, exports: ["layer"] },
      ]),
    ],
  );
  return Object.fromEntries(named);
}

/**
 * For every kind and depth L leaves the scalar `parameters of ID at L`, and observes `seconds of ID at L`, of one token: the median over
 * rounds. For every kind it observes `slope of ID`, of log seconds over log depth by least squares, `exponent of ID`, by which seconds
 * grow beyond what no layer costs (growth_exponent.ts), `open exponent of ID`, 1.5 minus that, and `minus log growth of ID`, the log of
 * the shallowest model's seconds over the deepest's.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { kinds, rounds, tokens } = ctx.params;
  const generators: (Generator & { seconds: number[] })[][] = [];
  const scalars: Record<string, number> = {};
  try {
    for (const { id, depths } of kinds) {
      generators.push([]);
      for (const depth of depths) {
        const made = await generatorOf(ctx, depth);
        generators.at(-1)!.push({ ...made, seconds: [] });
        scalars[`parameters of ${id} at ${depth.depth}`] = made.parameters;
      }
    }
    const all = generators.flat();
    for (let round = 0; round <= rounds; round++) {
      for (const generator of all) {
        const started = performance.now();
        await generator.run(tokens);
        if (round > 0) generator.seconds.push((performance.now() - started) / 1000 / tokens);
      }
      ctx.progress(round, rounds);
    }
  } finally {
    for (const { close } of generators.flat()) await close();
  }
  kinds.forEach(({ id, depths }, k) => {
    const points = depths.map(({ depth }, i): [number, number] => {
      const sorted = generators[k][i].seconds.sort((a, b) => a - b);
      return [depth, sorted[(rounds - 1) >> 1]];
    });
    for (const [depth, seconds] of points) ctx.observe(`seconds of ${id} at ${depth}`, seconds);
    const { exponent, slope } = growthExponent(points);
    ctx.observe(`slope of ${id}`, slope);
    ctx.observe(`exponent of ${id}`, exponent);
    ctx.observe(`open exponent of ${id}`, 1.5 - exponent);
    ctx.observe(`minus log growth of ${id}`, Math.log(points[0][1] / points.at(-1)![1]));
  });
  return { files: {}, scalars };
}

interface Generator {
  parameters: number;
  /** So many tokens, one after the other, from the first one on. */
  run(tokens: number): Promise<void>;
  close(): Promise<void>;
}

async function generatorOf(
  { params: { vocabulary, context, repetition }, modules, compile }: StageContext<Params>,
  { model: { name, options }, layers }: Depth,
): Promise<Generator> {
  const of: Context = {
    signature: { kind: "tokens", vocabulary, classes: vocabulary },
    layers: layers.map(({ name, options }) => ({
      ...{ name, options },
      layer: modules[`layer ${name}`].layer as SequenceLayer,
    })),
  };
  const model = asSequenceModel(
    (modules[`model ${name}`].model as ModelModule).configure(options, of),
  );
  const params = await freshParameters(model, repetition);
  const start = model.initialState(1, context);
  const observed = tensor(1);
  const symbol = (t: number) => tensor([t % vocabulary], [1, 1], "int32");
  const program: Program = await compile(
    (params: Arrays, state: Arrays, x: JaxArray, observed: JaxArray) => {
      const [next, logits] = model.step(params, state, x, observed);
      return { next, logits };
    },
    [params, start, symbol(0), observed],
  );
  return {
    parameters: leavesOf(params).reduce((sum, { data }) => sum + data.length, 0),
    async run(tokens) {
      let state: Tree<Tensor | Handle> = start;
      for (let t = 0; t < tokens; t++) {
        const { next, logits } = await program.run(params, state, symbol(t), observed);
        // Who generates needs the logits before the next token.
        await (logits as Handle).read();
        (logits as Handle).dispose();
        disposeTree(state);
        state = next;
      }
      disposeTree(state);
    },
    close: () => program.close(),
  };
}
