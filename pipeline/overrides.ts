/**
 * @file `--set stage.parameter=value`: one parameter of every job of a stage, from the command line.
 */
import type { ZodType } from "zod";
import type { StagePart } from "./stage.ts";

interface Override {
  text: string;
  stage: string;
  path: string[];
  value: unknown;
  used: boolean;
}

export class Overrides {
  #list: Override[];

  /**
   * @param assignments as given: "train.optimizer.lr=0.01"; values are JSON, else plain text
   * @throws {Error} for an assignment without stage, path or value
   */
  constructor(assignments: string[] = []) {
    this.#list = assignments.map((text) => {
      const match = /^([\w-]+)\.([^=]+)=(.*)$/s.exec(text);
      if (!match) {
        throw new Error(
          `--set ${text}: expected stage.parameter=value, for example --set train.steps=200.`,
        );
      }
      return {
        text,
        stage: match[1],
        path: match[2].split("."),
        value: parseValue(match[3]),
        used: false,
      };
    });
  }

  get empty(): boolean {
    return this.#list.length === 0;
  }

  /** The parameters with the overrides of this stage, still to be validated. */
  apply(stage: StagePart, raw: object): object {
    const mine = this.#list.filter((o) => o.stage === stage.name);
    if (!mine.length) return raw;
    const params = structuredClone(raw);
    const without = (stage.schema as ZodType).safeParse(raw);
    for (const override of mine) {
      // Part of something that this job does without, such as rollouts: to set it would make the job another one.
      const whole = override.path.slice(0, -1);
      if (without.success && !has(without.data, whole)) continue;
      assign(params as Record<string, unknown>, override);
      const parsed = (stage.schema as ZodType).safeParse(params);
      // A schema that is not strict drops names it does not know: that must not pass for success.
      if (parsed.success && !has(parsed.data, override.path)) {
        throw new Error(
          `--set ${override.text}: stage ${stage.name} has no parameter ` +
            `"${override.path.join(".")}"; see params in ${stage.path}.`,
        );
      }
      override.used = true;
    }
    return params;
  }

  /** @throws {Error} when an override met no job */
  checkAllUsed(stages: string[]): void {
    for (const { text, stage, path, used } of this.#list) {
      if (used) continue;
      const whole = path.length > 1 ? ` with "${path.slice(0, -1).join(".")}"` : "";
      throw new Error(
        stages.includes(stage)
          ? `--set ${text}: the graph has no job of stage "${stage}"${whole}.`
          : `--set ${text}: no stage "${stage}"; the stages are ${stages.join(", ")}.`,
      );
    }
  }
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function assign(params: Record<string, unknown>, { path, value, text }: Override): void {
  let at = params;
  for (const [i, name] of path.slice(0, -1).entries()) {
    at[name] ??= {};
    if (typeof at[name] !== "object") {
      throw new Error(
        `--set ${text}: ${path.slice(0, i + 1).join(".")} is ${JSON.stringify(at[name])}, ` +
          `which has no parts.`,
      );
    }
    at = at[name] as Record<string, unknown>;
  }
  at[path.at(-1)!] = value;
}

function has(value: unknown, path: string[]): boolean {
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return false;
    value = (value as Record<string, unknown>)[name];
  }
  return true;
}
