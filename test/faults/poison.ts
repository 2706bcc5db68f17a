import type { Attempt } from "../../audit/index.ts";
import type { OutgoingRecord, Producer } from "../../kafka/index.ts";
import type { Witness } from "./witness.ts";

/** Writes records into topics that no front door would let pass. */
export type Poison = {
  /** Records that nobody can read, among the others. Gives how many. */
  spoil(): Promise<number>;
  /** Records that are there already, a hundred times each. Gives how many. */
  repeat(): Promise<number>;
  /** What was written, as if an app had sent it. */
  readonly attempts: readonly Attempt[];
};

/** Read by the stream processor, by the sinks, and by the rules of alerts. */
const topics = ["driver-locations", "trip-events-enriched", "driver-status", "payments", "safety"] as const;

export function createPoison(seed: number, producer: Producer, witness: Witness): Poison {
  const attempts: Attempt[] = [];
  let serial = 0;
  return {
    attempts,
    async spoil() {
      let count = 0;
      for (const topic of topics) {
        const sound = witness.newest(topic).at(-1)?.value ?? undefined;
        const records = spoiled(sound).map((value): OutgoingRecord => {
          const id = `f${seed}-poison-${serial++}`;
          const time = new Date().toISOString();
          const headers = { ce_id: id, ce_type: "driver.location", ce_source: "/faults", ce_time: time };
          return { key: id, value, headers: { ...headers, received_at: String(Date.now()) } };
        });
        const sentAt = performance.now();
        await producer.send(topic, records);
        const at = performance.now();
        // A record's key is its id.
        for (const { key } of records)
          attempts.push({ id: String(key), key: String(key), sentAt, answer: { status: "accepted", at } });
        count += records.length;
      }
      return count;
    },
    async repeat() {
      let count = 0;
      for (const topic of ["driver-locations", "driver-locations-enriched", "payments"]) {
        const few = witness.newest(topic).slice(-3);
        const again = few.map(({ key, value, headers }) => ({ key, value, headers }) as OutgoingRecord);
        for (let round = 0; round < 100; round++) await producer.send(topic, again);
        count += again.length * 100;
      }
      return count;
    },
  };
}

/** Nothing at all, no frame, a frame with a schema that there is not, and a sound record that was cut short. */
function spoiled(sound: Buffer | undefined): readonly Buffer[] {
  const unknown = Buffer.from([0, 0x7f, 0xff, 0xff, 0xfe, 2, 4, 6]);
  const cut = sound === undefined ? [] : [sound.subarray(0, 7)];
  return [Buffer.alloc(0), Buffer.from("not a record"), unknown, ...cut];
}
