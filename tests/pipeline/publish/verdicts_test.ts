/** @file Verdicts beside those of other experiments, and beside those of an earlier design. */
import assert from "node:assert/strict";
import type { ExperimentRecord } from "../../../pipeline/publish/source.ts";
import { consideredTogether } from "../../../pipeline/publish/verdicts.ts";
import type { EarlierVerdict, Outcome } from "../../../pipeline/results.ts";
import { meta, VERSION } from "../../site/fixtures/records.ts";

/** @param p of the whole hypothesis; absent: judged by a rule of its own */
function judged(outcome: Outcome, p?: number, earlier?: EarlierVerdict): ExperimentRecord {
  const verdict = {
    outcome,
    rule: "A rule.",
    reason: "Numbers.",
    ...(p === undefined ? {} : { p }),
  };
  return {
    meta: { ...meta("one", {}), ...(earlier ? { earlier } : {}) },
    summary: { columns: [], rows: [], verdict, findings: [], plots: [] },
    runs: {},
    version: VERSION,
  };
}

const five = (outcome: Outcome) => ({ outcome, on: "five systems", commit: "97c3909" });
const verdicts = (...records: ExperimentRecord[]) =>
  consideredTogether(records).map(({ summary }) => summary.verdict);

Deno.test("the page says whether the verdict of an earlier design stands", () => {
  const [same, other, ownRule, none, few] = verdicts(
    judged("supported", 1e-4, five("supported")),
    judged("supported", 1e-4, five("refuted")),
    judged("undecided", undefined, five("undecided")),
    judged("refuted", 1e-4),
    judged("illustration", undefined, five("refuted")),
  );
  assert.equal(
    same.reason,
    "Numbers. On five systems (commit 97c3909) it was supported, which stands.",
  );
  assert.match(other.reason, /it was refuted, which does not stand\.$/);
  assert.match(ownRule.reason, /it was undecided, which stands\.$/);
  assert.equal(none.reason, "Numbers.");
  assert.equal(few.reason, "Numbers.", "too few systems neither confirm nor contradict");
});

Deno.test("what stands is what is left among all experiments, also of a table that was published before", () => {
  const weak = judged("supported", 0.04, five("supported"));
  const alone = consideredTogether([weak]);
  assert.equal(alone[0].summary.verdict.outcome, "supported");
  assert.match(alone[0].summary.verdict.reason, /^Numbers\. On five systems .* stands\.$/);

  const others = Array.from({ length: 4 }, () => judged("supported", 0.9));
  const among = consideredTogether([weak, ...others]);
  const { outcome, reason } = among[0].summary.verdict;
  assert.equal(outcome, "undecided");
  assert.match(
    reason,
    /^Numbers\. By itself it is supported .* decided\. On five .* does not stand\.$/,
  );

  // Published, read again and considered alone: what was said of the others goes, the earlier verdict stays.
  const published = among.map(({ meta: { earlier: _, ...rest }, ...record }) => ({
    ...record,
    meta: rest,
  }));
  const [again] = consideredTogether(published.slice(0, 1));
  assert.deepEqual(again.summary.verdict.reason, alone[0].summary.verdict.reason);
  assert.equal(again.summary.verdict.outcome, "supported");
});
