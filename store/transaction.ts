import type { PoolClient } from "pg";
import { copyFrom } from "./copy.ts";

/** What a query may be run on: a database (its own transaction) or an open transaction. */
export type Queryable = {
  /** The rows. `bigint` columns come as bigint, `timestamptz` as Date, `jsonb` parsed. @throws PipelineError store_* */
  query<R>(sql: string, params?: readonly unknown[]): Promise<R[]>;
  /** The number of rows that the statement touched. @throws PipelineError store_* */
  execute(sql: string, params?: readonly unknown[]): Promise<number>;
};

/** An open transaction. Its calls run one after the other; do not start one before the last has settled. */
export type Transaction = Queryable & {
  /**
   * Sends bytes, in one buffer or a few, as the data of a `COPY … FROM STDIN`; gives the rows stored. The buffers must not
   * change until then. @throws PipelineError store_*
   */
  copyIn(sql: string, bytes: Buffer | readonly Buffer[]): Promise<number>;
  /**
   * Runs `work` inside a savepoint: when it throws, its effects are gone and the transaction goes on. Only after a lost
   * connection nothing goes on: every later call throws store_unavailable.
   */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
  /**
   * One statement without parameters in a savepoint, in one round trip: the number of rows it touched. When it throws (after a second round trip), the
   * transaction goes on as if it had not been run. @throws PipelineError store_*
   */
  attempt(sql: string): Promise<number>;
  /** Runs a statement once a connection, for what lives as long as the connection does: a temporary table. */
  oncePerConnection(sql: string): Promise<void>;
};

/** What was made on a connection and committed; temporary tables of a rolled back transaction are gone again. */
const madeOnConnection = new WeakMap<PoolClient, Set<string>>();

/**
 * The calls of a transaction that has begun on `client`; `committed` is to be called after COMMIT.
 * @param run puts a deadline around each statement and makes its errors ours.
 */
export function openTransaction(
  client: PoolClient,
  run: <T>(statement: () => Promise<T>) => Promise<T>,
): { tx: Transaction; committed: () => void } {
  const made = madeOnConnection.get(client) ?? new Set<string>();
  madeOnConnection.set(client, made);
  let makings: string[] = [];
  let depth = 0;

  const tx: Transaction = {
    query: (sql, params = []) => run(async () => (await client.query(sql, [...params])).rows as never[]),
    execute: (sql, params = []) => run(async () => (await client.query(sql, [...params])).rowCount ?? 0),
    copyIn: (sql, bytes) => run(() => copyFrom(client, sql, Buffer.isBuffer(bytes) ? [bytes] : bytes)),
    async savepoint(work) {
      const name = `s${depth++}`;
      const makingsBefore = [...makings];
      try {
        await run(() => client.query(`savepoint ${name}`));
        const value = await work();
        await run(() => client.query(`release savepoint ${name}`));
        return value;
      } catch (error) {
        makings = makingsBefore;
        await run(() => client.query(`rollback to savepoint ${name}; release savepoint ${name}`));
        throw error;
      } finally {
        depth--;
      }
    },
    async attempt(sql) {
      const undo = "rollback to savepoint attempt; release savepoint attempt";
      try {
        const text = `savepoint attempt; ${sql}; release savepoint attempt`;
        // pg gives a list for several statements, which its types leave out.
        const results = (await run(() => client.query(text))) as unknown as readonly {
          readonly rowCount: number | null;
        }[];
        return results[1]?.rowCount ?? 0;
      } catch (error) {
        await run(() => client.query(undo));
        throw error;
      }
    },
    async oncePerConnection(sql) {
      if (made.has(sql) || makings.includes(sql)) return;
      await run(() => client.query(sql));
      makings.push(sql);
    },
  };
  return { tx, committed: () => makings.forEach((sql) => void made.add(sql)) };
}
