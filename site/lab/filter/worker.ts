/** @file The worker of the page on filtering. */
import { answering } from "../worker.ts";
import { filterOnce } from "./filter.ts";

answering(filterOnce);
