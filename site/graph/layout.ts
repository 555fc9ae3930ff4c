/**
 * @file Where the stages of a graph stand in its picture: from top to bottom in the order of the work, three beside each other, so
 * that a phone shows it at its own size. Arrows pass between boxes, never behind one.
 */
import type { StageGraph } from "./stages.ts";

/** In pixels. A telephone has 350 between its margins. */
const WIDTH = 348;
const BOX = { width: 102, height: 42 };
const GAP = { across: 16, down: 32 };
const ACROSS = 3;
/** From an arrow to a box that it passes. */
const CLEAR = 4;

interface Box {
  stage: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

type Edge = Pick<StageGraph["edges"][number], "from" | "to">;

export interface Laid {
  width: number;
  height: number;
  boxes: Box[];
  /** Of arrows, from the lower edge of one box to the upper edge of another. */
  paths: { from: string; to: string; d: string }[];
}

/**
 * Arrows that follow from others are left out, and those from a stage to itself or back to an earlier one; stages without any stand
 * last.
 */
export function layOut({ nodes, edges }: Pick<StageGraph, "nodes" | "edges">): Laid {
  const order = nodes.map(({ stage }) => stage);
  const rank = new Map(order.map((stage, i) => [stage, i]));
  const shown = reduced(order, edges.filter(({ from, to }) => rank.get(from)! < rank.get(to)!));
  const rows = rowsOf(order, shown);
  const boxes = new Map<string, Box>();
  for (const [r, row] of rows.entries()) {
    // Below what it is made from, so that arrows cross little.
    const middle = (stage: string) => {
      const above = shown.filter(({ from, to }) => to === stage && boxes.has(from));
      return above.reduce((sum, { from }) => sum + boxes.get(from)!.x, 0) / (above.length || 1);
    };
    const sorted = row.toSorted((a, b) => middle(a) - middle(b) || rank.get(a)! - rank.get(b)!);
    const used = row.length * (BOX.width + GAP.across) - GAP.across;
    for (const [i, stage] of sorted.entries()) {
      const x = (WIDTH - used) / 2 + i * (BOX.width + GAP.across);
      boxes.set(stage, { stage, x, y: 2 + r * (BOX.height + GAP.down), ...BOX });
    }
  }
  const lines = rows.map((row) => row.map((stage) => boxes.get(stage)!));
  return {
    width: WIDTH,
    height: rows.length ? rows.length * (BOX.height + GAP.down) - GAP.down + 4 : 0,
    boxes: [...boxes.values()],
    paths: shown.map(({ from, to }) => ({
      ...{ from, to },
      d: wayOf(boxes.get(from)!, boxes.get(to)!, lines),
    })),
  };
}

/** Each stage after what it is made from, and what is made from nothing right before its first user. */
function rowsOf(order: string[], edges: Edge[]): string[][] {
  const layer = new Map<string, number>();
  const inputs = Map.groupBy(edges, ({ to }) => to);
  const users = Map.groupBy(edges, ({ from }) => from);
  for (const stage of order) {
    const before = (inputs.get(stage) ?? []).map(({ from }) => layer.get(from)!);
    layer.set(stage, Math.max(-1, ...before) + 1);
  }
  for (const stage of order) {
    const after = (users.get(stage) ?? []).map(({ to }) => layer.get(to)!);
    if (!inputs.has(stage) && after.length) layer.set(stage, Math.min(...after) - 1);
  }
  const linked = order.filter((stage) => inputs.has(stage) || users.has(stage));
  const layers = [...Map.groupBy(linked, (stage) => layer.get(stage)!)]
    .sort(([a], [b]) => a - b).map(([, row]) => row);
  const alone = order.filter((stage) => !linked.includes(stage));
  return [...layers, ...(alone.length ? [alone] : [])].flatMap((row) => {
    const parts = Math.ceil(row.length / ACROSS);
    return Array.from({ length: parts }, (_, p) => {
      const [from, to] = [p, p + 1].map((part) => Math.round(part * row.length / parts));
      return row.slice(from, to);
    });
  });
}

/** A curve from one box to another, straight through the gaps of the rows between them. */
function wayOf(from: Box, to: Box, lines: Box[][]): string {
  const [start, end] = [from.x + from.width / 2, to.x + to.width / 2];
  let [x, y] = [start, from.y + from.height];
  let d = `M${round(x)},${y}`;
  const bend = (toX: number, toY: number) => {
    const half = (toY - y) / 2;
    d += `C${round(x)},${y + half} ${round(toX)},${toY - half} ${round(toX)},${toY}`;
    [x, y] = [toX, toY];
  };
  const between = lines.filter(([{ y: row }]) => row > from.y && row < to.y);
  for (const [i, line] of between.entries()) {
    const straight = start + (end - start) * (i + 1) / (between.length + 1);
    bend(passage(line, straight), line[0].y);
    y += BOX.height;
    d += `V${y}`;
  }
  bend(end, to.y - 5);
  return d;
}

/** The place nearest to a wanted one that no box of a row covers. */
function passage(line: Box[], wanted: number): number {
  const covered = (x: number) =>
    line.some((box) => x > box.x - CLEAR && x < box.x + box.width + CLEAR);
  const sides = line.flatMap((box) => [box.x - CLEAR, box.x + box.width + CLEAR]);
  return [wanted, ...sides].filter((x) => !covered(x))
    .reduce((best, x) => Math.abs(x - wanted) < Math.abs(best - wanted) ? x : best);
}

const round = (x: number) => Number(x.toFixed(1));

/** The edges without which something could not be reached any more (Aho, Garey and Ullman 1972). */
function reduced(order: string[], edges: Edge[]): Edge[] {
  const below = new Map<string, Set<string>>();
  const after = Map.groupBy(edges, ({ from }) => from);
  for (const stage of order.toReversed()) {
    const next = (after.get(stage) ?? []).map(({ to }) => to);
    below.set(stage, new Set(next.flatMap((to) => [to, ...below.get(to)!])));
  }
  return edges.filter(({ from, to }) =>
    !after.get(from)!.some((other) => below.get(other.to)!.has(to))
  );
}
