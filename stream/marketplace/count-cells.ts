import { envelopeHeaders, readEnvelope } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import type { Reader } from "../flow.ts";
import { deadLetter, forward } from "../step.ts";
import { resultId } from "../windows/result-id.ts";
import type { Aggregate, WindowResult } from "../windows/windowed.ts";
import { countKeyOf, type Signal } from "./signal.ts";

/** Who was seen in one fine cell in one minute; the ids in their order, so that the order of arrival leaves no trace. */
type CellMembers = {
  readonly [kind in Exclude<Signal["kind"], "pickup">]?: readonly string[];
} & { readonly pickup?: Readonly<Record<string, number>> };

/** The same of all fine cells of a coarse one. */
export type Members = {
  readonly cityId: string;
  readonly receivedAt: number;
  readonly cells: Readonly<Record<string, CellMembers>>;
};

/** What is counted in one area in one minute. */
export type Counts = {
  readonly open: number;
  readonly requests: number;
  readonly completed: number;
  readonly cancelled: number;
  readonly unmet: number;
  /** From acceptance to arrival, in ms, the shortest first. */
  readonly pickups: readonly number[];
};

/** The counts of the fine cells of one coarse cell in one minute. */
export type CellCounts = {
  readonly cityId: string;
  readonly startMs: number;
  readonly receivedAt: number;
  readonly cells: Readonly<Record<string, Counts>>;
};

/** The internal topic between the count of cells and that of cities. */
export const cellTopic = "marketplace-cells";

/** Collects the drivers and trips of a coarse cell: sets, so that a repetition changes nothing. */
export const membersOfCell: Aggregate<Signal, Members> = {
  keyOf: countKeyOf,
  timeOf: ({ timeMs }) => timeMs,
  add(known, signal) {
    const { cityId, cell, receivedAt } = signal;
    const before = known?.cells[cell] ?? {};
    const after = withSignal(before, signal);
    if (known !== undefined && after === before && receivedAt <= known.receivedAt) return known;
    const cells = { ...known?.cells, [cell]: after };
    return { cityId, receivedAt: Math.max(known?.receivedAt ?? 0, receivedAt), cells };
  },
};

function withSignal(members: CellMembers, { kind, id, pickupMs = 0 }: Signal): CellMembers {
  if (kind === "pickup") {
    const { pickup = {} } = members;
    return id in pickup ? members : { ...members, pickup: { ...pickup, [id]: pickupMs } };
  }
  const ids = members[kind] ?? [];
  return ids.includes(id) ? members : { ...members, [kind]: [...ids, id].sort() };
}

function countsOf({
  open = [],
  requested = [],
  completed = [],
  cancelled = [],
  unmet = [],
  pickup = {},
}: CellMembers): Counts {
  return {
    ...{ open: open.length, requests: requested.length, completed: completed.length },
    ...{ cancelled: cancelled.length, unmet: unmet.length, pickups: Object.values(pickup).sort((a, b) => a - b) },
  };
}

/** Bytes and headers of the counts of one coarse cell, by city; JSON, for nobody else reads it. */
export function writeCells(flow: string): (result: WindowResult<Members>) => OutboxRecord {
  return function writeCells(result) {
    const { startMs, value } = result;
    const cells = Object.fromEntries(
      Object.entries(value.cells)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([cell, members]) => [cell, countsOf(members)]),
    );
    const { cityId, receivedAt } = value;
    const counts: CellCounts = { cityId, startMs, receivedAt, cells };
    const envelope = {
      id: resultId(flow, result),
      type: "marketplace.cells",
      source: "/hailstream/marketplace",
      time: new Date(startMs).toISOString(),
      subject: result.key,
      receivedAt,
    };
    const headers = envelopeHeaders(envelope);
    return { topic: cellTopic, key: cityId, value: Buffer.from(JSON.stringify(counts)), headers };
  };
}

/** Reads what {@link writeCells} wrote. */
export const readCells: Reader<CellCounts> = function readCells(record) {
  if (readEnvelope(record) === undefined || record.value === null)
    return deadLetter("stream_envelope_missing", "no counts of the marketplace");
  return forward(JSON.parse(record.value.toString()) as CellCounts);
};
