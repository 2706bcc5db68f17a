import type { Change, RememberingStep } from "./remembering-step.ts";

/** The same step with each thing that it emits turned into others, or none. */
export function emitting<In, State, A, B>(
  step: RememberingStep<In, State, A>,
  turn: (emitted: A) => readonly B[],
): RememberingStep<In, State, B> {
  const turned = (change: Change<State, A>): Change<State, B> => ({ ...change, emit: change.emit.flatMap(turn) });
  return {
    keyOf: step.keyOf,
    timeOf: step.timeOf,
    take: (state, record, moment) => turned(step.take(state, record, moment)),
    wake: (state, moment) => turned(step.wake(state, moment)),
  };
}
