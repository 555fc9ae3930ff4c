/** @file Tries inputs of one target, and says which one before it does: whoever listens ends what does not come back. */
import fc from "fast-check";
import type { Target } from "./target.ts";

/** What is to be tried. */
export interface Order {
  name: string;
  /** URL of the module that exports `targets`. */
  module: string;
  seed: number;
  /** At most so many inputs … */
  runs: number;
  /** … in at most so many milliseconds. */
  ms: number;
}

/** What a worker says. */
export type Answer =
  | { kind: "trying"; input: string }
  | { kind: "done"; runs: number; failure?: Failure };

/** The smallest input that fails, and why. */
export interface Failure {
  input: string;
  error: string;
}

interface Scope {
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage(message: Answer): void;
}

const scope = self as unknown as Scope;

scope.onmessage = async ({ data: { name, module, seed, runs, ms } }) => {
  const { targets }: { targets: readonly Target[] } = await import(module);
  const found = targets.find((target) => target.name === name)!;
  const tries = fc.property(found.input, (input) => {
    scope.postMessage({ kind: "trying", input: found.show(input) });
    found.check(input);
  });
  const result = fc.check(tries, {
    seed,
    numRuns: runs,
    interruptAfterTimeLimit: ms,
    markInterruptAsFailure: false,
  });
  const { failed, counterexample, errorInstance, numRuns } = result;
  const error = errorInstance as Error | undefined;
  scope.postMessage({
    kind: "done",
    runs: numRuns,
    ...(failed && counterexample
      ? {
        failure: {
          input: found.show(counterexample[0]),
          error: error?.stack ?? String(errorInstance),
        },
      }
      : {}),
  });
};
