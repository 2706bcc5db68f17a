import type { ConnectorOffset } from "../../connectors/shapes.ts";
import { countText } from "../parts/words.ts";

/** What it means to go on from an offset; undefined: it is no place that the partition has. */
export function effectOf(
  { next, low, high }: Pick<ConnectorOffset, "next" | "low" | "high">,
  wanted: string,
  kind: string,
): string | undefined {
  if (!/^\d{1,15}$/.test(wanted) || next === null || high === null || BigInt(wanted) > BigInt(high)) return undefined;
  const [to, from] = [BigInt(wanted), BigInt(next)];
  if (to === from) return "Nothing changes: it is there already.";
  if (to > from) {
    return `${records(to - from)} will be skipped: they are not stored unless the connector is set back again.`;
  }
  const first = low !== null && to < BigInt(low) ? BigInt(low) : to;
  const gone = first > to ? ` Kafka has nothing before offset ${first} any more.` : "";
  return `${records(from - first)} will be read again. ${repetition(kind)}${gone}`;
}

/** What would have been a place that the partition has. */
export function expectedOf({ low, high, unknown }: Pick<ConnectorOffset, "low" | "high" | "unknown">): string {
  return unknown === null
    ? `Expected an offset from ${low} to ${high}.`
    : `The offsets of this partition are not known now: ${unknown}.`;
}

/** What comes of a record that is read again. */
export function repetition(kind: string): string {
  return kind === "WebhookSink"
    ? "A delivery that is there already is not made twice; one that was deleted since is made and sent again."
    : "Each is recognised and stays one row; rows that were deleted since come back.";
}

const records = (n: bigint) => `${countText(Number(n))} record${n === 1n ? "" : "s"}`;
