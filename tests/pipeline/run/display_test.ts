/** @file What a run shows: plain lines, bars on a terminal, and times that people read. */
import assert from "node:assert/strict";
import {
  formatSeconds,
  openView,
  PlainView,
  type RunTotals,
} from "../../../pipeline/run/display.ts";
import type { JobStatus } from "../../../pipeline/run/scheduler.ts";

const TOTALS: RunTotals = { total: 40, cached: 1, ran: 2, failed: 4, skipped: 8 };

function status(over: Partial<JobStatus> = {}): JobStatus {
  return {
    node: { label: "e/a", stage: { name: "train" } },
    state: "running",
    startedAt: performance.now() - 2000,
    ...over,
  } as unknown as JobStatus;
}

/** Time stands still while a test compares what is shown of it. */
function stillTime() {
  const now = performance.now();
  const real = performance.now;
  performance.now = () => now;
  return { [Symbol.dispose]: () => void (performance.now = real) };
}

function plain(everyMs?: number) {
  const printed: string[] = [];
  return { printed, view: new PlainView((line) => printed.push(line), everyMs) };
}

Deno.test("times read as seconds, minutes or hours, on both sides of each edge", () => {
  const cases: [number, string][] = [
    [0, "0.0 s"],
    [0.04, "0.0 s"],
    [3.25, "3.3 s"],
    [9.94, "9.9 s"],
    [10, "10 s"],
    [59.4, "59 s"],
    [60, "1 min 00 s"],
    [65.9, "1 min 05 s"],
    [3599, "59 min 59 s"],
    [3600, "1 h 00 min"],
    [7859, "2 h 10 min"],
    [360000, "100 h 00 min"],
  ];
  for (const [seconds, text] of cases) assert.equal(formatSeconds(seconds), text);
});

Deno.test("without a terminal each job that ends is one line, with what is finished of all", () => {
  const { printed, view } = plain();
  view.changed(status({ state: "ran", seconds: 75 }), TOTALS);
  view.changed(status({ state: "ran", seconds: 0.3, sameAs: "k" }), TOTALS);
  view.changed(status({ state: "failed", seconds: 3 }), TOTALS);
  view.changed(status({ state: "cached" }), TOTALS);
  for (const state of ["waiting", "ready", "skipped", "stopped", "running"] as const) {
    view.changed(status({ state }), TOTALS);
  }
  view.log(status(), "hello");
  view.say("so it is");
  view.close();
  assert.deepEqual(printed, [
    "[15/40] train e/a (1 min 15 s)",
    "[15/40] train e/a (0.3 s, same programs as before)",
    "[15/40] train e/a FAILED",
    "[15/40] train e/a (unchanged)",
    "  e/a: hello",
    "so it is",
  ]);
});

Deno.test("without a terminal progress is a line now and then, for each job by itself, with the time left", () => {
  using _ = stillTime();
  const { printed, view } = plain(60_000);
  const [fresh, old] = [status(), status({ startedAt: performance.now() - 90_000 })];
  const tell = (of: JobStatus, done: number) => {
    of.progress = { done, total: 4 };
    view.changed(of, TOTALS);
  };
  tell(fresh, 1);
  assert.deepEqual(printed, []);
  tell(old, 3);
  assert.deepEqual(printed, ["[15/40] train e/a: 3/4, 30 s left"]);
  // Not so soon again, by the time since that line.
  tell(old, 4);
  tell(fresh, 2);
  assert.equal(printed.length, 1);
  const third = status({ startedAt: performance.now() - 61_000 });
  tell(third, 0);
  assert.deepEqual(printed[1], "[15/40] train e/a: 0/4");
});

Deno.test("by default progress is a line every ten seconds", () => {
  using _ = stillTime();
  const { printed, view } = plain();
  for (const ago of [9999, 10_000]) {
    view.changed(
      status({ startedAt: performance.now() - ago, progress: { done: 1, total: 2 } }),
      TOTALS,
    );
  }
  assert.equal(printed.length, 1);
  assert.match(printed[0], /1\/2, 10 s left$/);
});

/** A terminal of a size, that keeps what is written to it. */
function terminal(columns: number | undefined, rows = 24, noColor = true) {
  const { isTerminal, writeSync } = Deno.stdout;
  const { consoleSize } = Deno;
  const colours = Object.getOwnPropertyDescriptor(Deno, "noColor")!;
  Object.defineProperty(Deno, "noColor", { value: noColor, configurable: true });
  const term = Deno.env.get("TERM");
  let written = "";
  const own = {
    isTerminal: () => true,
    // In small pieces, as a terminal may take them.
    writeSync(bytes: Uint8Array) {
      const piece = bytes.subarray(0, 7);
      written += new TextDecoder().decode(piece);
      return piece.length;
    },
  };
  Object.assign(Deno.stdout, own);
  Deno.consoleSize = () => {
    if (columns === undefined) throw new Error("no size");
    return { columns, rows };
  };
  Deno.env.set("TERM", "xterm");
  return {
    /** What came since the last look. */
    taken() {
      const text = written;
      written = "";
      return text;
    },
    [Symbol.dispose]() {
      Object.assign(Deno.stdout, { isTerminal, writeSync });
      Deno.consoleSize = consoleSize;
      Object.defineProperty(Deno, "noColor", colours);
      if (term === undefined) Deno.env.delete("TERM");
      else Deno.env.set("TERM", term);
    },
  };
}

const open = (running: JobStatus[], totals: RunTotals) => openView(() => running, () => totals);

