/** @file TensorFlow.js's native form as one more engine of a test, where it is installed in or above this folder. */
import type { EngineName } from "../../lib/engine/mod.ts";
import { AddonMissing, loadAddon } from "../../lib/engine/tfjs/addon.ts";

function installed(): EngineName[] {
  try {
    loadAddon();
    return ["tfjs-node-gpu"];
  } catch (error) {
    if (!(error instanceof AddonMissing)) throw error;
    const [reason] = error.message.split(". Install");
    console.log(`not tested: ${reason}`);
    return [];
  }
}

/** Engine `tfjs-node-gpu`, or none. */
export const nativeTfjs: readonly EngineName[] = installed();
