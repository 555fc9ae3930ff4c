/** @file The options of a model or layer, checked by its schema. */

/** A zod schema, as far as it is needed here: checks unknown options and fills their defaults. */
export interface OptionsSchema<Options> {
  /** Never throws: what is wrong with the options is listed. */
  safeParse(options: unknown, how: { reportInput: true }):
    | { success: true; data: Options }
    | { success: false; error: { issues: readonly OptionIssue[] } };
}

/** A zod schema of one option, as far as its type is needed: what it gives, the default where nothing is given. */
export interface OptionSchema<Option> {
  /** Zod's own; `output` is only a type. */
  readonly _zod: { readonly output: Option };
}

/** One thing that is wrong with options. */
export interface OptionIssue {
  /** Names and indices that lead to the option; [] for the options as a whole. */
  readonly path: readonly PropertyKey[];
  /** The value that was given. */
  readonly input?: unknown;
  /** What is allowed. */
  readonly message: string;
}

/**
 * The options with their defaults filled in.
 * @param name of what they are options of, for messages.
 * @throws {Error} naming every wrong option, its value and what is allowed.
 */
export function readOptions<Options>(
  name: string,
  schema: OptionsSchema<Options>,
  options: unknown,
): Options {
  const parsed = schema.safeParse(options, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, input, message }) => {
    const value = typeof input === "number" ? input : JSON.stringify(input);
    return path.length > 0 ? `${path.join(".")} = ${value}: ${message}` : message;
  });
  throw new Error(`${name} options: ${problems.join("; ")}`);
}
