/**
 * @file Queries that compute every cell and every verdict of a published database again, from its scores. The site prints them; a test
 * holds their answers equal to what was published.
 */
import { controlLevel, falseDiscoveries, level } from "../../lib/analysis/judge.ts";
import { atOptimum } from "../../lib/analysis/open_fraction.ts";
import { fewestFor } from "../../lib/analysis/sign_flips.ts";
import { fewestOfInterval } from "../table/values.ts";

/** Value, low and high of every measured cell: experiment, row, column, value, low, high. */
export const cellsQuery =
  `-- Every cell from the scores: the mean over systems of a sum of scores, with its 95 % t interval where there are at least ${fewestOfInterval}.
WITH points AS (
  SELECT t.experiment, t."row", t."column", t.spread, t.place, s.part, sum(t.coefficient * s.value) AS value
  FROM (SELECT *, unnest(runs) AS run, generate_subscripts(runs, 1) AS place FROM term WHERE clause IS NULL) t
  JOIN score s ON s.experiment = t.experiment AND s.run = t.run AND s.metric = t.metric
  GROUP BY ALL
), samples AS (
  SELECT experiment, "row", "column", spread, count(*) AS n, avg(value) AS mean, median(value) AS median,
    CASE WHEN count(*) > 1 AND min(value) <> max(value) THEN stddev_samp(value) / sqrt(count(*)) END AS error
  FROM points GROUP BY ALL
), intervals AS ( -- of blocks, where the value is not their mean
  SELECT experiment, "row", "column", arg_max(error, spread) AS error, arg_max(n, spread) AS n
  FROM samples WHERE error IS NOT NULL GROUP BY ALL
)
SELECT c.experiment, c."row", c."column",
  CASE c.statistic
    WHEN 'median' THEN v.median
    WHEN 'upper' THEN v.mean + coalesce(i.error, 0) * t.t950
    ELSE v.mean END AS value,
  CASE WHEN c.statistic = 'mean' AND i.n >= ${fewestOfInterval} THEN v.mean - i.error * t.t975 END AS low,
  CASE WHEN c.statistic = 'mean' AND i.n >= ${fewestOfInterval} THEN v.mean + i.error * t.t975 END AS high
FROM cell c
JOIN samples v ON v.experiment = c.experiment AND v."row" = c."row" AND v."column" = c."column" AND NOT v.spread
LEFT JOIN intervals i ON i.experiment = c.experiment AND i."row" = c."row" AND i."column" = c."column"
LEFT JOIN student t ON t.degrees = coalesce(i.n, v.n) - 1
WHERE c.kind = 'measured'
ORDER BY c.experiment, c."row", c."column"`;

