/**
 * @file Time of the filter's parts on one thread, at the sizes of the experiments: 4,096 sequences
 * of 256 tokens, 64 latents. `from innovations` draws sequences of the same distribution. Nothing is asserted,
 * times belong to a machine.
 *
 * Run: deno task bench kalman
 */
import {
  createSystem,
  forecast,
  innovationsSampler,
  kalman,
  oneStep,
  predict,
  score,
  simulate,
} from "../../lib/ssm/mod.ts";
import type { SystemOptions } from "../../lib/ssm/mod.ts";

const batch = 4096;
const length = 256;

function seconds<T>(task: () => T): [number, T] {
  const start = performance.now();
  const result = task();
  return [(performance.now() - start) / 1000, result];
}

const cases: [string, SystemOptions][] = [
  ["diagonal, 2 observed", {}],
  ["diagonal, 16 observed", { obsDim: 16 }],
  ["dense, condition 10", { structure: "dense", condition: 10 }],
];
console.log(`${batch} sequences x ${length} tokens x 64 latents, seconds, one thread\n`);
console.log("| system | simulate | from innovations | covariances | filter | score |");
console.log("|---|---|---|---|---|---|");
for (const [name, options] of cases) {
  const system = createSystem(0, options);
  const [simulating, y] = seconds(() => simulate(system, 1, { batch, length }));
  const [solving, filter] = seconds(() => kalman(system, length));
  const [drawing] = seconds(() => innovationsSampler(filter)(1, { batch, length }));
  const [filtering] = seconds(() => predict(filter, y));
  const forecasts = oneStep(length);
  const prediction = forecast(filter, y, forecasts);
  const [scoring] = seconds(() => score(filter, y, prediction, forecasts));
  const times = [simulating, drawing, solving, filtering, scoring].map((time) => time.toFixed(2));
  console.log(`| ${name} | ${times.join(" | ")} |`);
}
