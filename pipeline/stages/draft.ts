/**
 * @file Stage that lets a model of language write with a linear mixer as its drafter: how many calls that saves, how much time, and
 * whether the text is the one that the model writes alone. And how long the mixer itself goes on as if it were fed tokens when it
 * is fed its logits.
 */
import { z } from "zod";
import { collapse, type CollapsedMixer, logitsAfter } from "../../lib/models/collapsed_mixer.ts";
import type { ModelModule } from "../../lib/models/model.ts";
import { asTokenMixer } from "../../lib/models/token_mixer.ts";
import { fold, keyOf } from "../../lib/random/random.ts";
import type { LanguageTask } from "../../lib/tasks/language/language.ts";
import { tensor } from "../../lib/tensor/tensor.ts";
import { unflatten } from "../../lib/tensor/trees.ts";
import {
  type Drafted,
  drafted,
  drawnWith,
  likeliest,
  type Logits,
} from "../../lib/text/drafted.ts";
import { fedBack } from "../../lib/text/fed_back.ts";
import { freshParameters } from "../../lib/train/host.ts";
import { runnerOf } from "../../lib/train/runner.ts";
import {
  modelOf,
  type Part,
  partModules,
  type Parts,
  partSchema,
  partsFields,
  taskOf,
} from "../parts.ts";
import type { ArtifactReader, StageContext, StageResult } from "../stage.ts";

export interface Params extends Parts {
  /** A linear mixer. */
  drafter: Part;
  /** Which of the models that were trained together, of both. */
  index: number;
  /** Proposed tokens of a call, each tried; 0, the model alone, comes first anyway. */
  ahead: number[];
  /** Texts, and tokens of each that are given. */
  prompts: number;
  given: number;
  /** Of what is drawn. */
  draw: number;
}

export const usesEngine = true;
/** Nothing runs beside it, or seconds would not be those of the models. */
export const alone = true;
/** Not those of a training. */
export const own = ["drafter", "ahead", "prompts", "given", "draw"];

export function params() {
  const count = () => z.number().int().min(1);
  return z.strictObject({
    ...partsFields(),
    drafter: partSchema("a file in lib/models"),
    index: z.number().int().nonnegative().default(0),
    ahead: z.array(count()).min(1),
    prompts: count().default(32),
    given: count().default(8),
    draw: z.number().int().nonnegative().default(0),
  });
}

export function modules(params: Params) {
  const path = `lib/models/${params.drafter.name}.ts`;
  return { ...partModules(params), drafter: { path, exports: ["model"] } };
}

/** How a text goes on. */
const ways = ["greedy", "drawn"] as const;

