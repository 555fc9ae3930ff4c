/** @file The parameters of a job by the schema of its stage. */
import type { ZodType } from "zod";
import type { StagePart } from "./stage.ts";

/**
 * Fills in the defaults.
 * @param where leads the message
 * @throws {Error} for up to five wrong parameters, each with its value and what is allowed
 */
export function parseParams(stage: StagePart, raw: object, where: () => string): unknown {
  const schema = stage.schema as ZodType;
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const lines = result.error.issues.slice(0, 5).map((issue) => {
    const path = issue.path.map(String);
    const at = path.length ? path.join(".") : "(parameters)";
    const found = path.reduce<unknown>(
      (v, key) => (v as Record<string, unknown> | null | undefined)?.[key],
      raw,
    );
    const value = issue.path.length ? ` is ${JSON.stringify(found) ?? "missing"}` : "";
    return `  ${at}${value}: ${issue.message}`;
  });
  throw new Error(
    `${where()}: wrong parameters for stage ${stage.name} (${stage.path}):\n${lines.join("\n")}`,
  );
}
