/** @file Cost of training on: that of training, since where it starts costs nothing. */
export { pilot } from "./train.ts";
