/** @file Stage that scores one method of a field on files as they were published: see lib/domains/domain.ts. */
import { z } from "zod";
import type { Domain } from "../../lib/domains/domain.ts";
import { type Part, partSchema } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  /** A folder of lib/domains, and the method. */
  domain: Part;
}

export function params() {
  return z.strictObject({ domain: partSchema("a folder in lib/domains") });
}

export function modules({ domain: { name } }: Params) {
  return { domain: { path: `lib/domains/${name}/${name}.ts`, exports: ["domain"] } };
}

/** Inputs: downloads, by the paths of their files. Leaves `scores.json` with scores and parts, and the scores as scalars. */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const files = new Map<string, Uint8Array>();
  for (const [path, input] of Object.entries(ctx.inputs)) {
    files.set(path, await input.bytes("data"));
  }
  ctx.progress(0, 1);
  const domain: Domain = ctx.modules.domain.domain;
  const { scores, parts } = domain.assess(files, ctx.params.domain.options);
  ctx.progress(1, 1);
  return { files: { "scores.json": { json: { scores, parts } } }, scalars: { ...scores } };
}
