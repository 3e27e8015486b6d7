// What stood in the way of an answer. The till refuses with a fault of its own; where it says nothing at all, that is a fault too, and
// the only one after which asking again is the way to know.

import type { Fault } from "./types.ts";

/** The till said no, and why. */
export class Refusal extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.code);
    this.fault = fault;
  }
}

/** What stood in the way, as a fault: what the till said, or that it said nothing at all. */
export function faultOf(problem: unknown): Fault {
  if (problem instanceof Refusal) return problem.fault;
  return { code: "no_answer", kind: "not_recorded", permission: null, values: {} };
}
