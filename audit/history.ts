/** One try of an app to have an event accepted. Times are of one clock, in milliseconds. */
export type Attempt = {
  readonly id: string;
  /** What orders events: those of one key belong in one partition, in the order in which the app sent them. */
  readonly key: string;
  readonly sentAt: number;
  /** What the front door answered, and when the app had the answer; absent: it never came, so anything may have become of the event. */
  readonly answer?: { readonly status: AnswerStatus; readonly at: number };
};

export type AnswerStatus = "accepted" | "duplicate" | "rejected" | "quarantined" | "retry";

/** One record of a topic that carries events, as a reader from the beginning has it. */
export type Carried = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly id: string;
};

/** One record as a consumer was given it, in the order in which it got them. */
export type Polled = Carried & {
  readonly consumer: string;
  /** Raised by each join of the group: a member may begin again, or further on, only behind one. */
  readonly generation: number;
};

/** How far a consumer says that it has come. */
export type Progress = {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
};

/** What was seen of one run, when everything had time to come to rest. */
export type History = {
  readonly attempts: readonly Attempt[];
  readonly carried: readonly Carried[];
  readonly polled: readonly Polled[];
  readonly progress: readonly Progress[];
  /** The ids of all rows, as often as they are there. */
  readonly rows: readonly string[];
  /** The ids of events that lie in a dead-letter place. */
  readonly deadLetters: readonly string[];
  /** The ids of events that receivers of webhooks are to hear of. */
  readonly toDeliver: readonly string[];
  /** The posts that receivers of webhooks got; a repeated post has the delivery id of the first. */
  readonly delivered: readonly { readonly deliveryId: string; readonly eventId: string }[];
};

export type AnomalyKind =
  | "lost"
  | "duplicated"
  | "phantom"
  | "reordered"
  | "acknowledged-but-not-durable"
  | "inconsistent-offsets"
  | "skipped"
  | "stuck";

/** One thing that a promise of the pipeline rules out. */
export type Anomaly = {
  readonly kind: AnomalyKind;
  /** Where it shows: a topic and partition, a consumer, `rows`, `deliveries`. */
  readonly where: string;
  /** The event, where it is one. */
  readonly id?: string;
  readonly detail: string;
};
