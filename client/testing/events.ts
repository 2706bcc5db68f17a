/** An event as it was sent: CloudEvents 1.0. */
export type SentEvent<Data = Record<string, unknown>> = {
  readonly specversion: string;
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly time: string;
  readonly subject?: string;
  readonly data: Data;
};

/** An event that the pipeline would have stored. */
export type GoodEvent<Data = Record<string, unknown>> = {
  /** Its place among all that came. */
  readonly sequence: number;
  readonly received_at: string;
  readonly status: "accepted";
  readonly id: string;
  readonly type: string;
  readonly event: SentEvent<Data>;
  /** What Kafka gets, read back from its Avro: with all fields, times in milliseconds since 1970. */
  readonly stored: {
    readonly topic: string;
    readonly key: string;
    readonly schema_id: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly data: Readonly<Record<string, unknown>>;
  };
  readonly warnings?: readonly string[];
};

/** One thing that is wrong with an event. */
export type Reason = {
  readonly code: string;
  readonly pointer?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly message?: string;
};

/** An event that would not be in the tables, or a request (`refused`) that was not taken as a whole. */
export type BadEvent = {
  readonly sequence: number;
  readonly received_at: string;
  readonly status: "rejected" | "quarantined" | "refused";
  readonly id?: string;
  readonly type?: string;
  readonly code: string;
  /** As it was sent; where it is no JSON, or very long, `sent_text` is there instead. */
  readonly event?: Partial<SentEvent>;
  readonly sent_text?: string;
  /** The answer to the event, with everything that is wrong in `violations` when it is more than one thing. */
  readonly result?: Reason & { readonly violations?: readonly Reason[]; readonly docs: string };
  /** Of `refused`: the request and the answer to it. */
  readonly request?: { readonly method: string; readonly path: string; readonly body?: string };
  readonly problem?: {
    readonly code: string;
    readonly title: string;
    readonly detail: string;
    readonly status: number;
  };
  readonly warnings?: readonly string[];
};

/** Anything that came, also `duplicate` and `retry`. */
export type AnyEvent = Omit<BadEvent, "status" | "code"> & {
  readonly status: GoodEvent["status"] | BadEvent["status"] | "duplicate" | "retry";
  readonly code?: string;
  readonly stored?: GoodEvent["stored"];
};

/** What came since the last reset. */
export type Counts = {
  readonly total: number;
  readonly good: number;
  readonly bad: number;
  readonly quarantined: number;
  readonly duplicate: number;
  readonly retry: number;
  readonly kept: number;
  /** Came, but is not kept any more. */
  readonly dropped: number;
};

/** The answer of /micro/all, /micro/good and /micro/bad. */
export type Page<E> = Counts & { readonly matching: number; readonly events: readonly E[] };

/** The line that says what is wrong with a bad event. */
export function reasonText({ status, id, type, result, problem, request, code }: BadEvent): string {
  if (problem !== undefined) {
    return `${request?.method} ${request?.path} was refused: ${problem.title} ${problem.detail} [${code}]`;
  }
  const reasons = (result?.violations ?? (result === undefined ? [] : [result])).map(
    ({ pointer = "", message = "", expected, got }) =>
      message.startsWith("/data") ? message : `${pointer}: ${message} Expected ${expected}, got ${got}`,
  );
  return `${type ?? "an event"} ${id ?? "without an id"} was ${status}: ${reasons.join("; ")} [${code}]`;
}
