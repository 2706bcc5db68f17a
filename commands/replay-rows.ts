import { stringify as formatUuid, parse as parseUuid } from "uuid";
import { pause } from "../apps/index.ts";
import { createMetrics, type Logger, messageOf } from "../runtime/index.ts";
import { createDatabase, type Database } from "../store/index.ts";

/** Which events were accepted, in little memory: 16 bytes each. */
export type AcceptedLog = {
  add(event: Accepted): void;
  readonly chunks: readonly AcceptedChunk[];
};

type Accepted = { readonly id: string; readonly type: string; readonly timeMs: number };

/** Events of one type that were accepted one after another. */
type AcceptedChunk = {
  readonly type: string;
  readonly ids: Buffer;
  count: number;
  /** Times of the first and the last event by their own clock, ms since 1970. */
  fromMs: number;
  toMs: number;
  /** Rows found at the last look. */
  rows: number;
};

const chunkEvents = 20_000;
const idBytes = 16;

/** @throws TypeError for an id that is not a UUID; those of a replay are */
export function createAcceptedLog(): AcceptedLog {
  const chunks: AcceptedChunk[] = [];
  const open = new Map<string, AcceptedChunk>();
  return {
    chunks,
    add({ id, type, timeMs }) {
      let chunk = open.get(type);
      if (chunk === undefined || chunk.count === chunkEvents) {
        const ids = Buffer.alloc(chunkEvents * idBytes);
        chunk = { type, ids, count: 0, fromMs: timeMs, toMs: timeMs, rows: 0 };
        open.set(type, chunk);
        chunks.push(chunk);
      }
      parseUuid(id).forEach((byte, index) => {
        chunk.ids[chunk.count * idBytes + index] = byte;
      });
      chunk.count += 1;
      chunk.fromMs = Math.min(chunk.fromMs, timeMs);
      chunk.toMs = Math.max(chunk.toMs, timeMs);
    },
  };
}

/** `rows` found; `complete` when each accepted event has exactly one. */
export type RowCount = { readonly rows: number; readonly complete: boolean; readonly trouble?: string };

/**
 * Counts the rows of the accepted events in `events.*`, and waits for those that are still on their way: until all are
 * there, or until none came for `waitMs`. More rows than events would show, for it counts rows and not ids.
 */
export async function countRows(p: {
  readonly log: AcceptedLog;
  readonly database: Pick<Database, "query">;
  readonly waitMs: number;
  readonly signal: AbortSignal;
  pause(ms: number): Promise<void>;
  onProgress(rows: number): void;
}): Promise<RowCount> {
  let total = -1;
  let deadlineMs = performance.now() + p.waitMs;
  for (;;) {
    const trouble = await look(p.database, p.log.chunks);
    const rows = p.log.chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
    const complete = p.log.chunks.every((chunk) => chunk.rows === chunk.count);
    p.onProgress(rows);
    if (rows !== total) deadlineMs = performance.now() + p.waitMs;
    total = rows;
    if (complete || p.signal.aborted || performance.now() > deadlineMs) {
      return { rows, complete, ...(trouble === undefined ? {} : { trouble }) };
    }
    await p.pause(500);
  }
}

/** The same over a connection of its own, which it opens and closes. */
export async function countRowsAt(
  url: string,
  p: Omit<Parameters<typeof countRows>[0], "database" | "pause"> & { readonly name: string; readonly logger: Logger },
): Promise<RowCount> {
  const { name, logger, ...rest } = p;
  const database = createDatabase({ name, url, log: logger, metrics: createMetrics(), max: 1 });
  // When it does not answer now, it may a moment later; what still does not then is told as trouble.
  await database.start(() => undefined).catch(() => undefined);
  try {
    return await countRows({ ...rest, database, pause: (ms) => pause(ms, p.signal) });
  } finally {
    await database.stop();
  }
}

/** Counts the chunks that were not complete yet; gives what went wrong, when a table cannot be read. */
async function look(database: Pick<Database, "query">, chunks: readonly AcceptedChunk[]): Promise<string | undefined> {
  let trouble: string | undefined;
  for (const chunk of chunks) {
    if (chunk.rows === chunk.count) continue;
    try {
      chunk.rows = await rowsOf(database, chunk);
    } catch (error) {
      trouble = messageOf(error);
    }
  }
  return trouble;
}

async function rowsOf(database: Pick<Database, "query">, chunk: AcceptedChunk): Promise<number> {
  const ids = Array.from({ length: chunk.count }, (_, index) =>
    formatUuid(chunk.ids.subarray(index * idBytes, (index + 1) * idBytes)),
  );
  // The range of times spares Postgres the tables of all other days.
  const [found] = await database.query<{ readonly rows: number }>(
    `select count(*)::int as rows
       from unnest($1::text[]) as accepted (id)
       join events.${chunk.type.replaceAll(".", "_")} as event on event.event_id = accepted.id
      where event.occurred_at between $2::timestamptz and $3::timestamptz`,
    [ids, new Date(chunk.fromMs).toISOString(), new Date(chunk.toMs).toISOString()],
  );
  return found?.rows ?? 0;
}
