/**
 * @file The way back through a loop. It is a loop again, from the last turn to the first: cotangents of the state go round, those of
 * the closure are summed, those of the sequences are stacked. Of the way forward the state before every turn is kept, and
 * what matrix products and convolutions gave, where the way back wants it; all else is computed again. With segments only the
 * state before every segment is kept (Griewank & Walther 2000, Treeverse with one level).
 */
import type { Graph, Value } from "../graph.ts";
import { bodyIn, cut, emitLoop, type Loop, stacked } from "../loop.ts";
import { sumAfterLoop } from "./delayed.ts";
import { activeCarries } from "./active.ts";
import { Ops } from "./ops.ts";
import type { Differentiate } from "./rule.ts";

/** A loop that was added to a graph, and how cotangents go back through it. */
export interface WayBack {
  /** The state after the last turn, then the stacked outputs. */
  readonly outs: readonly Value[];
  /** Cotangents of the results to those of the operands (state, sequences, closure). */
  pull(cotangents: readonly (Value | undefined)[]): (Value | undefined)[];
}

/**
 * Adds a loop to a graph, ready for its way back.
 * @param differentiate is handed in, because it is what calls this for the loops of a function.
 */
export function loopWithWayBack(
  graph: Graph,
  loop: Loop,
  operands: readonly boolean[],
  differentiate: Differentiate,
): WayBack {
  const { body, carry, sequences, closure, length, reverse = false } = loop;
  const active = activeCarries(body, carry.length, operands);
  const segments = Math.min(loop.segments ?? 1, length);
  const parts = segments === 1 ? undefined : partsOf(length, segments, reverse);
  const forward = parts ? segmented(graph, loop, parts) : kept(graph, loop);
  const { outs, saved } = forward;
  return {
    outs,
    pull(cotangents) {
      const ops = new Ops(graph);
      const back = turnBack(
        ...[loop, active, cotangents.map((ct) => ct !== undefined), differentiate] as const,
      );
      const [carries, slices, captured] = cut(active, carry.length, sequences.length);
      const [ctCarry, ctOuts] = cut(cotangents, carry.length);
      const chosen = <T>(list: readonly T[], flags: readonly boolean[]) =>
        list.filter((_, i) => flags[i]);
      const start: Going = {
        carry: chosen(carry.map((v, i) => ctCarry[i] ?? ops.zeros(v)), carries),
        sums: chosen(closure, captured).map((v) => ops.zeros(v)),
      };
      const given = {
        outs: ctOuts.filter((ct) => ct !== undefined),
        sequences,
        closure,
      };
      const { carry: ctStart, sums, slices: ctSlices } = parts
        ? backInParts(graph, loop, back, parts, start, given, saved as Value[][])
        : back(graph, start, given, saved[0], length);
      const spread = (list: readonly Value[], flags: readonly boolean[]) => {
        let at = 0;
        return flags.map((flag) => flag ? list[at++] : undefined);
      };
      return [
        ...spread(ctStart, carries),
        ...spread(ctSlices, slices),
        ...spread(sums, captured),
      ];
    },
  };
}

/** What goes round on the way back. */
interface Going {
  /** Cotangents of the state, where it is active. */
  readonly carry: readonly Value[];
  /** Cotangents of the closure so far. */
  readonly sums: readonly Value[];
}

/** What every turn back reads. */
interface Given {
  /** Cotangents of the stacked outputs that have one. */
  readonly outs: readonly Value[];
  readonly sequences: readonly Value[];
  readonly closure: readonly Value[];
}

/** `length` turns back in a graph. @param saved what {@linkcode kept} kept of each of them, stacked. */
type Back = (
  graph: Graph,
  start: Going,
  given: Given,
  saved: readonly Value[],
  length: number,
) => Going & { readonly slices: readonly Value[] };

/** Operations whose results are dearer to make again than to keep. */
const costly: ReadonlySet<string> = new Set(["dot", "contract", "conv"]);

/** What is kept of a turn beside the state before it. */
const keptResults = (body: Graph): Value[] =>
  body.live().flatMap(({ op, outs }) => (costly.has(op) ? outs : []));

/**
 * The loop, with what the way back may want of every turn among its results: the state before it, and costly results.
 * What it does not want after all is not made (see `neededResults`).
 */
