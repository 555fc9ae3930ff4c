/**
 * @file Shows a run: bars with a time left on a terminal, plain lines elsewhere (log files, CI).
 */
import { isDrawable, line, type Piece, wantsColours } from "./colours.ts";
import type { JobStatus } from "./scheduler.ts";

/** What the views are told; they ask for nothing. */
export interface RunTotals {
  total: number;
  cached: number;
  ran: number;
  /** Of those that ran, how many ended when their programs turned out to be those of an earlier job; absent for none. */
  same?: number;
  failed: number;
  skipped: number;
  /** Seconds that remain, by the estimates of the jobs; undefined before anything is known. */
  eta?: number;
  /** Of the work of this run, by the estimates of its jobs, how much is done: from 0 to 1. */
  share?: number;
}

export interface View {
  changed(status: JobStatus, totals: RunTotals): void;
  log(status: JobStatus, line: string): void;
  /** A line of the coordinator's own. */
  say(line: string): void;
  close(): void;
}

/** Bars on a terminal that can draw them, lines otherwise. */
export function openView(running: () => JobStatus[], totals: () => RunTotals): View {
  return isDrawable() ? new TerminalView(running, totals) : new PlainView();
}

export class PlainView implements View {
  #lastProgress = new Map<JobStatus, number>();

  constructor(
    private readonly print: (line: string) => void = (line) => console.log(line),
    private readonly everyMs = 10_000,
  ) {}

  changed(status: JobStatus, totals: RunTotals): void {
    const { node: { label, stage }, state, sameAs, progress } = status;
    const finished = totals.cached + totals.ran + totals.failed + totals.skipped;
    const counter = `[${finished}/${totals.total}]`;
    if (state === "ran") {
      const time = formatSeconds(status.seconds!) + (sameAs ? ", same programs as before" : "");
      this.print(`${counter} ${stage.name} ${label} (${time})`);
    } else if (state === "failed") this.print(`${counter} ${stage.name} ${label} FAILED`);
    else if (state === "cached") this.print(`${counter} ${stage.name} ${label} (unchanged)`);
    else if (state === "running" && progress) {
      const now = performance.now();
      const last = this.#lastProgress.get(status) ?? status.startedAt!;
      if (now - last < this.everyMs) return;
      this.#lastProgress.set(status, now);
      const left = remaining(status, now);
      this.print(
        `${counter} ${stage.name} ${label}: ${progress.done}/${progress.total}` +
          (left === undefined ? "" : `, ${formatSeconds(left)} left`),
      );
    }
  }

  log(status: JobStatus, line: string): void {
    this.print(`  ${status.node.label}: ${line}`);
  }

  say(line: string): void {
    this.print(line);
  }

  close(): void {}
}

class TerminalView implements View {
  #drawn = 0;
  #timer: ReturnType<typeof setInterval>;
  #share = 0;
  readonly #colours = wantsColours();

  constructor(
    private readonly running: () => JobStatus[],
    private readonly totals: () => RunTotals,
  ) {
    this.#timer = setInterval(() => this.#draw(), 200);
  }

  changed(status: JobStatus): void {
    if (status.state === "failed") {
      const what = ` ${status.node.stage.name} ${status.node.label}`;
      this.say(line([["FAILED", "red"], what], this.#colours));
    }
  }

  log(status: JobStatus, line: string): void {
    this.say(`  ${status.node.label}: ${line}`);
  }

  say(line: string): void {
    this.#erase();
    write(line + "\n");
    this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #erase(): void {
    if (this.#drawn) write(`\x1b[${this.#drawn}A\x1b[J`);
    this.#drawn = 0;
  }

  #draw(): void {
    const now = performance.now();
    const totals = this.totals();
    const finished = totals.cached + totals.ran + totals.failed + totals.skipped;
    const { columns, rows } = consoleSize();
    const all = Math.max(1, totals.total);
    // Estimates change; what was shown as done stays so, and the end is when everything is.
    this.#share = Math.max(this.#share, totals.share ?? 0);
    const share = totals.share === undefined || finished >= all
      ? finished / all
      : Math.min(0.99, this.#share);
    const lines: Piece[][] = [[
      ...bar(share, 24),
      ` ${percent(share)}  ${finished}/${totals.total} jobs`,
      [totals.failed ? `  ${totals.failed} failed` : "", "red"],
      totals.eta === undefined ? "" : `  ${formatSeconds(totals.eta)} left`,
    ]];
    for (const status of this.running().slice(0, rows - 3)) {
      const { node, progress, startedAt } = status;
      const left = remaining(status, now);
      const time = left === undefined
        ? formatSeconds((now - startedAt!) / 1000)
        : `${formatSeconds(left)} left`;
      const share = progress ? progress.done / Math.max(1, progress.total) : 0;
      lines.push([
        ...bar(share, 12),
        [` ${time.padEnd(12)} ${node.stage.name} `, "dim"],
        node.label,
      ]);
    }
    this.#erase();
    write(lines.map((pieces) => line(pieces, this.#colours, columns - 1) + "\n").join(""));
    this.#drawn = lines.length;
  }
}

/** Rounded down: 100 % is when everything is done. */
const percent = (share: number) =>
  `${Math.floor(100 * Math.min(1, Math.max(0, share)))} %`.padStart(5);

/** Seconds that a job still needs if it goes on as it did. */
function remaining({ progress, startedAt }: JobStatus, now: number): number | undefined {
  if (!progress || progress.done <= 0 || startedAt === undefined) return undefined;
  return (now - startedAt) / 1000 * (progress.total - progress.done) / progress.done;
}

function bar(share: number, width: number): Piece[] {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return ["[", ["#".repeat(full), "green"], ["-".repeat(width - full), "dim"], "]"];
}

/** "3.2 s", "4 min 05 s", "2 h 10 min". */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** Of the terminal, or what a terminal usually is. */
export function consoleSize(): { columns: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    if (columns > 20 && rows > 3) return { columns, rows };
  } catch {
    // Not a terminal that knows its size.
  }
  return { columns: 80, rows: 24 };
}
