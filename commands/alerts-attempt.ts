import { connectKafka, kafkaOptions, readRange } from "../kafka/index.ts";
import { createMetrics, type Logger, type OptionSource, readOptions, type Service } from "../runtime/index.ts";
import { type Catalogue, createSchemas, schemaOptions } from "../schemas/index.ts";
import {
  type CityAt,
  cityFinder,
  createReference,
  type Rules,
  streamOptions,
  type Trial,
  tryRules,
} from "../stream/index.ts";

export type AttemptParts = {
  readonly source: OptionSource;
  readonly catalogue: Catalogue;
  readonly log: Logger;
  /** The rules, by a finder of cities that knows them once all is connected; what is wrong with a rule is told before that. */
  load(cityAt: CityAt): Rules | Promise<Rules>;
  readonly sinceMs: number;
};

/** What rules would have told of what arrived since so long ago, by the steps that run in production. @throws PipelineError alert_…, kafka_…, registry_… */
export async function attemptRules(parts: AttemptParts): Promise<ReturnType<Trial["end"]>> {
  const { source, catalogue, log, sinceMs } = parts;
  let find: CityAt = () => undefined;
  const rules = await parts.load((...position) => find(...position));
  const metrics = createMetrics();
  const connection = connectKafka(readOptions(kafkaOptions, source), log, "hailstream-alerts");
  const schemas = createSchemas({ options: readOptions(schemaOptions, source), log, metrics, catalogue });
  const { profileVersions } = readOptions(streamOptions, source);
  const reference = createReference({ connection, schemas, profileVersions, metrics, log });
  const running: Service[] = [];
  try {
    for (const service of [schemas, reference]) {
      running.push(service);
      await service.start(() => undefined);
    }
    find = cityFinder(reference.cities);
    const trial = tryRules(schemas, rules);
    const now = Date.now();
    await readRange({
      ...{ connection, topics: rules.topics, range: { fromMs: now - sinceMs, toMs: now }, log },
      onBatch: ({ topic, partition, records }) => trial.take(topic, partition, records),
    });
    return trial.end(now);
  } finally {
    for (const service of running.reverse()) await service.stop();
  }
}