/**
 * Inputs: `model` and `drafter` (of train), and `data` (of tokenize). Texts are held-out tokens that are gone on from until a
 * sequence is full. For WAY greedy and drawn, and each number G of tokens ahead, leaves the scalars `tokens a call, WAY, G`,
 * `accepted, WAY, G` (share of the proposed tokens that were judged) and `different, WAY, G` (tokens that are not those of the model
 * alone), and observes `seconds a token, WAY, G`, of the model alone with G = 0, and `log speed, WAY, G` against it. Of the drafter alone
 * leaves `agreement at K` and `agreement at K, as they are`: the share of texts whose token K is the same whether the greedy choice is
 * fed back, or the logits, scaled to the length of a token or not.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { index, ahead, prompts: count, given, draw } = ctx.params;
  const { task, data } = await taskOf(ctx, ctx.inputs.data);
  if (!("scored" in task)) {
    throw new Error(`draft: the task ${ctx.params.task.name} has no text; choose language`);
  }
  const { length, vocabulary, scored } = task as LanguageTask;
  const model = modelOf(ctx, task);
  const mixer = await drafterOf(ctx, index);
  const saved = await ctx.inputs.model.tensors(`model-${index}.safetensors`);
  const params = unflatten(await freshParameters(model, 0), saved);
  const { x } = scored(data, { part: "test" });
  const prompts = promptsOf(x.data, x.shape[0], length, count, given);
  const scalars: Record<string, number> = {};
  const runner = runnerOf(model, params, { compile: ctx.compile, batch: 1 });
  try {
    const after = async (tokens: readonly number[]): Promise<Logits[]> => {
      const x = tensor(0, [1, length], "int32");
      x.data.set(tokens);
      const { data } = await runner.apply(x);
      return tokens.map((_, t) => data.subarray(t * vocabulary, (t + 1) * vocabulary));
    };
    await after(prompts[0]); // compiles
    let done = 0;
    for (const way of ways) {
      const texts = async (ahead: number) => {
        const all: Drafted[] = [];
        const started = performance.now();
        for (const [i, prompt] of prompts.entries()) {
          const choose = way === "greedy" ? likeliest : drawnWith(fold(keyOf(draw), i));
          const drafter = (tokens: readonly number[]) => logitsAfter(mixer, tokens);
          all.push(await drafted({ model: after, drafter, choose, ahead }, prompt, length));
        }
        const written = count * (length - given);
        return { all, seconds: (performance.now() - started) / 1000 / written };
      };
      const plain = await texts(0);
      ctx.observe(`seconds a token, ${way}, 0`, plain.seconds);
      for (const most of ahead) {
        const { all, seconds } = await texts(most);
        const total = (of: (one: Drafted) => number) => all.reduce((sum, one) => sum + of(one), 0);
        const name = `${way}, ${most}`;
        scalars[`tokens a call, ${name}`] = count * (length - given) / total(({ calls }) => calls);
        scalars[`accepted, ${name}`] = total(({ accepted }) => accepted) /
          total(({ judged }) => judged);
        scalars[`different, ${name}`] = all.reduce(
          (sum, { tokens }, i) =>
            sum + tokens.filter((token, t) => token !== plain.all[i].tokens[t]).length,
          0,
        );
        ctx.observe(`seconds a token, ${name}`, seconds);
        ctx.observe(`log speed, ${name}`, Math.log(plain.seconds / seconds));
        ctx.progress(++done, ways.length * ahead.length);
      }
    }
  } finally {
    await runner.close();
  }
  return { files: {}, scalars: { ...scalars, ...agreements(mixer, prompts) } };
}

async function drafterOf(
  { params: { drafter }, modules, inputs }: StageContext<Params>,
  index: number,
): Promise<CollapsedMixer> {
  const saved: ArtifactReader = inputs.drafter;
  const tensors = await saved.tensors(`model-${index}.safetensors`);
  const [vocabulary] = tensors.embed.shape;
  const signature = { kind: "tokens", vocabulary, classes: vocabulary } as const;
  const module: ModelModule = modules.drafter.model;
  const mixer = asTokenMixer(module.configure(drafter.options, { signature, layers: [] }));
  return collapse(mixer, unflatten(await freshParameters(mixer, 0), tensors));
}

/** The starts of sequences, evenly over the text. */
function promptsOf(
  symbols: ArrayLike<number>,
  sequences: number,
  length: number,
  count: number,
  given: number,
): number[][] {
  if (sequences < count || given >= length) {
    throw new RangeError(
      `draft: ${count} prompts of ${given} tokens, but there are ${sequences} sequences of ${length}; ask for fewer`,
    );
  }
  return Array.from({ length: count }, (_, i) => {
    const at = Math.floor(i * sequences / count) * length;
    return Array.from({ length: given }, (_, k) => symbols[at + k]);
  });
}

/** Steps at which feeding logits back is compared with feeding tokens back. */
const steps = [1, 2, 4, 8, 16];

function agreements(mixer: CollapsedMixer, prompts: readonly number[][]) {
  const [{ length: given }] = prompts;
  const reached = steps.filter((step) => given + step - 1 <= mixer.length);
  const most = reached.at(-1)!;
  const norms = prompts.map((prompt) => Math.hypot(...logitsAfter(mixer, prompt)));
  const typical = norms.reduce((sum, norm) => sum + norm, 0) / norms.length;
  const scales = { "": 1 / typical, ", as they are": 1 };
  const greedy = prompts.map((prompt) => {
    const text = [...prompt];
    for (let k = 0; k < most; k++) text.push(likeliest(logitsAfter(mixer, text)));
    return text.slice(given);
  });
  return Object.fromEntries(
    Object.entries(scales).flatMap(([name, scale]) => {
      const fed = prompts.map((prompt) => fedBack(mixer, prompt, most, scale).map(likeliest));
      return reached.map((step) => {
        const same = greedy.filter((text, i) => text[step - 1] === fed[i][step - 1]);
        return [`agreement at ${step}${name}`, same.length / prompts.length];
      });
    }),
  );
}
