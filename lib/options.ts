/** @file The options of a model or layer, checked by its schema. */
import type { z } from "zod";

/**
 * The options with their defaults filled in.
 * @param name of what they are options of, for messages.
 * @throws {Error} naming every wrong option, its value and what is allowed.
 */
export function readOptions<S extends z.ZodType>(
  name: string,
  schema: S,
  options: unknown,
): z.output<S> {
  const parsed = schema.safeParse(options, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, input, message }) => {
    const value = typeof input === "number" ? input : JSON.stringify(input);
    return path.length > 0 ? `${path.join(".")} = ${value}: ${message}` : message;
  });
  throw new Error(`${name} options: ${problems.join("; ")}`);
}
