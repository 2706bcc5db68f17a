import { v7 as uuidv7 } from "uuid";
import { type ConsumerLag, consumerLags, createProducer, type KafkaConnection } from "../kafka/index.ts";
import { composeServices, createHttpService, type Logger, type Metrics, type Service } from "../runtime/index.ts";
import { envelopeHeaders, type Schemas } from "../schemas/index.ts";
import type { Database } from "../store/index.ts";
import { createAcknowledgedCheck } from "./acknowledged.ts";
import { type AuditResult, createAudit } from "./audit.ts";
import type { AuditedTable } from "./compare-table.ts";
import { findingsOf, mended } from "./findings.ts";
import type { AuditOptions } from "./options.ts";
import { recentRejections } from "./rejections.ts";
import { createRepeating } from "./repeat.ts";
import { createStanding } from "./standing.ts";
import { createTopicCounter } from "./topic-counter.ts";

export type AuditorParts = {
  readonly options: AuditOptions;
  /** As the owner; started before and stopped after, like `schemas`, by whoever made them. */
  readonly db: Database;
  readonly connection: KafkaConnection;
  readonly schemas: Schemas;
  readonly tables: readonly AuditedTable[];
  /** The sink's consumer in `pipeline.checkpoints`. */
  readonly sinkGroup: string;
  /** In front of the names of the topic that it writes to and of the dead letters'; default none. */
  readonly topicPrefix?: string;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Hears each audit's result. */
  onResult?(result: AuditResult): void;
};

const lagKey = ({ groupId, topic }: Pick<ConsumerLag, "groupId" | "topic">) => `${groupId} ${topic}`;

/** A lag below that is everyday and not told. */
const toldSeconds = 5;

/**
 * Looks after the pipeline from outside: counts what Kafka has, audits again and again, measures the lag of all consumers, counts what sinks reject, and tells what is wrong as events
 * (`pipeline.audit`, `pipeline.lag`, `pipeline.rejections`), which alert rules listen to. Several of these tell the same things, which rules count once.
 */
export function createAuditor(parts: AuditorParts): Service & { readonly url: string } {
  const { options, db, connection, schemas, tables, metrics, log } = parts;
  const producer = createProducer({ name: "audit", connection, metrics, log });
  const audit = createAudit(parts);
  const counter = createTopicCounter({
    ...{ db, connection, groupId: options.groupId, metrics, log },
    topics: [...new Set(tables.map(({ source }) => source))],
    types: tables.map(({ type }) => type),
  });
  const events = metrics.gauge(
    "hailstream_audit_wrong_events",
    "Events that the last audit found to be missing or too many, by station.",
    ["station", "kind"],
  );
  const lagSeconds = metrics.gauge(
    "hailstream_audit_lag_seconds",
    "Age of the oldest record that a consumer group has not committed.",
    ["group", "topic"],
  );

  const audits = createStanding<ReturnType<typeof findingsOf>[number]>(
    ({ event_type, station }) => `${event_type} ${station}`,
    mended,
  );
  const lags = createStanding<ConsumerLag>(lagKey, (before) => ({ ...before, records: 0, seconds: 0 }));
  const rejections = createStanding<Awaited<ReturnType<typeof recentRejections>>[number]>(
    ({ consumer, source_topic, code }) => `${consumer} ${source_topic} ${code}`,
    (before) => ({ ...before, records: 0 }),
  );

  async function tell(type: string, found: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    const topic = schemas.catalogue.types.get(type)?.topic;
    if (topic === undefined || found.length === 0) return;
    const now = Date.now();
    const records = found.map((data) => {
      const key = schemas.keyOf(type, data);
      const envelope = { id: uuidv7(), type, source: "/hailstream/audit", time: new Date(now).toISOString() };
      const headers = envelopeHeaders({ ...envelope, subject: key, receivedAt: now });
      return { key, value: schemas.encode(type, data), headers };
    });
    await producer.send(`${parts.topicPrefix ?? ""}${topic}`, records);
  }

  async function auditOnce(): Promise<void> {
    const result = await audit.run();
    const found = findingsOf(result);
    events.reset();
    for (const { station, missing, extra } of found) {
      events.inc({ station, kind: "missing" }, missing);
      events.inc({ station, kind: "extra" }, extra);
    }
    parts.onResult?.(result);
    await tell("pipeline.audit", audits(found));
  }

  async function lookOnce(): Promise<void> {
    const { lags: all, missing } = await consumerLags(connection, { prefix: options.groupPrefix });
    lagSeconds.reset();
    for (const { groupId, topic, seconds, unknown } of all) {
      // Of what is not known wholly, nought would say that it is not behind.
      if (unknown.length === 0 || seconds > 0) lagSeconds.set({ group: groupId, topic }, seconds);
    }
    const whole = new Set(all.flatMap(({ unknown, ...lag }) => (unknown.length === 0 ? [lagKey(lag)] : [])));
    const told = new Set(all.map(lagKey));
    const behind = lags(
      all.filter(({ seconds }) => seconds >= toldSeconds),
      (before) => !whole.has(lagKey(before)) && (told.has(lagKey(before)) || missing.length > 0),
    );
    await tell(
      "pipeline.lag",
      behind.map(({ groupId, topic, records, seconds }) => ({
        ...{ consumer_group: groupId, source_topic: topic, records, seconds },
      })),
    );
    await tell("pipeline.rejections", rejections(await recentRejections(db)));
  }

  const http = createHttpService({
    name: "audit health",
    host: options.metricsHost,
    port: options.metricsPort,
    portFlag: "--audit-metrics-port",
    metrics,
    routes: () => undefined,
    readiness: () => (producer.connected ? {} : { kafka: "no acknowledgement for some time" }),
  });
  const service = composeServices("audit", [
    http,
    producer,
    counter,
    createAcknowledgedCheck({ ...parts, groupId: `${options.groupId}-acknowledged` }),
    createRepeating({ name: "the audit", everyMs: options.everyMs, log, run: auditOnce }),
    createRepeating({ name: "the look at consumers", everyMs: options.lagEveryMs, log, run: lookOnce }),
  ]);
  return Object.defineProperty(service, "url", { get: () => http.url }) as Service & { readonly url: string };
}
