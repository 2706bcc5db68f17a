import { type ConsumerLag, clusterIdOf, consumerLags, type KafkaConnection } from "../../kafka/index.ts";
import { messageOf } from "../../runtime/index.ts";
import type { Queryable } from "../../store/index.ts";
import type { KafkaLook, LagLook, PostgresLook, StationLook, Trouble } from "./look.ts";
import { readMetrics } from "./read-metrics.ts";

/** Who has not answered by then is silent. */
const patienceMs = 2_000;

/** Asks a station whether it is ready, and for its numbers. Never throws. */
export async function lookAtStation({
  name,
  url,
}: {
  readonly name: string;
  readonly url: string;
}): Promise<StationLook> {
  const at = Date.now();
  try {
    const signal = AbortSignal.timeout(patienceMs);
    const [ready, metrics] = await Promise.all([
      fetch(`${url}/ready`, { signal }).then(
        (answer) => answer.json() as Promise<{ waiting?: Record<string, string> }>,
      ),
      fetch(`${url}/metrics`, { signal }).then((answer) => answer.text()),
    ]);
    return { name, at: Date.now(), waiting: ready.waiting ?? {}, numbers: readMetrics(metrics) };
  } catch (error) {
    return { name, at, silence: whyOf(error), waiting: {} };
  }
}

/** Asks Kafka what its cluster is called. Never throws. */
export async function lookAtKafka(connection: KafkaConnection): Promise<KafkaLook> {
  const at = Date.now();
  try {
    await within(clusterIdOf(connection));
    return { at, milliseconds: Date.now() - at };
  } catch (error) {
    return { at, milliseconds: Date.now() - at, silence: whyOf(error) };
  }
}

/**
 * Asks Kafka how far its consumers are. These are many questions, so it may take long on a busy machine without anything being wrong. Undefined: Kafka cannot be
 * asked, which {@link lookAtKafka} tells. @param prefix of the consumer groups that count
 */
export async function lookAtLags(connection: KafkaConnection, prefix: string): Promise<LagLook | undefined> {
  try {
    const { lags, missing } = await consumerLags(connection, { prefix });
    return {
      ...{ at: Date.now(), lags: lags.map(lagOf) },
      missing: missing.map(({ groupId, why }) => ({ ...(groupId === undefined ? {} : { group: groupId }), why })),
    };
  } catch {
    return undefined;
  }
}

const lagOf = ({ groupId, ...lag }: ConsumerLag) => ({ group: groupId, ...lag });

type TroubleRow = { readonly what: string; readonly code: string; readonly events: number; readonly since: Date };

/** Asks Postgres what lately could not be stored or was not accepted. Never throws. */
export async function lookAtPostgres(db: Queryable): Promise<PostgresLook> {
  const at = Date.now();
  try {
    const [deadLetters, quarantined] = await within(
      Promise.all([
        db.query<TroubleRow>(
          `select topic as what, reason as code, count(*)::int as events, min(at) as since from pipeline.dead_letters
           where state = 'open' and at > now() - interval '15 minutes' group by 1, 2 order by 3 desc limit 5`,
        ),
        db.query<TroubleRow>(
          `select type as what, code, count(*)::int as events, min(received_at) as since from quarantine.events
           where state = 'open' and received_at > now() - interval '15 minutes' group by 1, 2 order by 3 desc limit 5`,
        ),
      ]),
    );
    const milliseconds = Date.now() - at;
    return { at, milliseconds, deadLetters: deadLetters.map(troubleOf), quarantined: quarantined.map(troubleOf) };
  } catch (error) {
    return { at, milliseconds: Date.now() - at, silence: whyOf(error), deadLetters: [], quarantined: [] };
  }
}

const troubleOf = ({ since, ...rest }: TroubleRow): Trouble => ({ ...rest, since: since.getTime() });

/** A question that hangs is an answer, too; what it waits for ends by its own time-outs. */
function within<T>(question: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(noAnswer)), patienceMs);
    question.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const noAnswer = `nothing came within ${patienceMs / 1_000} s`;

/** Why, in words that belong behind a colon; without the stop that a sentence ends with. */
function whyOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return noAnswer;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ECONNREFUSED") return "nobody listens at its address";
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET") return "the connection broke";
  return messageOf(error).replace(/\.$/, "");
}
