/** @file What `--help` of a command of pipeline/cli.ts prints, and what somebody meant who wrote a word where none is taken. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { editDistance, nearestFirst } from "../../lib/nearest.ts";
import { PROFILES } from "../profiles.ts";
import { wrapped } from "../program.ts";
import { COMMANDS, type OptionName, OPTIONS, taskOf } from "./commands.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export function helpFor(command: string, root = ROOT): string {
  const { options, help, words, optional, examples } = COMMANDS[command];
  const task = taskOf(command);
  const lines = options.filter((name) => name !== "root").map((name) => {
    const { type, help } = OPTIONS[name];
    return `  --${`${name}${type === "string" ? " VALUE" : ""}`.padEnd(18)} ${help}`;
  });
  const ids = options.includes("only") ? experimentIds(root) : [];
  return [
    `${task}${words ? optional ? ` [${words}]` : ` ${words}` : ""} [options]: ${help}`,
    ...lines,
    `  --${"help, --version".padEnd(18)} print this, or the version`,
    ...(ids.length
      ? ["", "experiments (--only), as far as the profile has them:", wrapped(ids)]
      : []),
    ...(examples ? ["", "examples:", ...examples.map((example) => `  ${task} ${example}`)] : []),
  ].join("\n");
}

/** The ids of all experiments, read from their sources: to load them takes longer than help should. */
export function experimentIds(root: string): string[] {
  const read = (path: string) =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "";
  const index = read("pipeline/experiments/index.ts");
  return [...index.matchAll(/"(pipeline\/experiments\/[^"]+\.ts)"/g)]
    .flatMap(([, path]) =>
      /export const meta\b[^=]*=\s*\{\s*id: "([a-z][a-z0-9-]*)"/.exec(read(path))?.[1] ?? []
    );
}

/** The message about a word that a command does not take. */
export function whatWasMeant(
  task: string,
  word: string,
  options: readonly OptionName[],
  root: string,
): string {
  const called = (command: string) => `${taskOf(command)} is a command of its own`;
  const meanings: [words: readonly string[], say: (word: string) => string][] = [
    [
      options.includes("profile") ? PROFILES : [],
      (name) => `profiles are chosen by --profile ${name}`,
    ],
    [
      options.includes("only") ? experimentIds(root) : [],
      (id) => `experiments are chosen by --only ${id}`,
    ],
    [Object.keys(COMMANDS), called],
    [options, (name) => `options begin with dashes: --${name}`],
  ];
  const all = meanings.flatMap(([words]) => words);
  const [nearest] = nearestFirst(word, all);
  const far = editDistance(word, nearest) > Math.max(1, Math.min(word.length, nearest.length) / 3);
  if (far) return `${task} takes no argument "${word}", only options.`;
  const [, say] = meanings.find(([words]) => words.includes(nearest))!;
  return `${task} takes no argument "${word}"; ${say(nearest)}.`;
}
