import { headerText, type KafkaRecord, type OutgoingRecord } from "../../kafka/index.ts";
import type { Reader } from "../flow.ts";
import { forward } from "../step.ts";

const brand = Symbol("announcement");

/**
 * What a partition of a flow tells those who read its output: how far its event time has come. Behind it in their partition nothing older comes
 * from there, unless it is late already where it was made.
 */
export type Announcement = {
  readonly [brand]: true;
  /** The flow that tells it, and which of how many partitions of its source. */
  readonly flow: string;
  readonly partition: number;
  readonly of: number;
  /** Ms since 1970; -Infinity when nothing was read there yet. */
  readonly watermarkMs: number;
  /** Nothing is to be expected from there for the time being, so nobody should wait for it. */
  readonly resting: boolean;
};

export function announcement(parts: Omit<Announcement, typeof brand>): Announcement {
  return { [brand]: true, ...parts };
}

export function isAnnouncement(record: unknown): record is Announcement {
  return typeof record === "object" && record !== null && brand in record;
}

/** The record of an announcement for one partition of a topic: headers alone. */
export function announcementRecord(told: Announcement, partition: number): OutgoingRecord {
  const headers = {
    watermark_flow: told.flow,
    watermark_partition: String(told.partition),
    watermark_of: String(told.of),
    watermark_ms: Number.isFinite(told.watermarkMs) ? String(told.watermarkMs) : "none",
    watermark_resting: String(told.resting),
  };
  return { key: null, value: null, headers, partition };
}

/** A reader of a topic with announcements in it: they pass as what they are, other records go through `read`. */
export function readAnnounced<T>(read: Reader<T>): Reader<T> {
  const named: Reader<T> = (record, origin) => {
    const told = announcementOf(record);
    // The engine knows an announcement from what steps work on, and never hands it to one.
    return told === undefined ? read(record, origin) : forward(told as never);
  };
  return Object.defineProperty(named, "name", { value: read.name });
}

function announcementOf(record: KafkaRecord): Announcement | undefined {
  const flow = headerText(record, "watermark_flow");
  if (flow === undefined) return undefined;
  const watermark = headerText(record, "watermark_ms");
  return announcement({
    flow,
    partition: Number(headerText(record, "watermark_partition")),
    of: Number(headerText(record, "watermark_of")),
    watermarkMs: watermark === "none" ? Number.NEGATIVE_INFINITY : Number(watermark),
    resting: headerText(record, "watermark_resting") === "true",
  });
}
