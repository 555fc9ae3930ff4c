/** @file The small drawing: never wider than the terminal, colours only where asked, dots where the numbers are. */
import assert from "node:assert/strict";
import type { Picture } from "../../../../pipeline/commands/forecast/picture.ts";
import { sketchForecast } from "../../../../pipeline/commands/forecast/sketch.ts";

function picture(
  past: ArrayLike<number>,
  point: ArrayLike<number>,
  options: Partial<Picture> & { names?: string[]; width?: number } = {},
): Picture {
  const { names = ["x"], width = 0, ...rest } = options;
  const array = (values: ArrayLike<number>) => Float64Array.from(values);
  return {
    ...{
      file: "f.csv",
      model: "ols",
      levels: ["50 %", "90 %"],
      dated: false,
      timeName: "row",
      left: 0,
    },
    past: Float64Array.from(past, (_, t) => 5 + t),
    times: Float64Array.from(point, (_, h) => 5 + past.length + h),
    panels: names.map((name) => ({
      ...{ name, past: array(past), point: array(point) },
      low: Float64Array.from(point, (value) => value - width),
      high: Float64Array.from(point, (value) => value + width),
      inner: [],
    })),
    ...rest,
  };
}

const ESCAPE = String.fromCharCode(27);

/** Dots of the first panel, as [x, y] from its upper left corner, of what stands right of the labels. */
function dotsOf(sketch: string, margin: number): [number, number][] {
  const dots: [number, number][] = [];
  sketch.split("\n").slice(1, 9).forEach((line, row) => {
    [...line.padEnd(200).slice(margin)].forEach((character, column) => {
      const bits = character.charCodeAt(0) - 0x2800;
      if (bits <= 0 || bits > 255) return;
      // Unicode, chapter 21.1: dots 1 to 3 and 7 down the left side, 4 to 6 and 8 down the right one.
      [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2], [0, 3], [1, 3]].forEach(([x, y], dot) => {
        if (bits >> dot & 1) dots.push([2 * column + x, 4 * row + y]);
      });
    });
  });
  return dots;
}

/** Places on a terminal of ASCII, braille and the wide characters used here. */
const placesOf = (line: string) =>
  [...line].reduce((sum, c) => sum + (/[\u3000-\u9fff]|[\u{1f300}-\u{1faff}]/u.test(c) ? 2 : 1), 0);

Deno.test("sketch: no line is wider than the terminal, whatever the names", () => {
  const wave = Array.from({ length: 48 }, (_, t) => 1e7 * Math.sin(t / 4));
  const names = ["x".repeat(200), "濁度".repeat(60), "🙂".repeat(60)];
  for (let width = 0; width <= 130; width++) {
    for (const dated of [false, true]) {
      const sketch = sketchForecast(picture(wave, [1, 2, 3], { names, dated, left: 7 }), {
        ...{ width, color: false },
      });
      if (width < 24) assert.equal(sketch, undefined);
      else {for (const line of sketch!.split("\n")) {
          assert.ok(placesOf(line) <= width, `${width}: ${line}`);
        }}
    }
  }
});

Deno.test("sketch: a rising line goes from the lower left to the upper right corner, straight", () => {
  const rising = picture([0, 1, 2, 3, 4, 5], [6, 7, 8, 9]);
  const sketch = sketchForecast(rising, { width: 42, color: false })!;
  const lines = sketch.split("\n");
  assert.deepEqual([lines[0], lines[1].slice(0, 2), lines[8].slice(0, 2)], ["x", "9 ", "0 "]);
  const dots = dotsOf(sketch, 2);
  assert.ok(
    dots.some(([x, y]) => x === 0 && y === 31) && dots.some(([x, y]) => x === 79 && y === 0),
  );
  for (const [x, y] of dots) assert.ok(Math.abs(y - 31 * (1 - x / 79)) <= 1, `${x}, ${y}`);
  assert.ok(new Set(dots.map(([x]) => x)).size === 80, "no gap");
  assert.equal(lines[9], "  row 5" + " ".repeat(42 - 2 - 5 - 6) + "row 14");
  assert.match(
    lines.slice(10).join(" "),
    /^The last 6 rows, and 4 rows by ols; dots: 90 % intervals\.$/,
  );
});

Deno.test("sketch: the ends of intervals are dots of the forecast's columns only", () => {
  const flat = sketchForecast(picture([0, 0, 0, 0, 0, 0], [0, 0, 0, 0], { width: 2 }), {
    ...{ width: 40, color: false },
  })!;
  const [labels] = [flat.split("\n")];
  assert.deepEqual([labels[1].trim().split(" ")[0], labels[8].trim().split(" ")[0]], ["2", "−2"]);
  const dots = dotsOf(flat, 3);
  const last = 2 * 37 - 1;
  const start = Math.round(6 / 9 * last);
  for (const y of [0, 31]) {
    const row = dots.filter((dot) => dot[1] === y).map(([x]) => x);
    assert.ok(row.length >= 10 && row.every((x) => x >= start && x % 2 === 0), `${row}`);
  }
  assert.ok(dots.every(([, y]) => y === 0 || y === 31 || y === 15 || y === 16));
});

Deno.test("sketch: the forecast starts at the dotted line; colours only where they are wanted", () => {
  const one = picture(Array.from({ length: 30 }, (_, t) => t % 2 * 1e-9), [5, 5, 5]);
  const bare = sketchForecast(one, { width: 60, color: false })!;
  assert.match(bare, /┊/);
  assert.ok(!bare.includes(ESCAPE));
  const colored = sketchForecast(one, { width: 60, color: true })!;
  const stripped = colored.replace(new RegExp(`${ESCAPE}\\[\\d+m`, "g"), "").split("\n").map((
    line,
  ) => line.trimEnd());
  assert.deepEqual(stripped, bare.split("\n"));
  for (const line of colored.split("\n").slice(1, 9)) {
    const [, history, forecast] = line.match(
      new RegExp(`${ESCAPE}\\[34m(.*)${ESCAPE}\\[33m(.*)${ESCAPE}\\[39m$`),
    )!;
    assert.equal(history.length + forecast.length, 58);
    assert.ok(!history.includes("┊"));
  }
});

Deno.test("sketch: dates below its corners, as long as they have to be", () => {
  const day = 86_400_000;
  const at = (step: number) =>
    sketchForecast(
      {
        ...picture([1, 2], [3], { dated: true }),
        past: Float64Array.of(0, step),
        times: Float64Array.of(2 * step),
      },
      { width: 50, color: false },
    )!.split("\n")[9].trim().split(/ {2,}/);
  assert.deepEqual(at(day), ["1970-01-01", "1970-01-03"]);
  assert.deepEqual(at(day / 24), ["1970-01-01 00:00", "1970-01-01 02:00"]);
});

Deno.test("sketch: three columns at most, the others counted; a single row and equal values are drawn", () => {
  const names = ["a", "b", "c", "d", "e"];
  const sketch = sketchForecast(picture([1, 2], [3], { names, left: 9 }), {
    width: 80,
    color: false,
  })!;
  assert.deepEqual(sketch.split("\n").filter((line) => /^[a-e]$/.test(line)), ["a", "b", "c"]);
  assert.match(sketch, /and 1 row by ols; dots: 90 % intervals; 11 more columns\./);
  for (const alone of [picture([4], [4]), picture([4], [4, 4]), picture([1e200], [-1e200])]) {
    assert.ok(dotsOf(sketchForecast(alone, { width: 30, color: false })!, 0).length > 0);
  }
});
