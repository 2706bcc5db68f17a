import type { OutgoingRecord } from "../../kafka/index.ts";
import { announcement, announcementRecord } from "./announcement.ts";

/** The topic that is told how far event time has come, and by how many partitions of the source it is. */
export type Audience = { readonly topic: string; readonly partitions: number; readonly of: number };

export type Announcer = {
  /** Whether the audience was told that nothing is to be expected from here. */
  readonly resting: boolean;
  /** To be called when all that was emitted until then is acknowledged. */
  tell(watermarkMs: number, resting: boolean): Promise<void>;
};

/** A quiet partition in which nothing is due for so long is not waited for, in ms; what it emits after that may come too late. */
export const restMs = 5 * 60_000;

/** Event time is told at least this far on; each time costs a record in each partition of the audience. */
const stepMs = 1_000;

/**
 * Tells each partition of a topic how far event time has come in a partition of a flow that writes to it. What is told need not be stored: after a crash
 * it is told again, further on, and until then the audience waits.
 */
export function createAnnouncer(parts: {
  readonly flow: string;
  readonly partition: number;
  readonly audience: Audience;
  readonly send: (topic: string, records: readonly OutgoingRecord[]) => Promise<void>;
}): Announcer {
  const { flow, partition, audience, send } = parts;
  const { topic, partitions, of } = audience;
  let told = { watermarkMs: Number.NEGATIVE_INFINITY, resting: false };

  return {
    get resting() {
      return told.resting;
    },
    async tell(watermarkMs, resting) {
      if (resting === told.resting && !(watermarkMs >= told.watermarkMs + stepMs)) return;
      const what = announcement({ flow, partition, of, watermarkMs, resting });
      await send(
        topic,
        Array.from({ length: partitions }, (_, to) => announcementRecord(what, to)),
      );
      told = { watermarkMs, resting };
    },
  };
}
