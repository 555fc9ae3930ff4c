/** @file What a kind of try is. */
import type { Scene } from "./scene.ts";

export interface Kind {
  group: "kills" | "damage" | "surroundings" | "training";
  name: string;
  /** What is expected of it besides what `Scene.finish` checks. */
  expects: string;
  /** @returns what came of it, in a few words that tries have in common; undefined where this system has no way to do it */
  run(scene: Scene): Promise<string | undefined>;
}
