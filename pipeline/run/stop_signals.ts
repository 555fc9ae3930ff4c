/** @file Signals that ask a run to stop. */
import { readFileSync } from "node:fs";

const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
export type StopSignal = keyof typeof NUMBERS;

/**
 * Those that this process was not told to ignore when it was started: a run under `nohup`, or in the background of a script, goes on
 * when its terminal is closed. Systems without /proc do not say; there all of them count.
 */
export function stopSignals(): StopSignal[] {
  const ignored = ignoredSignals();
  return (Object.keys(NUMBERS) as StopSignal[])
    .filter((name) => !(ignored >> BigInt(NUMBERS[name] - 1) & 1n));
}

function ignoredSignals(): bigint {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
    return mask ? BigInt(`0x${mask[1]}`) : 0n;
  } catch {
    return 0n;
  }
}
