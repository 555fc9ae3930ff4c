/** @file What the rest of the library needs of dates: the interval between them, and those that come next. */
export {
  describeInterval,
  inferInterval,
  type Interval,
  type Sampling,
  usualSeason,
} from "./dates/calendar.ts";
export { type DateClock, type FutureDate, futureDates, futureTimes } from "./dates/clock.ts";
