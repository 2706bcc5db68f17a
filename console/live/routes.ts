import { Router } from "express";
import { z } from "zod";
import type { KafkaConnection } from "../../kafka/index.ts";
import { type Logger, PipelineError } from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import { checked } from "../server/checked.ts";
import type { EventStreams } from "../server/event-stream.ts";
import { roleOf } from "../server/sign-in.ts";
import { detailOf } from "./describe.ts";
import { filterShape } from "./filter.ts";
import { followLive } from "./follow.ts";
import { readOne } from "./read-one.ts";
import type { TraceAnswer } from "./shapes.ts";
import type { Tail } from "./tail.ts";
import { statusOf } from "./topics.ts";

/** Tells where an event is and was. @param seesAll false: nothing that may quote values of the event */
export type TraceEvent = (eventId: string, seesAll: boolean) => Promise<TraceAnswer>;

export type LiveParts = {
  readonly tail: Tail;
  readonly streams: EventStreams;
  readonly connection: KafkaConnection;
  readonly schemas: Schemas;
  /** Records of these may be looked at. */
  readonly topics: readonly string[];
  readonly trace: TraceEvent;
  readonly log: Logger;
};

const placeShape = z.object({
  topic: z.string().max(249),
  partition: z.coerce.number().int().min(0).max(1_000_000),
  offset: z
    .string()
    .regex(/^\d{1,18}$/, "decimal digits")
    .transform(BigInt),
});
const idShape = z.object({ id: z.string().min(1).max(500) });

/** Below /api/live: events as they arrive, one event whole, and its way. */
export function liveRoutes(parts: LiveParts): Router {
  const { topics, schemas, trace } = parts;
  const router = Router();
  router.get("/", (request, response) => {
    const filter = checked(filterShape, request.query);
    followLive(parts, parts.streams.open(request, response), filter, roleOf(response) === "operate");
  });
  router.get("/records/:topic/:partition/:offset", async (request, response) => {
    const place = checked(placeShape, request.params);
    const { topic, partition } = place;
    const record = topics.includes(topic) ? await readOne(parts, place) : undefined;
    if (record === undefined) throw new PipelineError("console_record_unknown", { fields: { topic } });
    const seesAll = roleOf(response) === "operate";
    response.json(await detailOf({ topic, partition, record }, statusOf(topic), schemas, seesAll));
  });
  router.get("/trace/:id", async (request, response) => {
    const { id } = checked(idShape, request.params);
    response.json(await trace(id, roleOf(response) === "operate"));
  });
  return router;
}
