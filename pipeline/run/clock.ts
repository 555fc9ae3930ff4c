/**
 * @file Times what a stage counts, so that no stage but `time` reads a clock: "unit seconds" of what `progress` reports, "NAME seconds" of
 * what `tick` reports.
 */

/** Of one name: `seconds` for `count` of them, from the second interval on. */
interface Ticks {
  since: number;
  intervals: number;
  count: number;
  seconds: number;
}

export class Clock {
  readonly #start = performance.now();
  #first?: { done: number; at: number };
  /** The report with which the count rose last, and the last one. */
  #last?: { done: number; at: number; repeated: number };
  readonly #ticks = new Map<string, Ticks>();

  progress(done: number): void {
    const at = performance.now();
    this.#first ??= { done, at };
    if (this.#last?.done === done) this.#last.repeated = at;
    else this.#last = { done, at, repeated: at };
  }

  tick(name: string, count: number): void {
    const at = performance.now();
    let ticks = this.#ticks.get(name);
    if (!ticks) {
      this.#ticks.set(name, ticks = { since: this.#start, intervals: 0, count: 0, seconds: 0 });
    }
    // The first interval compiles, and for most of them what went before is set-up.
    if (count > 0 && ticks.intervals++ > 0) {
      ticks.count += count;
      ticks.seconds += (at - ticks.since) / 1000;
    }
    ticks.since = at;
  }

  /** What was timed; a name of which too little was seen is left out. */
  observations(): Record<string, number> {
    const found: Record<string, number> = {};
    for (const [name, { count, seconds }] of this.#ticks) {
      if (count > 0) found[`${name} seconds`] = seconds / count;
    }
    const [first, last] = [this.#first, this.#last];
    if (!first || !last) return found;
    if (!this.#ticks.has("unit") && last.done > first.done) {
      found["unit seconds"] = (last.at - first.at) / 1000 / (last.done - first.done);
    }
    if ("unit seconds" in found) {
      found["unit seconds"] += (last.repeated - last.at) / 1000 / last.done;
    }
    return found;
  }
}
