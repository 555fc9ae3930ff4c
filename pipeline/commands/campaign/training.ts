/** @file Tries with a training of over a minute by the project's own stage, which is killed twice and resumed. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { Catalog } from "../../store/catalog.ts";
import { filesIn, longPipeline } from "./checkout.ts";
import { sleep, until } from "./commands.ts";
import type { Kind } from "./kind.ts";
import { Scene, Stage } from "./scene.ts";

/** An undisturbed training takes about so long; it saves a checkpoint every 20 s. */
const SECONDS = 75;
const LEAST_SECONDS = 60;
/** Steps that tell how long one takes. */
const PILOT_STEPS = 300;

/** Of the folder of a campaign; a training is made to measure once. */
const stages = new Map<string, Promise<Stage>>();

async function measured(dir: string): Promise<Stage> {
  const stage = new Stage(dir);
  for (let steps = PILOT_STEPS; steps > 0;) {
    await stage.open(longPipeline(steps));
    const { seconds } = await stage.undisturbed("before");
    if (seconds > LEAST_SECONDS) return stage;
    const catalog = await Catalog.read(join(stage.root, ".store"));
    const [{ value }] = await catalog.query(
      "SELECT value FROM observation WHERE name = 'step seconds'",
    );
    await catalog.close();
    // A machine that was busy may be less so now.
    steps = Math.max(2 * steps, Math.ceil(SECONDS / (value as number)));
  }
  throw new Error("unreachable");
}

/** Changes with every checkpoint; undefined without one. */
function checkpointIn({ store }: Scene): number | undefined {
  const [path] = filesIn(join(store, "checkpoints"));
  return path === undefined ? path : statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** The first step of the training that a run speaks of. */
const firstStep = (out: string) => Number(/training: (\d+)\/\d+,/.exec(out)?.[1] ?? Infinity);

export const TRAINING: Kind = {
  group: "training",
  name: "a training of over 60 s, killed twice",
  expects: "it goes on from its checkpoint and leaves the bytes of one that nobody disturbed",
  async run({ stage: { dir }, random, problems }) {
    const own = join(dir, "training");
    if (!stages.has(own)) stages.set(own, measured(own));
    const scene = new Scene(await stages.get(own)!, random, problems);
    const { state } = await scene.begin("before");
    await scene.begin("none");
    let from = 0;
    for (let kill = 1; kill <= 2; kill++) {
      const before = checkpointIn(scene);
      const run = scene.run();
      const saved = () => checkpointIn(scene) !== before;
      scene.expect(await until(saved, run, 300), `there is no checkpoint before kill ${kill}`);
      await Promise.race([sleep(scene.uniform() * 15), run.ended]);
      if (scene.random(2)) run.killGroup("SIGKILL");
      else run.kill("SIGKILL");
      from ||= firstStep((await run.ended).out);
    }
    await scene.stage.endAll();
    const ended = await scene.finish(state);
    // What is said first is said after half of the time to a checkpoint.
    const resumed = firstStep(ended.out) > 1.5 * from;
    scene.expect(resumed, "it did not go on from its checkpoint", ended);
    return "resumed, to the same bytes";
  },
};
