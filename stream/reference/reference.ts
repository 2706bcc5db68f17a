import { createTableReader, headerText, type KafkaConnection, type KafkaRecord } from "../../kafka/index.ts";
import { createService, type Logger, type Metrics, messageOf, type Service } from "../../runtime/index.ts";
import type { Decoded, Schemas } from "../../schemas/index.ts";
import type { Position } from "./boundary.ts";
import { type Cities, createCities } from "./cities.ts";
import { type Driver, driverOf } from "./drivers.ts";
import { createHistories, type GrowingHistories, type Histories } from "./history.ts";
import { type Vehicle, vehicleOf } from "./vehicles.ts";

/** The reference data of one process, held in memory and kept up to date: profiles with their versions, cities as they are now. */
export type Reference = {
  readonly drivers: Histories<Driver>;
  readonly vehicles: Histories<Vehicle>;
  readonly cities: Cities;
};

/** Lets others wait for reference data. */
export type ReferenceChanges = {
  /** Resolves with true at the next change of a profile, with false when none came within the time. */
  changed(withinMs: number): Promise<boolean>;
};

export type ReferenceParts = {
  readonly connection: KafkaConnection;
  readonly schemas: Pick<Schemas, "decode">;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** In front of every topic name; default none. */
  readonly topicPrefix?: string;
  /** So many versions of each profile are kept, the newest by event time; default 16. */
  readonly profileVersions?: number;
};

/** What a record makes of a table: `data` is undefined for a tombstone, `timeMs` is the event's own time. */
type Apply = (id: string, data: Readonly<Record<string, unknown>> | undefined, timeMs: number) => void;

/** Records of one topic in order, some of which wait for a schema. */
type Backlog = { waiting: Promise<void> | undefined };

const registryRetryMs = 1_000;

/**
 * Fills the tables from their compacted topics, which keep a profile's younger versions for as long as events that may need them. `start` resolves when everything that was in the topics is in the tables.
 * A record that cannot be read is counted and logged, and leaves the row of its key as it was.
 */
export function createReference(parts: ReferenceParts): Service & Reference & ReferenceChanges {
  const prefix = parts.topicPrefix ?? "";
  const drivers = createHistories<Driver>(parts.profileVersions ?? 16);
  const vehicles = createHistories<Vehicle>(parts.profileVersions ?? 16);
  const cities = createCities();
  const tables: Readonly<Record<string, Apply>> = {
    "driver-profiles": into(drivers, driverOf),
    "vehicle-profiles": into(vehicles, vehicleOf),
    cities: (id, data) => {
      if (data === undefined) cities.delete(id);
      else if (!cities.set(id, (data.boundary ?? []) as Position[])) {
        unusable.inc({ topic: "cities" });
        parts.log.warn({ cityId: id }, "the boundary of a city encloses no area, so no position is in it");
      }
    },
  };
  const backlogs = new Map<string, Backlog>(Object.keys(tables).map((topic) => [topic, { waiting: undefined }]));
  const unusable = parts.metrics.counter(
    "hailstream_stream_reference_unusable_records_total",
    "Reference records that could not be read or used.",
    ["topic"],
  );
  const rows = parts.metrics.gauge("hailstream_stream_reference_rows", "Rows of reference data in memory.", ["table"]);
  let stopped = false;
  let waiters: (() => void)[] = [];

  function apply(topic: string, record: KafkaRecord, decoded: Decoded | undefined): void {
    const id = record.key?.toString();
    if (id === undefined || decoded?.ok === false) {
      unusable.inc({ topic });
      const reason = decoded?.ok === false ? decoded.reason : "no key";
      parts.log.warn(
        { topic, offset: record.offset, event: headerText(record, "ce_id") },
        `unusable record: ${reason}`,
      );
      return;
    }
    tables[topic]?.(id, decoded?.value, timeOf(record));
    for (const wake of waiters.splice(0)) wake();
    rows.set({ table: "drivers" }, drivers.size);
    rows.set({ table: "vehicles" }, vehicles.size);
    rows.set({ table: "cities" }, cities.size);
  }

  async function applyWhenRegistryAnswers(topic: string, record: KafkaRecord, value: Buffer): Promise<void> {
    while (!stopped) {
      try {
        return apply(topic, record, await parts.schemas.decode(value));
      } catch (error) {
        parts.log.warn({ topic }, `a schema cannot be fetched yet, trying again: ${messageOf(error)}`);
        await new Promise((resolve) => setTimeout(resolve, registryRetryMs));
      }
    }
  }

  /** A record whose schema must be fetched makes those behind it wait, so that the newest of a key comes last. */
  function onRecord(topic: string, record: KafkaRecord): void {
    const backlog = backlogs.get(topic);
    if (backlog === undefined) return;
    const { value } = record;
    if (backlog.waiting === undefined) {
      const decoded = value === null ? undefined : parts.schemas.decode(value);
      if (!(decoded instanceof Promise)) {
        apply(topic, record, decoded);
        return;
      }
      // It is asked for again below, where a failure is waited out.
      decoded.catch(() => undefined);
    }
    const before = backlog.waiting ?? Promise.resolve();
    const mine: Promise<void> = before
      .then(() => (value === null ? apply(topic, record, undefined) : applyWhenRegistryAnswers(topic, record, value)))
      .finally(() => {
        if (backlog.waiting === mine) backlog.waiting = undefined;
      });
    backlog.waiting = mine;
  }

  const reader = createTableReader({
    name: "reference",
    connection: parts.connection,
    topics: Object.keys(tables).map((topic) => prefix + topic),
    metrics: parts.metrics,
    log: parts.log,
    onRecord: (topic, record) => onRecord(topic.slice(prefix.length), record),
  });
  const service = createService({
    name: "reference",
    async start(fail) {
      await reader.start(fail);
      for (const backlog of backlogs.values()) while (backlog.waiting !== undefined) await backlog.waiting;
    },
    async stop() {
      stopped = true;
      await reader.stop();
    },
  });
  function changed(withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        waiters = waiters.filter((other) => other !== wake);
        resolve(false);
      }, withinMs);
      waiters.push(wake);
    });
  }
  return { ...service, drivers, vehicles, cities, changed };
}

/** A tombstone erases a thing with its past, as compaction will in the topic. */
function into<Row>(table: GrowingHistories<Row>, rowOf: (data: Readonly<Record<string, unknown>>) => Row): Apply {
  return (id, data, timeMs) => {
    if (data === undefined) table.delete(id);
    else table.add(id, timeMs, rowOf(data));
  };
}

/** When a version begins; one that does not say it begins with its arrival. */
function timeOf(record: KafkaRecord): number {
  const time = Date.parse(headerText(record, "ce_time") ?? "");
  return Number.isNaN(time) ? Number(record.timestamp) : time;
}
