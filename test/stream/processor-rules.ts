import type { ProcessorRules } from "../../stream/index.ts";

const minute = 60_000;

/** Rules of all processors with memory, for tests that look at one of them. */
export function processorRules(changed: Partial<ProcessorRules> = {}): ProcessorRules {
  return {
    latenessMs: minute,
    reviseMs: 60 * minute,
    ...{ patienceMs: minute, capMs: minute },
    ...{ onceKeepMs: minute, errorSettleMs: minute, errorKeepMs: minute },
    trips: { settleMs: minute, stuckMs: 6 * 60 * minute, keepMs: 48 * 60 * minute },
    drivers: { positionEveryMs: 10_000, maxSpeed: 70, silenceMs: 10 * minute, keepMs: 24 * 60 * minute },
    ...changed,
  };
}
