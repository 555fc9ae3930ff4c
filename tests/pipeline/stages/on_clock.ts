/** @file Runs a stage that measures seconds on a clock that the test moves. */
import { compile as ort } from "../../../lib/engine/engines/ort.ts";
import type { Compile } from "../../../lib/engine/types.ts";
import { runStage, stillClock } from "./run_stage.ts";

/**
 * Runs the stage while run `run` of program `which` takes so many seconds, both from 0. Programs are those of the engine; what they take is not.
 * @returns what the stage left and said, `order` the program of every run, `ran` how often each program ran, `open` those that were not closed
 */
export async function onClock(
  stage: Parameters<typeof runStage>[0],
  params: object,
  takes: (which: number, run: number) => number,
) {
  using clock = stillClock();
  let open = 0;
  const order: number[] = [];
  const ran: number[] = [];
  const compile: Compile = async (fn, args) => {
    const which = ran.push(0) - 1;
    open++;
    const program = await ort(fn, args);
    const run: typeof program.run = (...args) => {
      order.push(which);
      clock.advance(takes(which, ran[which]++));
      return program.run(...args);
    };
    const close = () => (open--, program.close());
    return { ...program, run, close };
  };
  const result = await runStage(stage, params, { compile });
  return { ...result, order, ran, open };
}
