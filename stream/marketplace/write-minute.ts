import { envelopeHeaders, type Schemas } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import { resultId } from "../windows/result-id.ts";
import type { MinuteOfArea } from "./count-city.ts";

export const minuteTopic = "marketplace-minutes";

/** Bytes and headers of one row of the marketplace. Its time is the beginning of the minute. */
export function writeMinute(
  schemas: Pick<Schemas, "encode">,
  flow: string,
  sizeMs: number,
): (row: MinuteOfArea) => OutboxRecord {
  return function writeMinute(row) {
    const { cityId, cell, resolution, startMs, revision, final, counts, receivedAt } = row;
    const subject = cell ?? cityId;
    const data = {
      city_id: cityId,
      h3_cell: cell,
      resolution,
      revision,
      final,
      open_drivers: counts.open,
      requests: counts.requests,
      completed: counts.completed,
      cancelled: counts.cancelled,
      unmet_demand: counts.unmet,
      pickups: counts.pickups.length,
      median_pickup_seconds: row.medianPickupSeconds,
      surge_multiplier: row.surge,
    };
    const envelope = {
      id: resultId(flow, { key: `${cityId}/${cell ?? "city"}`, startMs, endMs: startMs + sizeMs, revision }),
      type: "marketplace.minute",
      source: "/hailstream/marketplace",
      time: new Date(startMs).toISOString(),
      subject,
      receivedAt,
    };
    const value = schemas.encode("marketplace.minute", data);
    return { topic: minuteTopic, key: cityId, value, headers: envelopeHeaders(envelope) };
  };
}
