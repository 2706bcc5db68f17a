import { forward, lateEventTopic, type RememberingStep, rememberingFlow } from "../../stream/index.ts";
import { createTopologyDriver } from "./topology-driver.ts";

const day = 24 * 3_600_000;

/** What came of a step's records. */
export type Driven<In, State, Out> = {
  /** All that the step told, in order. */
  readonly told: readonly Out[];
  /** The records that it set aside because they came too late. */
  readonly tooLate: readonly In[];
  /** What it still remembers, by key. */
  readonly memories: ReadonlyMap<string, State>;
};

/**
 * Runs one remembering step in the topology driver, alone: the records in this order, then nothing for some time. Records, memory and results
 * are JSON on the way, as they are in Kafka and in the database.
 * @param batch records handled at a time, all of them when not given; restMs how long time goes on behind the last one, ten days when not given
 */
export async function driveStep<In, State, Out>(
  step: RememberingStep<In, State, Out>,
  records: readonly In[],
  rules: { readonly latenessMs: number; readonly batch?: number; readonly restMs?: number },
): Promise<Driven<In, State, Out>> {
  const { latenessMs, batch = Math.max(1, records.length), restMs = 10 * day } = rules;
  const flow = rememberingFlow<In, State, Out>({
    ...{ name: "step", source: "records", step, latenessMs, outputs: ["told"] },
    read: ({ value }) => forward(JSON.parse(String(value)) as In),
    write: (told) => ({ topic: "told", key: null, value: bytesOf(told), headers: {} }),
  });
  const driver = createTopologyDriver({ remembering: [flow], batchSize: batch });
  await driver.pipe(
    "records",
    records.map((record) => ({ key: step.keyOf(record), value: bytesOf(record) })),
  );
  if (restMs > 0) await driver.advance(restMs);
  const read = <T>(topic: string) => driver.output(topic).map(({ value }) => JSON.parse(String(value)) as T);
  return {
    told: read<Out>("told"),
    tooLate: read<In>(lateEventTopic),
    memories: new Map([...driver.memory("step")].map(([key, { value }]) => [key, JSON.parse(value) as State])),
  };
}

const bytesOf = (what: unknown) => Buffer.from(JSON.stringify(what));
