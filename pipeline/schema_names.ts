/** @file The names that a zod schema allows at a place, for messages and for what `--set` may add. */
import type { ZodType } from "zod";

/** What is looked at of a schema's definition; see zod's `core.$ZodTypeDef`. */
interface Definition {
  type: string;
  shape?: Record<string, ZodType>;
  catchall?: ZodType;
  innerType?: ZodType;
  element?: ZodType;
  in?: ZodType;
}

/**
 * @param path names and indices from the top
 * @returns the names, "any" where every name is allowed, undefined where the schema does not say
 */
export function namesAt(
  schema: ZodType,
  path: readonly string[],
): readonly string[] | "any" | undefined {
  const definition = definitionOf(schema);
  if (!definition) return undefined;
  const { type, shape, catchall, element } = definition;
  if (type === "record" || type === "unknown" || type === "any") return "any";
  const [name, ...rest] = path;
  if (type === "array" && element) {
    if (name === undefined) return undefined;
    return /^\d+$/.test(name) ? namesAt(element, rest) : [];
  }
  if (type !== "object" || !shape) return undefined;
  const open = catchall !== undefined && definitionOf(catchall)?.type !== "never";
  if (name === undefined) return open ? "any" : Object.keys(shape);
  if (Object.hasOwn(shape, name)) return namesAt(shape[name], rest);
  return open ? "any" : [];
}

/** Of what is inside of defaults, optional values and the like. */
function definitionOf(schema: ZodType): Definition | undefined {
  let definition = (schema as { def?: unknown }).def as Definition | undefined;
  for (let inner; (inner = definition?.innerType ?? definition?.in);) {
    definition = (inner as { def?: unknown }).def as Definition | undefined;
  }
  return definition;
}