Deno.test("a terminal shows a bar of the run, then one of each job, drawn over the last ones", () => {
  using _ = stillTime();
  using screen = terminal(80);
  const running = [
    status({ progress: { done: 1, total: 4 } }),
    status({ startedAt: performance.now() - 65_000 }),
  ];
  const view = open(running, { ...TOTALS, eta: 90 });
  view.say("begun");
  assert.equal(
    screen.taken(),
    `begun
[#########---------------]  37 %  15/40 jobs  4 failed  1 min 30 s left
[###---------] 6.0 s left   train e/a
[------------] 1 min 05 s   train e/a
`,
  );
  running.pop();
  view.log(running[0], "hello");
  assert.equal(
    screen.taken(),
    `\x1b[3A\x1b[J  e/a: hello
[#########---------------]  37 %  15/40 jobs  4 failed  1 min 30 s left
[###---------] 6.0 s left   train e/a
`,
  );
  view.changed(status({ state: "ran" }), TOTALS);
  assert.equal(screen.taken(), "");
  view.changed(status({ state: "failed" }), TOTALS);
  assert.ok(screen.taken().startsWith("\x1b[2A\x1b[JFAILED train e/a\n["));
  view.close();
  assert.equal(screen.taken(), "\x1b[2A\x1b[J");
});

Deno.test("a terminal is drawn again five times a second, until it is closed", () => {
  using screen = terminal(80);
  const { setInterval, clearInterval } = globalThis;
  const timers = new Map<number, [draw: () => void, everyMs: number]>();
  Object.assign(globalThis, {
    setInterval: (draw: () => void, everyMs: number) => timers.set(7, [draw, everyMs]) && 7,
    clearInterval: (id: number) => timers.delete(id),
  });
  try {
    const view = open([], { total: 0, cached: 0, ran: 0, failed: 0, skipped: 0 });
    const [[draw, everyMs]] = [...timers.values()];
    assert.equal(everyMs, 200);
    const line = `[${"-".repeat(24)}]   0 %  0/0 jobs\n`;
    draw();
    assert.equal(screen.taken(), line);
    draw();
    assert.equal(screen.taken(), `\x1b[1A\x1b[J${line}`);
    view.close();
    assert.equal(timers.size, 0);
  } finally {
    Object.assign(globalThis, { setInterval, clearInterval });
  }
});

Deno.test("no line is longer than the terminal, and no more jobs than it has room for", () => {
  const node = { label: "e/" + "a".repeat(100), stage: { name: "train" } } as JobStatus["node"];
  const running = Array.from(
    { length: 30 },
    () => status({ node, progress: { done: 9, total: 4 } }),
  );
  for (
    const [columns, rows, wide, lines] of [
      [30, 6, 29, 4],
      [21, 4, 20, 2],
      // Too small to be true, or unknown: as if it were 80 by 24.
      [20, 6, 79, 22],
      [30, 3, 79, 22],
      [undefined, 24, 79, 22],
    ] as const
  ) {
    using screen = terminal(columns, rows);
    const view = open(running, TOTALS);
    view.say("");
    const shown = screen.taken().split("\n").slice(1, -1);
    view.close();
    assert.equal(shown.length, lines);
    assert.ok(shown.slice(1).every((line) => line.length === wide), shown.join("\n"));
    assert.match(shown[1], /^\[############\] /);
  }
});

Deno.test("a job without units, or that went back, has a bar all the same", () => {
  using screen = terminal(80);
  for (const progress of [{ done: 0, total: 0 }, { done: -1, total: 2 }]) {
    const view = open([status({ progress })], TOTALS);
    view.say("");
    assert.match(screen.taken(), /\[------------\] 2\.\d s +train/);
    view.close();
    screen.taken();
  }
});

Deno.test("a terminal that cannot draw gets plain lines", () => {
  using screen = terminal(80);
  Deno.env.set("TERM", "dumb");
  assert.ok(open([], TOTALS) instanceof PlainView);
  Deno.env.set("TERM", "xterm");
  Object.assign(Deno.stdout, { isTerminal: () => false });
  assert.ok(open([], TOTALS) instanceof PlainView);
  assert.equal(screen.taken(), "");
});

Deno.test("colours are shown where they are wanted, and take no room", () => {
  using _ = stillTime();
  const plainOf = (noColor: boolean) => {
    using screen = terminal(80, 24, noColor);
    const view = open([status({ progress: { done: 1, total: 4 } })], { ...TOTALS, eta: 90 });
    view.changed(status({ state: "failed" }), TOTALS);
    const shown = screen.taken();
    view.close();
    return shown;
  };
  const shown = plainOf(false);
  assert.ok(shown.includes("\x1b[31mFAILED\x1b[39m train e/a\n"));
  assert.ok(shown.includes("[\x1b[32m#########\x1b[39m\x1b[2m---------------\x1b[22m]"));
  assert.ok(shown.includes("\x1b[31m  4 failed\x1b[39m"));
  // deno-lint-ignore no-control-regex -- the codes of colours
  assert.equal(shown.replace(/\x1b\[\d+m/g, ""), plainOf(true));
});

Deno.test("the bar is of the work where that is known, does not go back, and is full at the end only", () => {
  using screen = terminal(80);
  const totals = { ...TOTALS, share: 0.5 };
  const view = open([], totals);
  const shown = () => {
    view.say("");
    return /\] *(\d+ %) {2}\d+\/40/.exec(screen.taken())![1];
  };
  assert.equal(shown(), "50 %");
  for (const [share, text] of [[0.3, "50 %"], [0.7, "70 %"], [1, "99 %"]] as const) {
    totals.share = share;
    assert.equal(shown(), text);
  }
  totals.ran = 27; // all of them are through
  assert.equal(shown(), "100 %");
  view.close();
});
