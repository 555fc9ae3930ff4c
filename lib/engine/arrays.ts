/** @file jax-js's NumPy namespace as a name for types, where a module needs nothing else of it. */
export type { numpy as np } from "@jax-js/jax";
