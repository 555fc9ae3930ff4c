/** @file Dates as text: each form gives its instant and is written again, and what is no date is said to be none. */
import assert from "node:assert/strict";
import { refused } from "../refused.ts";
import { goesOn, instants } from "./dates.ts";

const at = (...parts: [number, number, ...number[]]) => Date.UTC(...parts);

Deno.test("dates: every form gives its instant", () => {
  const noon = at(2016, 6, 1, 13, 5), day = at(2016, 6, 1);
  const cases: [string, number][] = [
    ["2016-07-01 13:05", noon],
    ["2016-07-01T13:05:00", noon],
    ["2016-07-01T13:05:00Z", noon],
    ["2016-07-01 13:05:00 UTC", noon],
    ["2016-07-01T15:05+02:00", noon],
    ["2016-07-01 08:35-0430", noon],
    ["2016-07-01T15:05+02:00[Europe/Berlin]", noon],
    ["2016/7/1 13:05", noon],
    ["2016.07.01 13:05", noon],
    ["01.07.2016 13:05", noon],
    ["1.7.2016, 13:05", noon],
    ["01.07.16 13:05", noon],
    ["1 Jul 2016 1:05 PM", noon],
    ["Fri, 01 Jul 2016 13:05:00 GMT", noon],
    ["Friday, July 1, 2016", day],
    ["Jul-16", day],
    ["Jul '16", day],
    ["3Q2016", day],
    ["3q 2016", day],
    ["01-JUL-2016 01:05 pm", noon],
    ["July 1, 2016 13:05", noon],
    ["201607011305", noon],
    ["20160701130500", noon],
    ["20160701 13:05", noon],
    ["20160701T130500Z", noon],
    ["1467378300", noon],
    ["1467378300000", noon],
    ["1467378300000000", noon],
    ["1467378300000000000", noon],
    ["2016-07-01 13:05:00.000250", noon + 0.25],
    ["1467378300.5", noon + 500],
    ["2016070113", at(2016, 6, 1, 13)],
    ["2016-07-01 13", at(2016, 6, 1, 13)],
    ["2016-06-30 24:00", day],
    [" 2016-07-01 ", day],
    ["20160701", day],
    ["2016-07", day],
    ["2016/07", day],
    ["07/2016", day],
    ["Jul 2016", day],
    ["2016 July", day],
    ["2016M07", day],
    ["2016Q3", day],
    ["2016-Q3", day],
    ["Q3 2016", day],
    ["2016-W26", at(2016, 5, 27)],
    ["2016-W26-5", day],
    ["2020-W53", at(2020, 11, 28)],
    ["2016-183", day],
    ["2016183", day],
    ["201607", day],
    ["1749", at(1749, 0, 1)],
    ["0001-01-01", new Date(0).setUTCFullYear(1, 0, 1)],
    ["1969-12-31 23:59:59.999", -1],
  ];
  for (const [text, instant] of cases) assert.equal(instants([text])[0], instant, text);
});

