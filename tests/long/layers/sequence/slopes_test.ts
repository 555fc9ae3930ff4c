/** @file Gradients of the layers that the quick tests leave out, against differences. */
import { isQuick, testSlopes } from "../../../layers/sequence/layer_slopes.ts";
import { cases } from "../../../layers/sequence/layers.ts";

testSlopes(cases.filter((tested, i) => !isQuick(tested, i)));
