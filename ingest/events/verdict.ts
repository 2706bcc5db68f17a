import type { OutgoingRecord } from "../../kafka/index.ts";
import type { ErrorCode } from "../../runtime/index.ts";
import type { EventType, Violation } from "../../schemas/index.ts";

/** A valid event. It is to be stored; in an answer it means that it is. */
export type Accepted = {
  readonly outcome: "accepted";
  readonly id: string;
  readonly type: EventType;
  readonly schemaId: number;
  /** When it happened by the clock of the app, milliseconds since 1970. */
  readonly occurredAt: number;
  readonly record: OutgoingRecord;
  /** "local": on this server's disk only, on its way to Kafka. */
  readonly durability?: "local";
};

/** The same event was accepted before. */
export type Duplicate = {
  readonly outcome: "duplicate";
  readonly id: string;
  readonly type: EventType;
  readonly schemaId: number;
};

/** Rejected: the sender corrects it. Quarantined: the sender cannot; the original is kept for whoever can. */
export type Refused = {
  readonly outcome: "rejected" | "quarantined";
  /** When the event has one that is a text. */
  readonly id: string | undefined;
  /** When the event names one that exists. */
  readonly type: EventType | undefined;
  /** Of the schema that it was, or would have been, checked against; when the type is known. */
  readonly schemaId?: number;
  /** At least one. */
  readonly violations: readonly Violation[];
  /** Of what is quarantined; "local": it is on this server's disk only, on its way to Kafka. */
  readonly durability?: "local";
};

/** Nothing is wrong with the event, but it could not be taken now: the same event is to be sent again. */
export type Retry = {
  readonly outcome: "retry";
  readonly id: string | undefined;
  readonly type: EventType | undefined;
  readonly code: ErrorCode;
  /** When the reason says when to come again; otherwise the answer spreads clients at random. */
  readonly retryAfterMs?: number;
};

/** What is to become of one event, and after storing: what became of it. */
export type Verdict = Accepted | Duplicate | Refused | Retry;
export type Outcome = Verdict["outcome"];
