/**
 * @file What is only asked of grids, of whatever family: in one test module, since to build every grid at every profile takes far longer than
 * all that is asked of them.
 */
import "./grid_rules.ts";
import "./transformer_filters/drawn_grids.ts";
import "./transformer_filters/draws.ts";
import "./transformer_filters/grid_rules.ts";
import "./transformer_filters/grid_sizes.ts";
