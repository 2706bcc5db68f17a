import type { Logger } from "../runtime/index.ts";
import type { Schemas } from "../schemas/index.ts";
import type { HandlingParts } from "./handle-events.ts";
import type { Identity } from "./identity/identity.ts";
import type { Origin } from "./identity/origin.ts";
import type { Admission } from "./overload/admission.ts";
import type { Gate } from "./overload/gate.ts";
import type { Turns } from "./overload/turns.ts";
import type { Streams } from "./streams.ts";
import type { Tracing } from "./tracing/tracing.ts";

/** What the routes are made of. */
export type RouteParts = HandlingParts & {
  /** Who sends a request, and who may have tokens for devices. */
  readonly identity: Pick<Identity, "identify" | "minterOf">;
  readonly admission: Admission;
  /** Absent: everything may come in. */
  readonly gate?: Gate;
  readonly turns: Turns;
  /** Absent: where a request comes from does not matter. */
  readonly origin?: Origin;
  /** Reads Avro in Confluent framing; see {@link Schemas.decode}. */
  readonly decode: Schemas["decode"];
  /** The types that the events of Segment's clients may mean; see `typeNamesOf`. */
  readonly typeNames: ReadonlyMap<string, string>;
  readonly streams: Pick<Streams, "open" | "close">;
  /** Absent: nothing is traced. */
  readonly tracing?: Pick<Tracing, "follows">;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 0 up to 1, for the spread of Retry-After. */
  readonly random: () => number;
};
