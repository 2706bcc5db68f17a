import { createService, type Logger, PipelineError, type Service } from "../../runtime/index.ts";
import type { Database } from "../../store/index.ts";
import { createSilences, noSilences, type Silence, type Silences } from "./silences.ts";

/** A silence as it is kept, with who made it and why. */
export type KeptSilence = Silence & { readonly reason: string; readonly madeBy: string };

type Row = {
  silence_id: string;
  matches: Record<string, string>;
  starts_at: Date;
  ends_at: Date;
  reason: string;
  made_by: string;
};

/** Those that hold now or later; with `all` also those of the last thirty days. */
export function listSilences(db: Pick<Database, "query">, all = false): Promise<readonly KeptSilence[]> {
  return endedWithin(db, all ? "30 days" : "0");
}

async function endedWithin(db: Pick<Database, "query">, interval: string): Promise<readonly KeptSilence[]> {
  const rows = await db.query<Row>(
    `select silence_id, matches, starts_at, ends_at, reason, made_by from pipeline.alert_silences
     where ends_at > now() - $1::interval order by ends_at, silence_id`,
    [interval],
  );
  return rows.map((row) => ({
    ...{ id: row.silence_id, matches: row.matches, reason: row.reason, madeBy: row.made_by },
    ...{ startsMs: new Date(row.starts_at).getTime(), endsMs: new Date(row.ends_at).getTime() },
  }));
}

/** Keeps a silence; it begins now. @throws PipelineError alert_silence_invalid */
export async function addSilence(
  db: Pick<Database, "execute">,
  silence: Omit<KeptSilence, "startsMs">,
  nowMs: number,
): Promise<void> {
  const { id, matches, endsMs, reason, madeBy } = silence;
  const wrong = (message: string) => new PipelineError("alert_silence_invalid", { message });
  if (Object.keys(matches).length === 0)
    throw wrong("A silence without a rule and without a label would silence everything.");
  if (reason.trim() === "") throw wrong("A silence needs a reason.");
  if (!(endsMs > nowMs)) throw wrong("A silence needs an end in the future.");
  await db.execute(
    `insert into pipeline.alert_silences (silence_id, matches, starts_at, ends_at, reason, made_by)
     values ($1, $2, $3, $4, $5, $6)`,
    [id, JSON.stringify(matches), new Date(nowMs), new Date(endsMs), reason, madeBy],
  );
}

/** Ends one now. @throws PipelineError alert_silence_unknown when there is none of this id that still holds */
export async function endSilence(db: Pick<Database, "execute">, id: string): Promise<void> {
  const ended = await db.execute(
    `update pipeline.alert_silences set ends_at = greatest(now(), starts_at + interval '1 ms')
     where silence_id = $1 and ends_at > now()`,
    [id],
  );
  if (ended === 0) throw new PipelineError("alert_silence_unknown", { fields: { silence: id } });
}

const everyMs = 1_000;

/** The silences as they are kept, read again every second. While the database does not answer, the last ones hold. */
export function watchSilences(db: Pick<Database, "query">, log: Logger): Service & Silences {
  let current: Silences = noSilences;
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> | undefined;
  const read = async () => {
    try {
      // Time of arrival lags behind the clock, after a stop by as long as that was: what arrived under a silence is judged by it.
      current = createSilences(await endedWithin(db, "1 day"));
    } catch (error) {
      log.debug({ err: error }, "the silences cannot be read now");
    }
  };
  const service = createService({
    name: "silences",
    async start() {
      const again = () => {
        reading ??= read().finally(() => {
          reading = undefined;
        });
      };
      // Before the first alert is kept: who has silenced it must not be woken by a restart.
      await read();
      timer = setInterval(again, everyMs).unref();
    },
    async stop() {
      clearInterval(timer);
      await reading;
    },
  });
  return Object.assign(service, { silences: (...of: Parameters<Silences["silences"]>) => current.silences(...of) });
}
