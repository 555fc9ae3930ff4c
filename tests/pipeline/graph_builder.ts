/** @file Graphs of three small stages, for tests. */
import { z } from "zod";
import { Graph, type GraphBuilder, type JobRef } from "../../pipeline/graph.ts";
import { Overrides } from "../../pipeline/overrides.ts";
import type { StagePart } from "../../pipeline/stage.ts";
import { profileOf } from "../../pipeline/profiles.ts";

export const part = (name: string, schema: z.ZodType): StagePart => ({
  name,
  path: `pipeline/stages/${name}.ts`,
  schema,
  usesEngine: false,
  permissions: {},
});

export const STAGES = {
  train: part(
    "train",
    z.strictObject({
      lr: z.number().positive().default(0.1),
      optimizer: z.strictObject({ beta: z.number().default(0.9) }).prefault({}),
    }),
  ),
  table: part("table", z.strictObject({})),
  loose: part("loose", z.object({ a: z.number().default(1) })),
};

export function build(grid: (g: GraphBuilder) => JobRef, set: string[] = [], id = "e") {
  const overrides = new Overrides(set);
  const graph = new Graph("/tmp", STAGES, overrides);
  graph.add(id, grid, profileOf("smoke"));
  overrides.checkAllUsed(Object.keys(STAGES));
  return graph;
}