function kept(graph: Graph, loop: Loop): { outs: Value[]; saved: Value[][] } {
  const { body, carry } = loop;
  const results = keptResults(body);
  const saving = bodyIn(graph, body.inputs, (g, inputs) => {
    const values = g.inline(body, inputs, [...body.outputs, ...results]);
    const [outs, costly] = cut(values, body.outputs.length);
    return [...outs, ...inputs.slice(0, carry.length), ...costly];
  });
  const made = emitLoop(graph, { ...loop, body: saving, segments: 1 });
  const [outs, saved] = cut(made, body.outputs.length);
  return { outs, saved: [saved] };
}

function turnBack(
  { body, carry, sequences, reverse = false }: Loop,
  active: readonly boolean[],
  hasCotangent: readonly boolean[],
  differentiate: Differentiate,
): Back {
  const [carries, slices] = cut(active, carry.length, sequences.length);
  const by = active.flatMap((flag, i) => flag ? [i] : []);
  const outputs = body.outputs.slice(carry.length);
  return (graph, start, given, saved, length) => {
    const turn = graph.sibling();
    turn.line = graph.line;
    const inputsLike = (values: readonly Value[]) =>
      values.map((v) => turn.input(v.shape, v.dtype));
    const [states, inputs, closure] = cut(body.inputs, carry.length, sequences.length);
    const ctState = inputsLike(states.filter((_, i) => carries[i]));
    const ctOuts = inputsLike(outputs.filter((_, i) => hasCotangent[carry.length + i]));
    const costly = keptResults(body);
    const [x, state, again, p] = [inputs, states, costly, closure].map(inputsLike);
    const cts = [...ctState, ...ctOuts];
    const receives = [...carries, ...hasCotangent.slice(carry.length)];
    const { gradients } = differentiate(turn, body, [...state, ...x, ...p], {
      by,
      cotangents: () => receives.map((flag) => flag ? cts.shift() : undefined),
      known: new Map(costly.map((v, i) => [v, again[i]])),
    });
    const [before, ctX, added] = cut(gradients, ctState.length, slices.filter(Boolean).length);

    // What the closure gets is summed in the loop, or after it from stacked factors.
    const stacks = [...given.outs, ...given.sequences, ...saved];
    const entering = [...ctOuts, ...x, ...state, ...again];
    const stackOf = new Map(entering.map((v, i) => [v, stacks[i]]));
    const free = new Set([...entering, ...ctX]);
    const later = added.map((v) => sumAfterLoop(turn, v, free));
    const inLoop = <T>(list: readonly T[]) => list.filter((_, i) => !later[i]);
    const sums = inputsLike(inLoop(added));
    const ops = new Ops(turn);
    const factors = [...new Set(later.flatMap((sum) => sum?.factors ?? []))]
      .filter((v) => !stackOf.has(v));
    turn.outputs = [
      ...before,
      ...sums.map((sum, i) => ops.add(sum, inLoop(added)[i])),
      ...ctX,
      ...factors.filter((v) => !ctX.includes(v)),
    ];
    turn.inputs.splice(0, Infinity, ...ctState, ...sums, ...entering, ...p);
    const results = emitLoop(graph, {
      body: turn,
      carry: [...start.carry, ...inLoop(start.sums)],
      sequences: stacks,
      closure: given.closure,
      length,
      reverse: !reverse,
    });
    const [after, summed, ct] = cut(results, ctState.length, sums.length, ctX.length);
    turn.outputs.slice(ctState.length + sums.length).forEach((v, i) =>
      stackOf.set(v, results[ctState.length + sums.length + i])
    );
    const around = new Ops(graph);
    return {
      carry: after,
      sums: start.sums.map((before, i) => {
        const sum = later[i]?.build(around, (v) => stackOf.get(v)!);
        return sum ? around.add(before, sum) : summed.shift()!;
      }),
      slices: ct,
    };
  };
}

/** Neighbouring segments of one size, at a place of the sequences. */
interface Part {
  readonly from: number;
  readonly segments: number;
  /** Turns of each. */
  readonly length: number;
}

/** Segments as equal as can be, in the order in which the loop comes to them. */
function partsOf(length: number, segments: number, reverse: boolean): Part[] {
  const short = Math.floor(length / segments);
  const longer = length % segments;
  const parts = [
    { from: 0, segments: longer, length: short + 1 },
    { from: longer * (short + 1), segments: segments - longer, length: short },
  ].filter((part) => part.segments > 0);
  return reverse ? parts.toReversed() : parts;
}

