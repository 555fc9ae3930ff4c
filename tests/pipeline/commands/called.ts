/** @file A command called in the process of the tests, as if by its task and not from a terminal. */
import process from "node:process";
import { format } from "node:util";
import { type Program, runProgram } from "../../../pipeline/program.ts";

/** What was printed, and the exit code. */
export interface Called {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end; one at a time, since what it prints is caught. */
export async function called(program: Program, args: string[]): Promise<Called> {
  const printed = { stdout: "", stderr: "" };
  const into = (name: keyof typeof printed) => (...values: unknown[]) => {
    printed[name] += `${format(...values)}\n`;
  };
  const undo = [
    replaced(console, "log", into("stdout")),
    replaced(console, "error", into("stderr")),
    replaced(process.stdout, "isTTY", false),
    replaced(process.stderr, "isTTY", false),
    replaced(Deno.stderr, "isTerminal", () => false),
  ];
  const folder = process.env.INIT_CWD;
  process.env.INIT_CWD = "";
  try {
    return { code: await runProgram(program, args), ...printed };
  } finally {
    if (folder === undefined) delete process.env.INIT_CWD;
    else process.env.INIT_CWD = folder;
    for (const one of undo) one();
  }
}

/** Another value for a while. @returns what puts the old one back */
function replaced<T extends object>(of: T, name: keyof T, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(of, name);
  Object.defineProperty(of, name, { value, configurable: true, writable: true });
  return () => {
    if (own) Object.defineProperty(of, name, own);
    else Reflect.deleteProperty(of, name);
  };
}