Deno.test("dates: impossible ones say what is impossible", () => {
  const cases: [string, RegExp][] = [
    ["2016-02-30", /"2016-02-30" is not a date: day 30: month 2 of 2016 has 29 days/],
    ["1900-02-29", /month 2 of 1900 has 28 days/],
    ["2016-13-01", /month 13: allowed are 1 to 12/],
    ["2016-07-01 25:00", /hour 25/],
    ["2016-07-01 24:30", /hour 24/],
    ["2016-07-01 12:60", /minute 60/],
    ["2016-07-01 12:00:60", /second 60: allowed are 0 to 59/],
    ["2016-07-01 12:00+99:99", /offset \+99:99: zones lie between -12:00 and \+14:00/],
    ["2016-07-01 12:00-13:00", /offset -13:00/],
    ["2016-07-01 13:00 PM", /hour 13 PM: allowed are 1 to 12/],
    ["2021-W53", /week 53: 2021 has 52 weeks/],
    ["2015-366", /day 366: 2015 has 365 days/],
    ["1 Jux 2016", /Jux is no month's name/],
    ["", /an empty cell is not a date: allowed are 2016-07-01, /],
    ["Fry, 01 Jul 2016 00:00 GMT", /GMT" is not a date: allowed are/],
    ["NaN", /"NaN" is not a date: allowed are/],
    ["2016-07-01 12:00[Mars/Olympus]", /"Mars\/Olympus" is no time zone/],
  ];
  for (const [text, message] of cases) {
    refused(() => instants([text]), message, text);
    if (!/Mars/.test(text)) {
      refused(() => instants([text]), /^f, line 2, column "d": .*remove the row/, text);
    }
  }
  refused(
    () => instants(["2016-07-01", "2016-07-02", "Total"]),
    /line 4, .*"Total" is not a date: the column has the form yyyy-mm-dd, as in "2016-07-01"/,
  );
  refused(() => instants(["2016-07-01T00:00Z", "2016-07-02T00:00"]), /line 3.* no offset from UTC/);
});

Deno.test("dates: day and month by evidence of all rows, else refused until the form is named", () => {
  const april = at(2016, 3, 3), march = at(2016, 2, 4);
  for (const s of ["/", "-"]) {
    const [first, dayFirst, monthFirst] = [`03${s}04`, `13${s}04`, `04${s}13`];
    assert.equal(instants([`${first}${s}2016`, `${dayFirst}${s}2016`])[0], april);
    assert.equal(instants([`${first}${s}2016`, `${monthFirst}${s}2016`])[0], march);
    const forms = [`dd${s}mm${s}yyyy`, `mm${s}dd${s}yyyy`];
    const either = [`03${s}04${s}2016`, `05${s}06${s}2016`];
    refused(
      () => instants(either),
      new RegExp(`line 2.*may be ${forms[0]} or ${forms[1]}.*--date "d=${forms[0]}"`),
    );
    assert.equal(instants(either, { form: forms[0] })[0], april);
    assert.equal(instants(either, { form: forms[1] })[0], march);
    // Rows that are in order of time one way only.
    assert.equal(instants([`03${s}04${s}2016`, `02${s}05${s}2016`])[0], april);
    refused(() => instants([`13${s}04${s}2016`, `04${s}13${s}2016`]), /line 3.* month 13/);
  }
  refused(
    () => instants(["2016-07-01"], { form: "d/m/y" }),
    /"d\/m\/y" is no form of dates\. Allowed/,
  );
  assert.equal(instants(["3.4.2016"])[0], april, "points come after the day");
});

Deno.test("dates: a year of two digits may come first, where it is the number that changes least", () => {
  for (const s of ["/", "-", "."]) {
    const days = Array.from(
      { length: 40 },
      (_, i) => new Date(at(2020, 0, 5 + i)).toISOString().slice(2, 10),
    );
    // Also within one month, where the same digits are the 20th of January in years to come.
    for (const count of [5, 20, 40]) {
      const { next } = goesOn(days.slice(0, count).map((day) => day.replaceAll("-", s)), 1);
      const coming = new Date(at(2020, 0, 5 + count)).toISOString().slice(2, 10);
      assert.deepEqual(next, [coming.replaceAll("-", s)]);
    }
    assert.equal(instants([`98${s}02${s}03`, `98${s}02${s}04`])[0], at(1998, 1, 3));
    const last = days.map((day) => day.split("-").reverse().join(s));
    assert.equal(instants(last)[39], at(2020, 1, 13), "the day first");
    assert.equal(instants(last.slice(10, 20))[9], at(2020, 0, 24), "within a month");
    assert.equal(
      instants([`13${s}02${s}20 10:00`, `13${s}02${s}20 11:00`])[0],
      at(2020, 1, 13, 10),
    );
  }
});

Deno.test("dates: a month and two digits are a month of a year, where other months show it", () => {
  assert.deepEqual(
    instants(["Nov-15", "Dec-15", "Jan-16"]),
    [10, 11, 12].map((m) => at(2015, m, 1)),
  );
  const days = ["Jan-14", "Jan-15", "Jan-16"];
  refused(() => instants(days), /line 2.*"Jan-14" and every other.*day of a month.*"d=Mon yy"/);
  assert.equal(instants(days, { form: "Mon yy" })[2], at(2016, 0, 1));
});

Deno.test("dates: digits are the date they look like where every row is one", () => {
  assert.equal(instants(["2024012000", "2024012001"])[1], at(2024, 0, 20, 1));
  // No month 99: seconds, in 2034.
  assert.equal(instants(["2024012000", "2024990000"])[0], 2024012000000);
  assert.equal(instants(["202401200000", "202401200100"])[1], at(2024, 0, 20, 1));
});

Deno.test("dates: the next ones are written as the file writes them", () => {
  const hour = (i: number, text: (h: string) => string) => text(String(i).padStart(2, "0"));
  const cases: [string[], string][] = [
    [["2016-07-01 22:00:00", "2016-07-01 23:00:00"], "2016-07-02 00:00:00"],
    [["2016/7/1 8:00", "2016/7/1 9:00"], "2016/7/1 10:00"],
    [["01.07.2016", "02.07.2016"], "03.07.2016"],
    [["9.7.2016", "10.7.2016"], "11.7.2016"],
    [["12/30/2016", "12/31/2016"], "01/01/2017"],
    [["31/12/16", "01/01/17"], "02/01/17"],
    [["1 Jul 2016 9:00 AM", "1 Jul 2016 10:30 AM"], "1 Jul 2016 12:00 PM"],
    [["30-JUN-2016", "01-JUL-2016"], "02-JUL-2016"],
    [["June 2016", "July 2016"], "August 2016"],
    [["Nov-98", "Dec-98"], "Jan-99"],
    [["Wed, 30 Nov 2016 23:00 GMT", "Thu, 01 Dec 2016 23:00 GMT"], "Fri, 02 Dec 2016 23:00 GMT"],
    [["Friday, July 1, 2016", "Saturday, July 2, 2016"], "Sunday, July 3, 2016"],
    [["3Q2016", "4Q2016"], "1Q2017"],
    [["2016-11", "2016-12"], "2017-01"],
    [["2016 q3", "2016 q4"], "2017 q1"],
    [["2016-Q3", "2016-Q4"], "2017-Q1"],
    [["2020-W52", "2020-W53"], "2021-W01"],
    [["2024-W52-1", "2025-W01-1"], "2025-W02-1"],
    [["1998", "1999"], "2000"],
    [["202311", "202312"], "202401"],
    [["2015-364", "2015-365"], "2016-001"],
    [["20161230", "20161231"], "20170101"],
    [["20161230.0", "20161231.0"], "20170101.0"],
    [["2016123122", "2016123123"], "2017010100"],
    [["1467378300", "1467378360"], "1467378420"],
    [["1467378300.25", "1467378300.50"], "1467378300.75"],
    [["1467378300000000000", "1467378300000100000"], "1467378300000200000"],
    [["2016-07-01T00:00:00Z", "2016-07-01T01:00:00Z"], "2016-07-01T02:00:00Z"],
    [["2016-07-01T00:00:00.9998", "2016-07-01T00:00:00.9999"], "2016-07-01T00:00:01.0000"],
    [["2016-07-01T00:00-0330", "2016-07-01T01:00-0330"], "2016-07-01T02:00-0330"],
    [["2016-07-01", "2016-07-01 01:00:00", "2016-07-01 02:00:00"], "2016-07-01 03:00:00"],
    [[hour(9, (h) => `2016-07-01 ${h}`), hour(10, (h) => `2016-07-01 ${h}`)], "2016-07-01 11"],
  ];
  for (const [texts, next] of cases) assert.equal(goesOn(texts, 1).next[0], next, texts[0]);
});

Deno.test("dates: weeks of 60 years are those of Temporal, read and written", () => {
  const first = Temporal.PlainDate.from("1969-12-29");
  const weeks = Array.from({ length: 3130 }, (_, i) => first.add({ weeks: i }));
  const week = (date: Temporal.PlainDate) =>
    `${date.yearOfWeek}-W${String(date.weekOfYear).padStart(2, "0")}`;
  const texts = weeks.map(week);
  assert.deepEqual(
    instants(texts),
    weeks.map((date) => date.toZonedDateTime("UTC").epochMilliseconds),
  );
  const all = Array.from({ length: 3000 }, (_, i) => first.add({ days: 7 * 130 + i }));
  const daily = all.map((date) => `${week(date)}-${date.dayOfWeek}`);
  assert.deepEqual(goesOn(texts.slice(0, 30), 3100).next, texts.slice(30));
  assert.deepEqual(goesOn(daily.slice(0, 30), 2970).next, daily.slice(30));
});