/** The part of a sequence [T, ...] as [segments, length, ...]. */
function cutPart(graph: Graph, v: Value, { from, segments, length }: Part): Value {
  const ops = new Ops(graph);
  const slice = ops.slice(v, 0, from, from + segments * length);
  return ops.reshape(slice, [segments, length, ...v.shape.slice(1)]);
}

/** The inverse of {@linkcode cutPart}: all parts of a sequence in the order of the sequence. */
function joinParts(graph: Graph, parts: readonly Part[], values: readonly Value[]): Value {
  const ops = new Ops(graph);
  const order = [...parts.keys()].sort((a, b) => parts[a].from - parts[b].from);
  const flat = order.map((i) => {
    const { segments, length } = parts[i];
    return ops.reshape(values[i], [segments * length, ...values[i].shape.slice(2)]);
  });
  return ops.concatenate(flat, 0);
}

/** The loop in segments, with the state before each of them. */
function segmented(
  graph: Graph,
  loop: Loop,
  parts: readonly Part[],
): { outs: Value[]; saved: Value[][] } {
  const { body, sequences, closure, reverse } = loop;
  const [states, slices, captured] = cut(body.inputs, loop.carry.length, sequences.length);
  let carry: readonly Value[] = loop.carry;
  const saved: Value[][] = [];
  const stacks: Value[][] = [];
  for (const part of parts) {
    const specs = [...states, ...slices.map((s) => stacked(s, part.length)), ...captured];
    const segment = bodyIn(graph, specs, (g, inputs) => {
      const [state, x, p] = cut(inputs, states.length, slices.length);
      const inner = { body, carry: state, sequences: x, closure: p, length: part.length, reverse };
      return [...emitLoop(g, inner), ...state];
    });
    const results = emitLoop(graph, {
      body: segment,
      carry,
      sequences: sequences.map((v) => cutPart(graph, v, part)),
      closure,
      length: part.segments,
      reverse,
    });
    const [after, outs, before] = cut(results, carry.length, body.outputs.length - carry.length);
    carry = after;
    stacks.push(outs);
    saved.push(before);
  }
  const outs = stacks[0].map((_, i) => joinParts(graph, parts, stacks.map((outs) => outs[i])));
  return { outs: [...carry, ...outs], saved };
}

/** Segment by segment back: each runs forward again from the state before it, for the states before its turns. */
function backInParts(
  graph: Graph,
  loop: Loop,
  back: Back,
  parts: readonly Part[],
  start: Going,
  given: Given,
  saved: readonly Value[][],
): ReturnType<Back> {
  const { body, reverse = false } = loop;
  const [states, , captured] = cut(body.inputs, loop.carry.length, loop.sequences.length);
  let going = start;
  const stacks: Value[][] = [];
  for (const p of [...parts.keys()].toReversed()) {
    const part = parts[p];
    const sequences = [...given.outs, ...given.sequences].map((v) => cutPart(graph, v, part));
    const counts = [
      going.carry.length,
      going.sums.length,
      given.outs.length,
      given.sequences.length,
    ];
    const specs = [
      ...going.carry,
      ...going.sums,
      ...sequences.map(({ shape: [, ...shape], dtype }) => ({ shape, dtype })),
      ...states,
      ...captured,
    ];
    const segment = bodyIn(graph, specs, (g, inputs) => {
      const [carry, sums, outs, x, state, closure] = cut(inputs, ...counts, states.length);
      const inner = { body, carry: state, sequences: x, closure, length: part.length, reverse };
      const again = kept(g, inner).saved[0];
      const given = { outs, sequences: x, closure };
      const done = back(g, { carry, sums }, given, again, part.length);
      return [...done.carry, ...done.sums, ...done.slices];
    });
    const results = emitLoop(graph, {
      body: segment,
      carry: [...going.carry, ...going.sums],
      sequences: [...sequences, ...saved[p]],
      closure: given.closure,
      length: part.segments,
      reverse: !reverse,
    });
    const [carry, sums, slices] = cut(results, going.carry.length, going.sums.length);
    going = { carry, sums };
    stacks[p] = slices;
  }
  const slices = stacks[0].map((_, i) => joinParts(graph, parts, stacks.map((s) => s[i])));
  return { ...going, slices };
}
