import { type Metrics, PipelineError } from "../../runtime/index.ts";
import type { Catalogue, EventType } from "../../schemas/index.ts";
import type { Retry } from "../events/verdict.ts";
import type { Sender } from "../identity/sender.ts";
import type { Pressure } from "./pressure.ts";
import type { Pace, RateFields, RateName, Rates } from "./rates.ts";

export type GateParts = {
  readonly rates: Rates | undefined;
  readonly pressure: Pick<Pressure, "shares">;
  readonly catalogue: Pick<Catalogue, "types">;
  /** A request of no more bytes may hold a critical event, and is read even when its sender is over its rate. */
  readonly smallBytes: number;
  readonly metrics: Metrics;
  /** 0 up to 1 */
  readonly random: () => number;
};

/** Which events of a request may come in now. Its work for a request does not grow with the events while all of them may. */
export type Gate = {
  /**
   * Before the body is read: whether it is worth reading.
   * @param bytes what the request says it will send; NaN when it does not say
   * @throws PipelineError request_rate_limited
   */
  turnBack(sender: Sender, bytes: number): void;
  /**
   * The events to be sent again later, at their places: of a sender over its rate those after the first ones, of a server under pressure
   * those of the lower classes. Undefined when there are none. An event that cannot be told the class of is bulk.
   */
  turnAway(values: readonly unknown[], sender: Sender): readonly (Retry | undefined)[] | undefined;
  /** For a stream, which can be made to wait where a request is turned away. */
  pace(sender: Sender, events: number): Pace;
  /** What a sender may still send; undefined when it has no limit. */
  fieldsOf(sender: Sender): RateFields | undefined;
};

type Class = EventType["class"];
type Reason = "pressure" | RateName;

export function createGate({ rates, pressure, catalogue, smallBytes, metrics, random }: GateParts): Gate {
  const counts = new Map<Reason, Record<Class, number>>();
  metrics.reading(
    "counter",
    "hailstream_ingest_shed_events_total",
    "Events that are to be sent again later, by class and reason: pressure, or the rate of a key, a device or an address.",
    ["class", "reason"],
    (add) => {
      for (const [reason, byClass] of counts)
        for (const [name, count] of Object.entries(byClass)) if (count > 0) add(count, { class: name, reason });
    },
  );
  metrics.reading("gauge", "hailstream_ingest_rate_senders", "Senders whose rates are kept in memory.", [], (add) =>
    add(rates?.size ?? 0),
  );

  /** The type of an event, as far as it names one; nothing of it is checked yet. */
  function typeOf(value: unknown): EventType | undefined {
    const type = (value as { readonly type?: unknown } | null | undefined)?.type;
    return typeof type === "string" ? catalogue.types.get(type) : undefined;
  }

  function count(reason: Reason, name: Class): void {
    const byClass = counts.get(reason) ?? { critical: 0, normal: 0, bulk: 0 };
    counts.set(reason, byClass);
    byClass[name]++;
  }

  /** Spread, so that those who were sent away together do not return together. */
  const spread = (ms: number) => Math.ceil(ms * (1 + random() / 4));

  return {
    turnBack(sender, bytes) {
      if (rates === undefined || bytes <= smallBytes || !rates.concerns(sender)) return;
      const waitMs = rates.waitOf(sender);
      if (waitMs === 0) return;
      throw new PipelineError("request_rate_limited", { fields: { retry_after_ms: spread(waitMs) } });
    },
    turnAway(values, sender) {
      const isLimited = rates?.concerns(sender) === true && !rates.takeAll(sender, values.length);
      const { bulk, normal } = pressure.shares();
      if (!isLimited && bulk === 0) return undefined;
      // One draw for the request, not one for each event: what comes later of a key must not overtake what is turned away.
      const draw = random();
      const shed = { bulk: draw < bulk, normal: draw < normal, critical: false };
      if (!isLimited && !shed.bulk) return undefined;

      const types = values.map(typeOf);
      const critical = types.reduce((sum, type) => sum + (type?.class === "critical" ? 1 : 0), 0);
      const granted = isLimited ? rates.takeSome(sender, values.length - critical, critical) : undefined;
      const left = {
        normal: granted?.normal ?? values.length,
        critical: granted?.critical ?? values.length,
      };
      const overRate = granted && { by: granted.by, retryAfterMs: spread(Math.max(1, granted.retryAfterMs)) };
      let any = false;
      const away = values.map((value, i): Retry | undefined => {
        const type = types[i];
        const name = type?.class ?? "bulk";
        const isOver = left[name === "critical" ? "critical" : "normal"]-- <= 0;
        if (!isOver && !shed[name]) return undefined;
        any = true;
        count(isOver && overRate !== undefined ? overRate.by : "pressure", name);
        const id = idOf(value);
        if (!isOver || overRate === undefined) return { outcome: "retry", id, type, code: "event_shed" };
        return { outcome: "retry", id, type, code: "request_rate_limited", retryAfterMs: overRate.retryAfterMs };
      });
      return any ? away : undefined;
    },
    pace: (sender, events) => (rates?.concerns(sender) === true ? rates.pace(sender, events) : { events, waitMs: 0 }),
    fieldsOf: (sender) => (rates?.concerns(sender) === true ? rates.fieldsOf(sender) : undefined),
  };
}

function idOf(value: unknown): string | undefined {
  const id = (value as { readonly id?: unknown } | null | undefined)?.id;
  return typeof id === "string" ? id.slice(0, 200).toWellFormed() : undefined;
}
