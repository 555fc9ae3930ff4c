/**
 * @file Watches a model whose whole map is one matrix while it is trained: what the spectrum does, whether the layers stay balanced, how gradients
 * flow through them, when a rank appears or goes.
 *
 * @example Two layers learn a map of rank 1 from a small start
 * ```ts
 * import assert from "node:assert/strict";
 * import { DynamicsAnalyzer } from "./analyzer.ts";
 * import { type Chain, descended, gradients } from "./chain.ts";
 * import { endGradient } from "./regression.ts";
 *
 * const teacher = { rows: 2, columns: 2, optimum: Float64Array.of(2, 0, 0, 0) };
 * let chain: Chain = { sizes: [2, 2, 2], layers: [0, 1].map(() => Float64Array.of(0.1, 0, 0, 0.1)) };
 * const analyzer = new DynamicsAnalyzer({ rows: 2, columns: 2, tolerance: 0.01 });
 * for (let step = 0; step <= 400; step++) {
 *   const G = gradients(chain, (X) => endGradient(teacher, X));
 *   if (step % 40 === 0) analyzer.observe(step, { chain, gradients: G });
 *   chain = descended(chain, G, 0.02);
 * }
 * assert.deepEqual(analyzer.events().map(({ from, to }) => [from, to]), [[2, 1]]);
 * assert.ok(Math.abs(analyzer.observations.at(-1)!.effectiveRank - 1) < 0.05);
 * ```
 */
import { singularValues } from "../linalg/svd.ts";
import { imbalance } from "./balancedness.ts";
import { type Chain, checkChain, productOf } from "./chain.ts";
import { orbitEntropy } from "./entropy.ts";
import { effectiveRank, numericalRank, participationRatio, stableRank } from "./spectrum.ts";

/** The map that is watched. */
export interface Watched {
  /** Inputs. */
  readonly rows: number;
  /** Outputs. */
  readonly columns: number;
  /** Layers, where it is a product of them: for the entropy. */
  readonly depth?: number;
  /** Share of the largest singular value below which one does not count for the rank; 1e-3. */
  readonly tolerance?: number;
}

/** A state of training: the map itself (`collapse` of a model gives it), or the layers that it is the product of. */
export type Snapshot = { readonly map: Float64Array } | {
  readonly chain: Chain;
  /** Of the loss, by the layers. */
  readonly gradients?: readonly Float64Array[];
};

/** What is seen of one state. */
export interface Observation {
  /** As it was given. */
  readonly step: number;
  /** Descending. */
  readonly singularValues: readonly number[];
  /** See spectrum.ts. */
  readonly effectiveRank: number;
  /** See spectrum.ts. */
  readonly stableRank: number;
  /** See spectrum.ts. */
  readonly participationRatio: number;
  /** Singular values that count. */
  readonly rank: number;
  /** See entropy.ts; undefined for a map that is not square and invertible, and where the depth is not known. */
  readonly entropy?: number;
  /** See balancedness.ts; of layers only. */
  readonly imbalance?: number;
  /** Norm of the gradient of each layer, from input to output. */
  readonly gradientNorms?: readonly number[];
  /** Smallest of them over the largest: 1 where gradients flow evenly, 0 where one vanishes. */
  readonly gradientFlow?: number;
}

/** The rank has changed between two observations. */
export interface RankEvent {
  /** The first step at which it is seen. */
  readonly step: number;
  /** Rank before. */
  readonly from: number;
  /** Rank after. */
  readonly to: number;
}

/** Observes one training. */
export class DynamicsAnalyzer {
  /** In the order in which they were made. */
  readonly observations: Observation[] = [];
  readonly #watched: Watched;

  /** Starts without observations. @throws {RangeError} for sizes or a tolerance that cannot be */
  constructor(watched: Watched) {
    const { rows, columns, tolerance = 1e-3 } = watched;
    for (const [name, size] of Object.entries({ rows, columns })) {
      if (Number.isInteger(size) && size >= 1) continue;
      throw new RangeError(`DynamicsAnalyzer: ${name} ${size}; expected a whole number from 1.`);
    }
    if (!(tolerance > 0 && tolerance < 1)) {
      throw new RangeError(`DynamicsAnalyzer: tolerance ${tolerance}; expected 0 to 1.`);
    }
    this.#watched = watched;
  }

  /**
   * Adds a state of training.
   * @throws {RangeError} for a map of another size, an entry that is not finite, and a step that is not after the last
   */
  observe(step: number, snapshot: Snapshot): Observation {
    const { rows, columns, depth, tolerance } = this.#watched;
    const last = this.observations.at(-1);
    if (last && !(step > last.step)) {
      throw new RangeError(`DynamicsAnalyzer: step ${step} after step ${last.step}.`);
    }
    if ("chain" in snapshot) checkChain(snapshot.chain);
    const map = "chain" in snapshot ? productOf(snapshot.chain) : snapshot.map;
    if (map.length !== rows * columns) {
      throw new RangeError(
        `DynamicsAnalyzer: a map of ${map.length} entries; expected ${rows} x ${columns}.`,
      );
    }
    const s = singularValues(map, rows, columns);
    const layers = "chain" in snapshot ? snapshot.chain.layers.length : depth;
    const entropy = rows === columns && layers ? orbitEntropy(s, layers) : undefined;
    const observation: Observation = {
      step,
      singularValues: [...s],
      effectiveRank: effectiveRank(s),
      stableRank: stableRank(s),
      participationRatio: participationRatio(s),
      rank: numericalRank(s, tolerance),
      ...(entropy === undefined ? {} : { entropy }),
      ...("chain" in snapshot ? ofLayers(snapshot) : {}),
    };
    this.observations.push(observation);
    return observation;
  }

  /** Where the rank changed: drops and rises, in the order of the steps. */
  events(): RankEvent[] {
    return this.observations.slice(1).flatMap(({ step, rank: to }, i) => {
      const { rank: from } = this.observations[i];
      return from === to ? [] : [{ step, from, to }];
    });
  }
}

function ofLayers({ chain, gradients }: Extract<Snapshot, { chain: Chain }>) {
  const norms = gradients?.map((G) => Math.sqrt(G.reduce((sum, g) => sum + g * g, 0)));
  const largest = norms && Math.max(...norms);
  return {
    imbalance: imbalance(chain),
    ...(norms && {
      gradientNorms: norms,
      gradientFlow: largest === 0 ? 0 : Math.min(...norms) / largest!,
    }),
  };
}
