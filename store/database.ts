import pg from "pg";
import { createService, type Logger, type Metrics, messageOf, type Service, secondsBuckets } from "../runtime/index.ts";
import { storeErrorOf } from "./store-error.ts";
import { openTransaction, type Queryable, type Transaction } from "./transaction.ts";

export type { Queryable, Transaction } from "./transaction.ts";

export type TransactionOptions = {
  /**
   * false: COMMIT does not wait for the disk. A crash of the server may then undo the newest transactions as a whole, never a
   * part of one. Only for work that is done again when its checkpoint is gone too. Default true.
   */
  readonly synchronousCommit?: boolean;
  /** true: only reads, and all of them see the same moment. Default false. */
  readonly snapshot?: boolean;
};

export type Database = Service &
  Queryable & {
    /**
     * Runs `work` between BEGIN and COMMIT and gives its result; rolls back when it throws. When the connection breaks during
     * COMMIT it throws store_unavailable and nobody knows whether the work is stored: ask the checkpoint.
     * @throws PipelineError store_unavailable (try again), store_rejected (the data), store_failed (the set-up), or what `work` throws
     */
    transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  };

export type DatabaseParts = {
  /** Shown by the server as the application's name. */
  readonly name: string;
  readonly url: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Most connections at the same time; default 4. */
  readonly max?: number;
  readonly statementTimeoutMs?: number;
  readonly lockTimeoutMs?: number;
  /** After this long without a statement the server ends an open transaction; shorter than a consumer's session. */
  readonly idleInTransactionTimeoutMs?: number;
};

/** pg's types leave the connection out. */
type PooledClient = pg.PoolClient & { readonly connection?: { readonly stream: { destroy(): void } } };

const int8 = 20;

/**
 * A pool of connections to one database under one role. `start` resolves when the database answers; a connection lost later
 * is replaced at the next use, so a restart of the server fails calls, not the service.
 */
export function createDatabase(parts: DatabaseParts): Database {
  const statementTimeoutMs = parts.statementTimeoutMs ?? 30_000;
  const duration = parts.metrics.histogram(
    "hailstream_store_transaction_seconds",
    "Time from BEGIN to the end of COMMIT or ROLLBACK.",
    secondsBuckets,
    ["database", "outcome"],
  );
  /** Since the start: what nobody started nobody stops, and a connection left open keeps its process for a minute. */
  let pool: pg.Pool | undefined;

  return Object.assign(
    createService({
      name: parts.name,
      async start() {
        pool = open();
        await run("select 1", []);
      },
      stop: () => pool?.end(),
    }),
    {
      query: async <R>(sql: string, params: readonly unknown[] = []) => (await run(sql, params)).rows as R[],
      execute: async (sql: string, params: readonly unknown[] = []) => (await run(sql, params)).rowCount ?? 0,
      transaction,
    },
  );

  function open(): pg.Pool {
    const opened = new pg.Pool({
      connectionString: parts.url,
      application_name: `hailstream ${parts.name}`,
      max: parts.max ?? 4,
      idleTimeoutMillis: 60_000,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      statement_timeout: statementTimeoutMs,
      lock_timeout: parts.lockTimeoutMs ?? 15_000,
      idle_in_transaction_session_timeout: parts.idleInTransactionTimeoutMs ?? 10_000,
      types: {
        getTypeParser: ((oid: number, format?: "text" | "binary") =>
          oid === int8 && format !== "binary" ? BigInt : pg.types.getTypeParser(oid, format as "text")) as never,
      },
    });
    // Without a listener a connection that breaks would end the process: one that is idle, and one in the moment in which it goes from one hand to the other.
    opened.on("error", (error) => parts.log.debug({ err: error, database: parts.name }, "an idle connection broke"));
    opened.on("connect", (client) => client.on("error", () => undefined));
    return opened;
  }

  function run(sql: string, params: readonly unknown[]): Promise<pg.QueryResult> {
    return withClient((client) => send(client, () => client.query(sql, [...params])));
  }

  async function transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const began = performance.now();
    let outcome = "rolled back";
    try {
      const result = await withClient(async (client) => {
        await send(client, () => client.query(beginOf(options)));
        const { tx, committed } = openTransaction(client, (statement) => send(client, statement));
        try {
          const value = await work(tx);
          await send(client, () => client.query("commit"));
          committed();
          return value;
        } catch (error) {
          // After a broken connection the server rolls back by itself; the first error is the one that matters.
          await send(client, () => client.query("rollback")).catch(() => undefined);
          throw error;
        }
      });
      outcome = "committed";
      return result;
    } finally {
      duration.observe({ database: parts.name, outcome }, (performance.now() - began) / 1_000);
    }
  }

  async function withClient<T>(work: (client: PooledClient) => Promise<T>): Promise<T> {
    if (pool === undefined) throw new Error(`the database ${parts.name} is used before its start`);
    const client = (await pool.connect().catch((error: unknown) => {
      throw storeErrorOf(error);
    })) as PooledClient;
    let broken = false;
    const onError = (error: Error) => {
      broken = true;
      parts.log.debug({ database: parts.name }, `a connection broke: ${messageOf(error)}`);
    };
    client.on("error", onError);
    try {
      return await work(client);
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  }

  /**
   * One statement, its errors as ours. The server's own time-outs cannot help when the server or the network is silent: then the
   * connection is cut here, a while after the server should have answered.
   */
  async function send<T>(client: PooledClient, statement: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => client.connection?.stream.destroy(), statementTimeoutMs + 5_000);
    try {
      return await statement();
    } catch (error) {
      throw storeErrorOf(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function beginOf({ synchronousCommit, snapshot }: TransactionOptions): string {
  if (snapshot === true) return "begin isolation level repeatable read, read only";
  return synchronousCommit === false ? "begin; set local synchronous_commit = off" : "begin";
}
