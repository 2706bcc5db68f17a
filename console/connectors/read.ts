import { z } from "zod";
import { type KafkaConnection, lagsFrom, type PlaceLag } from "../../kafka/index.ts";
import { type Action, type Queryable, readActions } from "../../store/index.ts";
import { behindOf, furthestFirst, recordsOf, secondsOf } from "../kafka/rows.ts";
import { unknownWords } from "../kafka/unknown-words.ts";
import type { ConnectorsPort } from "./port.ts";
import type { ConnectorAction, ConnectorDetail, ConnectorOffset, ConnectorRow } from "./shapes.ts";

/** Of the answers of Kafka Connect's API, what is shown. */
const statusShape = z.object({
  connector: z.object({ state: z.string() }),
  tasks: z.array(z.object({ id: z.number(), state: z.string(), worker_id: z.string(), trace: z.string().optional() })),
});
const offsetsShape = z.object({
  offsets: z.array(
    z.object({
      partition: z.object({ kafka_topic: z.string(), kafka_partition: z.number() }),
      offset: z.object({ kafka_offset: z.number() }).nullable(),
    }),
  ),
});
const configShape = z.record(z.string(), z.string());

export type ConnectorSources = {
  readonly port: ConnectorsPort;
  readonly connection: KafkaConnection;
  readonly db: Queryable;
};

/** The actions of the console begin so, and go on with what was asked. */
export const actionPrefix = "connector ";

/** Everything about every connector. @throws PipelineError when the sinks, Kafka or Postgres do not answer */
export async function readConnectors(sources: ConnectorSources): Promise<readonly ConnectorDetail[]> {
  const names = z.array(z.string()).parse(await sources.port.ask("GET", ["connectors"]));
  return readNamed(sources, names);
}

/** Everything about one. @throws PipelineError console_connector_refused when there is none of the name */
export async function readConnector(sources: ConnectorSources, name: string): Promise<ConnectorDetail> {
  const [detail] = await readNamed(sources, [name]);
  return detail as ConnectorDetail;
}

async function readNamed(
  { port, connection, db }: ConnectorSources,
  names: readonly string[],
): Promise<readonly ConnectorDetail[]> {
  const at = Date.now();
  const asked = names.map(async (name) => {
    const [status, config, offsets] = await Promise.all([
      port.ask("GET", ["connectors", name, "status"]),
      port.ask("GET", ["connectors", name, "config"]),
      port.ask("GET", ["connectors", name, "offsets"]),
    ]);
    const places = offsetsShape.parse(offsets).offsets.map(({ partition, offset }) => ({
      ...{ topic: partition.kafka_topic, partition: partition.kafka_partition },
      offset: BigInt(offset?.kafka_offset ?? 0),
    }));
    return { name, status: statusShape.parse(status), config: configShape.parse(config), places };
  });
  const [connectors, actions] = await Promise.all([
    Promise.all(asked),
    Promise.all(names.map((subject) => readActions(db, { subject, limit: 50 }))),
  ]);
  const lags = Map.groupBy(
    await lagsFrom(connection, new Map(connectors.map(({ name, places }) => [name, places]))),
    ({ groupId }) => groupId,
  );
  return connectors.map(({ name, status, config }, i) => {
    const own = lags.get(name) ?? [];
    const done = (actions[i] ?? []).flatMap((action) => actionOf(action) ?? []);
    const failed = status.tasks.filter(({ state }) => state === "FAILED").length;
    const connector: ConnectorRow = {
      ...{ name, kind: config["connector.class"] ?? "", state: status.connector.state, failed },
      tasks: status.tasks.length,
      trouble: troubleOf(status.connector.state, status.tasks.length, failed),
      ...{ lagRecords: recordsOf(own), lagSeconds: secondsOf(own), unknown: unknownWords(own) },
      last: done[0] ?? null,
    };
    return {
      ...{ at, connector, actions: done },
      tasks: status.tasks.map(({ id, state, worker_id, trace }) => ({
        ...{ id, state, worker: worker_id, trace: trace ?? null },
      })),
      offsets: own.map(offsetOf).sort(furthestFirst),
      config: Object.entries(config).map(([key, value]) => ({ name: key, value })),
    };
  });
}

/** What is wrong with a connector; null: nothing. */
export function troubleOf(state: string, tasks: number, failed: number): string | null {
  if (failed > 0) return tasks === 1 ? "failed" : `${failed} of ${tasks} tasks failed`;
  return state === "RUNNING" && tasks === 0 ? "no process runs it" : null;
}

function offsetOf(lag: PlaceLag): ConnectorOffset {
  const { topic, partition, committed } = lag;
  const [low, high] = "why" in lag ? [null, null] : [String(lag.low), String(lag.high)];
  return { topic, partition, next: committed < 0n ? low : String(committed), low, high, ...behindOf(lag) };
}

/** Undefined: it was done to something else of this name. */
function actionOf({ at, by, action, details }: Action): ConnectorAction | undefined {
  if (!action.startsWith(actionPrefix)) return undefined;
  const { refusal, offsets } = details;
  const what = action.slice(actionPrefix.length);
  return {
    ...{ at: at.getTime(), by },
    what: typeof offsets === "string" ? `${what}: ${offsets}` : what,
    refusal: typeof refusal === "string" ? refusal : null,
  };
}
