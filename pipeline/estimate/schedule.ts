/**
 * @file How long a graph of jobs takes on some workers: the run, played through with estimated times.
 *
 * As in the scheduler, a worker that is free takes the ready job with the longest estimated time to the
 * end of the graph behind it; and a task that runs alone waits until nothing else can run.
 */

export interface Task {
  seconds: number;
  /** Bytes. */
  memory: number;
  /** Places in the list of what must be done before. */
  after: number[];
  /** A worker takes `load` seconds more for the first of its tasks that share this name. */
  code: string;
  load: number;
  /** No other task runs beside it. */
  alone?: boolean;
}

export interface Schedule {
  wallSeconds: number;
  /** Seconds of loading code, over all workers. */
  loadSeconds: number;
  /** Sum over the workers of the largest task that each had: processes seldom give memory back. */
  memory: number;
}

/** @param tasks each after those it waits for */
export function playThrough(tasks: Task[], workers: number): Schedule {
  const rank = tasks.map(({ seconds }) => seconds);
  const waits = tasks.map(({ after }) => new Set(after).size);
  const next: number[][] = tasks.map(() => []);
  for (let i = tasks.length - 1; i >= 0; i--) {
    for (const before of new Set(tasks[i].after)) {
      next[before].push(i);
      rank[before] = Math.max(rank[before], tasks[before].seconds + rank[i]);
    }
  }
  const pool = Array.from({ length: workers }, () => ({ memory: 0, loaded: new Set<string>() }));
  const free = [...pool];
  const running: { until: number; task: number; worker: typeof pool[number] }[] = [];
  const ready = tasks.flatMap((_, i) => waits[i] ? [] : [i]);
  let now = 0;
  let loadSeconds = 0;
  for (;;) {
    ready.sort((a, b) =>
      Number(tasks[a].alone ?? false) - Number(tasks[b].alone ?? false) || rank[b] - rank[a] ||
      a - b
    );
    while (free.length && ready.length && !(tasks[ready[0]].alone && running.length)) {
      const task = ready.shift()!;
      const { seconds, memory, code, load } = tasks[task];
      // One that has the code already, if there is one.
      const at = Math.max(0, free.findIndex(({ loaded }) => loaded.has(code)));
      const [worker] = free.splice(at, 1);
      const loading = worker.loaded.has(code) ? 0 : load;
      worker.loaded.add(code);
      worker.memory = Math.max(worker.memory, memory);
      loadSeconds += loading;
      running.push({ until: now + loading + seconds, task, worker });
    }
    if (!running.length) break;
    running.sort((a, b) => b.until - a.until);
    const { until, task, worker } = running.pop()!;
    now = until;
    free.push(worker);
    for (const after of next[task]) if (!--waits[after]) ready.push(after);
  }
  return { wallSeconds: now, loadSeconds, memory: pool.reduce((sum, w) => sum + w.memory, 0) };
}
