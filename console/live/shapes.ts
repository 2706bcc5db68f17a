/** What came of an event when it was read. */
export type EventStatus = "accepted" | "quarantined" | "dead-letter";

/** What may be personal. */
export type Content = {
  readonly key: string;
  /** JSON of the data, at most {@link maxDataChars} of it; empty where there is none to show. */
  readonly data: string;
};

/** An event in the list of the live page. Its own key and data are masked, for everybody. */
export type LiveEvent = Content & {
  /** Where its record is: with these it can be read again. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly status: EventStatus;
  readonly id: string;
  readonly type: string;
  /** RFC 3339, exactly as the app sent it. */
  readonly time: string;
  /** Milliseconds since 1970, when the record arrived in Kafka. */
  readonly arrivedAt: number;
  /** Why it is not accepted, or cannot be decoded. */
  readonly problem?: string;
  /** The same without masks, where that differs; only for the role operate. */
  readonly open?: Content;
};

export const maxDataChars = 4_000;

/** What a browser that follows hears ten times a second, when there is something. */
export type LiveBatch = {
  readonly events: readonly LiveEvent[];
  /** Since the browser follows with this filter: how many events came by, fitted, and were shown. */
  readonly seen: number;
  readonly matched: number;
  readonly shown: number;
};

/** `joining`: not reading yet. `reading`: everything from `since` on is read. */
export type LiveState =
  | { readonly state: "joining" }
  | { readonly state: "reading"; readonly since: number }
  | { readonly state: "broken"; readonly why: string };

/** An event with everything that is in its record. */
export type EventDetail = Omit<LiveEvent, "data" | "open"> & {
  /** Decoded; personal fields are masked for the role view. Absent where the bytes cannot be decoded. */
  readonly data?: unknown;
  /** `version` is that of the release; absent for a schema that was never released. */
  readonly schema?: { readonly name: string; readonly id: number; readonly version?: number };
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** The value of the record in base64, at most {@link maxShownBytes} of it; absent for the role view. */
  readonly bytes?: string;
  readonly size: number;
  /** Names of the fields that are masked. */
  readonly masked: readonly string[];
};

export const maxShownBytes = 4_096;

/** Where an event is and was, in words. */
export type TraceAnswer = {
  readonly outcome: "stored" | "waiting" | "rejected" | "lost" | "unknown";
  readonly verdict: string;
  readonly steps: readonly { readonly at: number | null; readonly station: string; readonly words: string }[];
  readonly hints: readonly string[];
};

/** Stands where a personal value is not shown. */
export const maskText = "(personal, masked)";
