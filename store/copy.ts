import type { Connection, PoolClient, Submittable } from "pg";

/** The parts of pg's connection that a COPY uses; pg has them for this purpose but its types leave them out. */
type CopyConnection = Connection & {
  readonly stream: { write(chunk: Buffer): boolean; cork?(): void; uncork?(): void };
  query(text: string): void;
  endCopyFrom(): void;
};

/**
 * Sends `bytes`, one buffer behind the other, as the data of one `COPY … FROM STDIN` and resolves to the number of rows stored.
 * A buffer goes to the socket as one message without being copied, so the caller must not change it until the promise
 * settles. One big buffer is many times faster than a stream of small chunks.
 *
 * Rejects with the server's error; the transaction it belongs to is then aborted, as after any failed statement.
 * Protocol: PostgreSQL manual, "COPY Operations" of the message flow.
 */
export function copyFrom(client: PoolClient, sql: string, bytes: readonly Buffer[]): Promise<number> {
  return new Promise((resolve, reject) => {
    client.query(new CopyQuery(sql, bytes, resolve, reject));
  });
}

/** One message may hold at most this much: the server refuses messages near 1 GiB. */
const maxMessageBytes = 256 * 1024 * 1024;

/** What pg calls while it runs a query that is not its own. */
class CopyQuery implements Submittable {
  readonly #sql: string;
  readonly #bytes: readonly Buffer[];
  readonly #resolve: (rows: number) => void;
  readonly #reject: (error: unknown) => void;
  #rows = 0;

  constructor(
    sql: string,
    bytes: readonly Buffer[],
    resolve: (rows: number) => void,
    reject: (error: unknown) => void,
  ) {
    this.#sql = sql;
    this.#bytes = bytes;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: Connection): void {
    connection.query(this.#sql);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.stream.cork?.();
    for (const bytes of this.#bytes) {
      for (let from = 0; from < bytes.length; from += maxMessageBytes) {
        const chunk = bytes.subarray(from, from + maxMessageBytes);
        const header = Buffer.allocUnsafe(5);
        header[0] = 0x64;
        header.writeInt32BE(chunk.length + 4, 1);
        connection.stream.write(header);
        connection.stream.write(chunk);
      }
    }
    connection.stream.uncork?.();
    connection.endCopyFrom();
  }

  handleCommandComplete(message: { text?: string }): void {
    this.#rows = Number(/\d+$/.exec(message.text ?? "")?.[0] ?? 0);
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#rows);
  }

  /** Called once, by the server's error or by a broken connection; pg sends the next query only after ReadyForQuery. */
  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}
}
