/** @file Time zones: hours that come twice or not at all, offsets in the file, and days that stay days. Temporal, cell by cell, is the oracle. */
import assert from "node:assert/strict";
import { refused } from "../refused.ts";
import { goesOn, instants } from "./dates.ts";

const plain = (zoned: Temporal.ZonedDateTime) =>
  zoned.toPlainDateTime().toString().padEnd(19, ":00");
const offset = (zoned: Temporal.ZonedDateTime) => `${plain(zoned)}${zoned.offset}`;

/** Zoned times from a start on, `step` after `step`. */
function times(start: string, zone: string, step: Temporal.DurationLike, rows: number) {
  const first = Temporal.PlainDateTime.from(start).toZonedDateTime(zone);
  const scaled = (i: number) =>
    Object.fromEntries(Object.entries(step).map(([unit, n]) => [unit, n! * i]));
  return Array.from({ length: rows }, (_, i) => first.add(scaled(i) as Temporal.DurationLike));
}

const ZONES: [string, string][] = [
  ["Europe/Berlin", "2024-10-20"],
  ["Europe/Berlin", "2024-03-25"],
  ["America/New_York", "2023-10-30"],
  ["Australia/Lord_Howe", "2024-03-30"],
  ["Africa/Casablanca", "2024-03-01"],
  ["Asia/Kathmandu", "2024-03-01"],
  ["UTC", "2024-02-20"],
];

Deno.test("zones: local times without offsets, an hour that comes twice told apart by the order of rows", () => {
  for (const [zone, start] of ZONES) {
    for (const step of [{ hours: 1 }, { minutes: 30 }, { days: 1 }, { months: 1 }]) {
      const all = times(start, zone, step, 600);
      const texts = all.map(plain);
      const found = goesOn(texts.slice(0, 500), 100, { zone });
      const name = `${zone} ${start} ${JSON.stringify(step)}`;
      assert.deepEqual(
        instants(texts, { zone }),
        all.map(({ epochMilliseconds }) => epochMilliseconds),
        name,
      );
      assert.deepEqual([found.irregular, found.next], [0, texts.slice(500)], name);
    }
  }
});

Deno.test("zones: offsets in the file are kept; its clocks change only in a zone that is named", () => {
  for (const [zone, start] of ZONES) {
    for (const step of [{ hours: 1 }, { days: 1 }, { weeks: 1 }]) {
      const all = times(start, zone, step, 400);
      const texts = all.map(offset);
      const name = `${zone} ${start} ${JSON.stringify(step)}`;
      const ms = all.map(({ epochMilliseconds }) => epochMilliseconds);
      assert.deepEqual(instants(texts), ms, name);
      assert.deepEqual(goesOn(texts.slice(0, 300), 100, { zone }).next, texts.slice(300), name);
      const fixed = goesOn(texts.slice(0, 300), 100);
      const last = all[299].offset;
      const same = times(plain(all[299]), last, step, 101).slice(1).map(offset);
      assert.deepEqual([fixed.irregular, fixed.next], [0, same], name);
    }
  }
  // The cell names its zone itself.
  const named = times("2024-10-26", "Europe/Berlin", { hours: 6 }, 10)
    .map((zoned) => `${offset(zoned)}[Europe/Berlin]`);
  assert.deepEqual(goesOn(named.slice(0, 6), 4).next, named.slice(6));
  refused(
    () => instants(["2024-07-01T00:00+01:00[Europe/Berlin]"]),
    /Europe\/Berlin is at \+02:00 then/,
  );
});

Deno.test("zones: a time that clocks skip does not exist, and a zone is a name or an offset", () => {
  refused(
    () => instants(["2024-03-31 01:30", "2024-03-31 02:30"], { zone: "Europe/Berlin" }),
    /line 3, .*"2024-03-31 02:30" does not exist in Europe\/Berlin: the clocks skip it/,
  );
  assert.equal(instants(["2024-03-31 02:30"], { zone: "+02:00" })[0], Date.UTC(2024, 2, 31, 0, 30));
  refused(
    () => instants(["2024-03-31"], { zone: "Berlin" }),
    /"Berlin" is no time zone.*\. Near it: Europe\/Berlin\.$/,
  );
});

Deno.test("zones: a day whose midnight is skipped is a day, and a forecast shows no time that is skipped", () => {
  const days = ["2018-11-02", "2018-11-03", "2018-11-04", "2018-11-05"];
  const zone = "America/Sao_Paulo";
  const starts = days.map((day) =>
    Temporal.PlainDate.from(day).toZonedDateTime(zone).epochMilliseconds
  );
  assert.deepEqual(instants(days, { zone }), starts);
  assert.deepEqual(goesOn(days.slice(0, 2), 3, { zone }).next, [
    "2018-11-04",
    "2018-11-05",
    "2018-11-06",
  ]);
  const early = ["28", "29", "30"].map((day) => `2024-03-${day} 02:30`);
  assert.deepEqual(goesOn(early, 2, { zone: "Europe/Berlin" }).next, [
    ...["2024-03-31 03:30", "2024-04-01 02:30"],
  ]);
});

Deno.test("zones: six hours on a wall clock stay at its hours", () => {
  const texts = ["27", "28", "29", "30", "31"].flatMap((day) =>
    ["00", "06", "12", "18"].map((hour) => `2024-10-${day} ${hour}:00`)
  );
  const early = goesOn(texts.slice(0, 2), 1, { zone: "Europe/Berlin" });
  assert.equal(early.interval.kind, "fixed");
  const { irregular, next } = goesOn(["2024-10-26 12:00", "2024-10-26 18:00", ...texts], 2, {
    zone: "Europe/Berlin",
  });
  assert.deepEqual([irregular, next], [0, ["2024-11-01 00:00", "2024-11-01 06:00"]]);
});

Deno.test("zones: dates long before or after the changes of clocks", () => {
  for (const text of ["1850-01-01 12:00", "2300-07-01 12:00"]) {
    const expected = Temporal.PlainDateTime.from(text).toZonedDateTime("America/New_York");
    const [found] = instants([text], { zone: "America/New_York" });
    assert.equal(found, expected.epochMilliseconds, text);
  }
});