/** p, adjusted p and outcome of every experiment that the judge tested: experiment, outcome, p, q. */
export const verdictsQuery = `-- Every verdict of the judge from the scores.
WITH RECURSIVE points AS ( -- one row for each clause, term and system, or block of a run
  SELECT dense_rank() OVER (ORDER BY t.experiment, t.clause) AS id, t.experiment, t.clause, t.term,
    1000001 * t.place + coalesce(s.part, 0) AS place, t.coefficient, s.value AS score, g.value AS gap
  FROM (SELECT *, unnest(runs) AS run, generate_subscripts(runs, 1) AS place FROM term WHERE clause IS NOT NULL) t
  JOIN score s ON s.experiment = t.experiment AND s.run = t.run AND s.metric = t.metric
  LEFT JOIN score g ON g.experiment = t.experiment AND g.run = t.run AND g.metric = t.gap
    AND g.part IS NOT DISTINCT FROM s.part
), effects AS ( -- one number for each system: differences, or contrasts of log open fractions
  SELECT p.id, any_value(p.experiment) AS experiment, any_value(p.clause) AS clause, p.place, any_value(c.margin) AS margin,
    any_value(c.kind) AS kind,
    sum(p.coefficient * CASE WHEN p.gap IS NULL THEN p.score ELSE ln(greatest(${atOptimum}, p.score / p.gap)) END) AS effect
  FROM points p JOIN clause c ON c.experiment = p.experiment AND c.clause = p.clause
  GROUP BY p.id, p.place
), beyond AS (
  SELECT id, effect - margin AS d, place % 2 AS half, row_number() OVER (PARTITION BY id, place % 2 ORDER BY place) AS k
  FROM effects WHERE kind = 'clause'
), flips AS ( -- sums of all sign flips, of each half of the systems
  SELECT id, half, 0 AS k, 0.0::DOUBLE AS total FROM (SELECT DISTINCT id FROM beyond), (VALUES (0), (1)) halves(half)
  UNION ALL
  SELECT f.id, f.half, f.k + 1, f.total + s.sign * b.d
  FROM flips f JOIN beyond b ON b.id = f.id AND b.half = f.half AND b.k = f.k + 1, (VALUES (1), (-1)) s(sign)
), whole AS (
  SELECT id, sum(d) AS observed, 1e-12 * sum(abs(d)) AS slack,
    count_if(half = 0) AS n0, count_if(half = 1) AS n1 FROM beyond GROUP BY id
), tested AS ( -- one-sided p: the share of flips with a sum at least as large, or as small
  SELECT w.id, avg((a.total + b.total >= w.observed - w.slack)::INTEGER) AS p,
    avg((a.total + b.total <= w.observed + w.slack)::INTEGER) AS reversed
  FROM whole w
  JOIN flips a ON a.id = w.id AND a.half = 0 AND a.k = w.n0
  JOIN flips b ON b.id = w.id AND b.half = 1 AND b.k = w.n1
  GROUP BY w.id
), intervals AS (
  SELECT id, experiment, clause, kind, margin, count(*) AS n, avg(effect) AS mean, coalesce(stddev_samp(effect), 0) / sqrt(count(*)) AS error
  FROM effects GROUP BY ALL
), sums AS ( -- of each term: mean excess and mean gap
  SELECT id, term, any_value(coefficient) AS coefficient, avg(score) AS excess, avg(gap) AS gap
  FROM points WHERE gap IS NOT NULL GROUP BY ALL
), means AS ( -- the ratio of means, with the interval of its delta method
  SELECT c.id, any_value(c.centre) AS value, stddev_samp(l.linear) / sqrt(count(*)) AS error, count(*) AS n
  FROM (SELECT id, sum(coefficient * ln(excess / gap)) AS centre FROM sums GROUP BY id HAVING min(excess) > 0) c
  JOIN (SELECT p.id, p.place, sum(p.coefficient * (p.score / s.excess - p.gap / s.gap)) AS linear
    FROM points p JOIN sums s ON s.id = p.id AND s.term = p.term WHERE s.excess > 0 GROUP BY p.id, p.place) l ON l.id = c.id
  GROUP BY c.id
), ranked AS (
  SELECT i.experiment, i.id, i.margin, t.p, t.reversed, count(*) OVER (PARTITION BY i.experiment) AS clauses,
    row_number() OVER (PARTITION BY i.experiment ORDER BY t.reversed, i.clause) AS place
  FROM intervals i JOIN tested t USING (id)
), holm AS (
  SELECT experiment, id, margin, p,
    max(least(1, (clauses - place + 1) * reversed)) OVER (PARTITION BY experiment ORDER BY place) AS reversed
  FROM ranked
), alone AS (
  SELECT h.experiment, max(h.p) AS supporting, min(h.reversed) AS reversing,
    bool_or(coalesce(h.p <= ${level} AND m.value + s.t975 * m.error < h.margin
      OR h.reversed <= ${level} AND m.value - s.t975 * m.error > h.margin, false)) AS disagrees
  FROM holm h LEFT JOIN means m USING (id) LEFT JOIN student s ON s.degrees = m.n - 1
  GROUP BY h.experiment
), controls AS ( -- shown to be equivalent where the ${
  100 - 200 * controlLevel
} % interval lies within the margin
  SELECT experiment, bool_and(abs(mean) + s.t950 * error < margin) AS held
  FROM intervals JOIN student s ON s.degrees = n - 1 WHERE kind = 'control' GROUP BY experiment
), complete AS (
  SELECT i.experiment, min(i.n) >= any_value(e.declared) AND min(i.n) >= ${
  fewestFor(level)
} AS complete
  FROM intervals i JOIN experiment e ON e.id = i.experiment GROUP BY i.experiment
), judged AS (
  SELECT a.experiment, complete, disagrees OR NOT coalesce(held, true) AS barred,
    CASE WHEN NOT complete THEN NULL
      WHEN disagrees OR NOT coalesce(held, true) THEN 1
      ELSE least(1, 2 * least(supporting, reversing)) END AS p,
    CASE WHEN NOT complete THEN 'illustration'
      WHEN disagrees OR NOT coalesce(held, true) THEN 'undecided'
      WHEN supporting <= ${level} THEN 'supported'
      WHEN reversing <= ${level} THEN 'refuted'
      ELSE 'undecided' END AS outcome
  FROM alone a JOIN complete USING (experiment) LEFT JOIN controls USING (experiment)
), placed AS (
  SELECT *, count(p) OVER () AS tests, row_number() OVER (ORDER BY p NULLS LAST, experiment) AS place FROM judged
), together AS ( -- Benjamini-Hochberg over the experiments
  SELECT *, CASE WHEN p IS NOT NULL THEN min(least(1, tests * p / place)) OVER (ORDER BY place DESC) END AS q FROM placed
)
SELECT experiment, CASE WHEN outcome IN ('supported', 'refuted') AND q > ${falseDiscoveries} THEN 'undecided' ELSE outcome END AS outcome,
  outcome AS alone, p, q
FROM together ORDER BY experiment`;
