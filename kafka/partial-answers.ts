import { createErrorFromCode } from "./kafkajs.ts";

/** Why something cannot be told now, in words that belong behind a colon. */
export type Unanswered = { readonly why: string };

type Sent = { readonly request: { readonly apiKey: number }; readonly response: object };
type Connections = { send(sent: Sent): Promise<unknown> };
type Broker = { readonly connectionPool: Connections };

/** As much of kafkajs's brokers of an admin as is changed here. */
export type BrokerPool = {
  readonly seedBroker: Broker;
  readonly brokers: Readonly<Record<string, Broker>>;
  createBroker(options: { readonly connectionPool: Connections }): Broker;
};

/** Offsets of partitions, metadata and descriptions of groups, by the protocol's numbers: each part of their answers has an error of its own. */
const inParts: ReadonlySet<number> = new Set([2, 3, 15]);

/**
 * From now on these brokers' answers are given as they came: kafkajs throws the whole of one away for the first of its parts that has an error, such as a single partition without a
 * leader. Whoever asks must look at the errors.
 */
export function keepPartialAnswers(pool: BrokerPool): void {
  const createBroker = pool.createBroker;
  pool.createBroker = (options) => {
    keep(options.connectionPool);
    return createBroker(options);
  };
  for (const { connectionPool } of new Set([pool.seedBroker, ...Object.values(pool.brokers)])) keep(connectionPool);
}

function keep(connections: Connections): void {
  const send = connections.send.bind(connections);
  connections.send = (sent) =>
    send(inParts.has(sent.request.apiKey) ? { ...sent, response: { ...sent.response, parse: asItCame } } : sent);
}

const asItCame = async <T>(data: T): Promise<T> => data;

/** What a broker says by the error of a part; undefined: nothing is wrong with it. */
export function refusalOf(nodeId: number, errorCode: number): string | undefined {
  return errorCode === 0 ? undefined : `broker ${nodeId} says: ${createErrorFromCode(errorCode).message}`;
}
