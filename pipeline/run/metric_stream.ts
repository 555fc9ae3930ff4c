/**
 * @file Sends a training curve while it grows, a few times a second, for whoever watches (`--log`). The
 * whole curve comes once more at the end, with the result or the failure, so what is still unsent then is no loss.
 */
import type { MetricPoint } from "../store/changes.ts";

export class MetricStream {
  #sent = 0;
  #last = -Infinity;

  /** @param points grows; points that a checkpoint brought back are sent like new ones */
  constructor(
    private readonly points: MetricPoint[],
    private readonly send: (news: MetricPoint[]) => void,
    private readonly everyMs = 250,
  ) {}

  /** Call after a point was added. */
  grew(): void {
    const now = performance.now();
    if (now - this.#last < this.everyMs) return;
    this.#last = now;
    this.send(this.points.slice(this.#sent));
    this.#sent = this.points.length;
  }
}
