/** @file The course of a campaign: what it remembers, what it tells, and that it finds what is wrong. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { campaign, KINDS } from "../../../../../pipeline/commands/campaign/campaign.ts";
import type { Kind } from "../../../../../pipeline/commands/campaign/kind.ts";
import { nameOf } from "../../../../../pipeline/commands/campaign/report.ts";
import { lockStore } from "../../../../../pipeline/store/lock.ts";

const ignore = Deno.build.os !== "linux";

async function inFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "campaign-"));
  try {
    await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A kind whose tries are noted, and do nothing. */
function noting(drawn: number[], outcome: (index: number) => string | undefined): Kind {
  return {
    ...{ group: "damage", name: "nothing", expects: "" },
    run(scene) {
      const index = drawn.push(scene.random(1000)) - 1;
      scene.random(7);
      return Promise.resolve().then(() => outcome(index));
    },
  };
}

Deno.test({
  name: "a campaign goes on where it was killed, draws the same, and tells what is wrong",
  ignore,
  fn: () =>
    inFolder(async (dir) => {
      const log: string[] = [];
      const options = { dir, seed: 3, log: (line: string) => log.push(line) };
      const drawn: number[] = [];
      const whole = noting(drawn, () => "fine");
      await campaign({ ...options, tries: 5, kinds: [whole] });
      assert.equal(new Set(drawn).size, 5);
      rmSync(join(dir, "tries-3.journal"));

      const parts: number[] = [];
      const killed = noting(parts, (index) => {
        if (index === 2) throw new Error("the try fell over");
        return index === 1 ? undefined : "fine";
      });
      await campaign({ ...options, tries: 3, kinds: [killed] });
      // As a kill in the middle of a line leaves it.
      appendFileSync(join(dir, "tries-3.journal"), "0123456789abcdef {");
      log.length = 0;
      const made = await campaign({ ...options, tries: 5, kinds: [killed] });
      assert.deepEqual(parts, drawn);
      assert.equal(log[0], "3 tries were made before; going on.");
      assert.match(log[1], /^try 4\/5 .* damage: nothing: fine$/);
      assert.deepEqual([made.tries, made.problems], [4, 1]);
      const [{ outcomes, leftOut, problems }] = made.kinds;
      assert.deepEqual(outcomes, { fine: 3, "the try itself failed": 1 });
      assert.equal(leftOut, 1);
      assert.match(problems[0].text, /the try fell over/);
      assert.match(readFileSync(join(dir, "report.md"), "utf8"), /^4 tries, 1 with problems/m);
      assert.deepEqual(JSON.parse(readFileSync(join(dir, "report.json"), "utf8")), made);
      assert.deepEqual(readdirSync(dir).sort(), [
        "lock",
        "report.json",
        "report.md",
        "tries-3.journal",
      ]);
      // Of another seed nothing is known.
      await campaign({ ...options, seed: 4, tries: 1, kinds: [killed] });
      assert.notEqual(parts.at(-1), drawn[0]);
    }),
});

Deno.test({
  name: "tries of other code are not counted, and two campaigns do not mix",
  ignore,
  fn: () =>
    inFolder(async (dir) => {
      const drawn: number[] = [];
      const log: string[] = [];
      const options = { dir, seed: 1, tries: 2, log: (line: string) => log.push(line) };
      const kinds = [noting(drawn, () => "fine")];
      await campaign({ ...options, kinds });
      const path = join(dir, "tries-1.journal");
      const other = readFileSync(path, "utf8").replace(/"code":"./, '"code":"x');
      // Without its line about the code, as damage leaves it.
      Deno.writeTextFileSync(path, other);
      await campaign({ ...options, kinds });
      assert.equal(drawn.length, 4);
      const lock = await lockStore(dir, "crash --campaign");
      await assert.rejects(campaign({ ...options, kinds }), /in use by "crash --campaign"/);
      lock.release();
    }),
});

/** The short form of the campaign: three faults, and a check that is bound to fail. */
const SHORT = [
  "kills: coordinator and workers at once",
  "damage: a cache of plans and fingerprints",
  "surroundings: two runs at once",
];
const lying: Kind = {
  ...{ group: "damage", name: "an input that nobody restores", expects: "" },
  async run(scene) {
    const { state } = await scene.begin("after");
    scene.stage.edit("other");
    await scene.finish(state, "all");
    return "";
  },
};

Deno.test({
  name: "faults of several kinds lose nothing, and what is lost would be told",
  ignore,
  fn: () =>
    inFolder(async (dir) => {
      const kinds = [...SHORT.map((name) => KINDS.find((kind) => nameOf(kind) === name)!), lying];
      const made = await campaign({ dir, seed: 5, tries: 4, kinds, log: () => {} });
      assert.equal(made.tries, 4);
      const problems = made.kinds.flatMap((kind) => kind.problems.map(({ text }) => text));
      const found = problems.map((text) => text.split(/[;\n]/)[0]);
      assert.deepEqual(made.kinds.filter((kind) => kind.problems.length).map(nameOf), [
        nameOf(lying),
      ], problems.join("\n"));
      assert.match(found[0], /^chains\/s\d.*chains\/table ran again$/);
      assert.ok(found.includes("job chains/s1 is another"), found.join("\n"));
      assert.ok(found.includes("reports/smoke/chains.md is another"), found.join("\n"));
      assert.ok(found.includes("site/_site/experiments/chains.html is another"), found.join("\n"));
      assert.ok(found.includes("series.csv is another"), found.join("\n"));
      assert.ok(!existsSync(join(dir, "checkout")), "the copy is gone");
    }),
});
