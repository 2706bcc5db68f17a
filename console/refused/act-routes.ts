import { type Response, Router } from "express";
import { z } from "zod";
import { checked } from "../server/checked.ts";
import type { EventStreams } from "../server/event-stream.ts";
import { needsOperate, roleOf } from "../server/sign-in.ts";
import { type Act, type Correction, deeds } from "./act-shapes.ts";
import type { Acts } from "./acts.ts";
import { filterOf, filterShape } from "./filter.ts";
import { mask } from "./personal.ts";
import type { RefusedPort } from "./port.ts";

const pointer = z.string().max(1_000);
const correction = z.union([
  z.strictObject({
    edits: z
      .array(
        z.discriminatedUnion("kind", [
          z.strictObject({ kind: z.literal("set"), pointer, value: z.json() }),
          z.strictObject({ kind: z.literal("unset"), pointer }),
          z.strictObject({ kind: z.literal("move"), from: pointer, to: pointer }),
        ]),
      )
      .max(100),
    newId: z.boolean(),
  }),
  z.strictObject({ event: z.record(z.string(), z.json()), before: z.base64() }),
]);

const orderShape = z.strictObject({
  /** Made by the page for each press that is meant, so that a press which arrives twice is one. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  deed: z.enum(deeds),
  filter: filterShape,
  dryRun: z.boolean(),
  by: z.string().trim().min(1).max(100),
  correction: correction.optional(),
  newId: z.boolean().optional(),
  vouch: z.boolean().optional(),
  revive: z.boolean().optional(),
  overwrite: z.boolean().optional(),
});

/** A page hears of changes so often at the most. */
const tellEveryMs = 200;
const shownRecords = 100;

type Parts = { readonly acts: Acts; readonly port: Pick<RefusedPort, "records">; readonly streams: EventStreams };

/** What is done about refused events, below /api/refused: orders are for the role operate, looking on is for all. */
export function actRoutes({ acts, port, streams }: Parts): Router {
  const router = Router();
  const shownTo = (response: Response) => (roleOf(response) === "operate" ? (act: Act) => act : masked);

  router.post("/acts", needsOperate, (request, response) => {
    const { id, filter, by, correction: given, ...order } = checked(orderShape, request.body);
    const kinds = [order.deed === "redrive" ? ("dead" as const) : ("quarantined" as const)];
    const act = acts.begin(id, {
      ...order,
      filter: { ...filterOf(filter), kinds },
      by: `${by} (console)`,
      ...(given === undefined ? {} : { correction: given as Correction }),
    });
    response.status(202).json(act);
  });
  router.get("/acts", (_request, response) => void response.json(acts.list().map(shownTo(response))));
  router.get("/acts/:id", (request, response) => void response.json(shownTo(response)(acts.find(request.params.id))));
  router.delete("/acts/:id", needsOperate, (request, response) => {
    response.status(202).json(acts.cancel(String(request.params.id)));
  });
  router.get("/acts/:id/events", (request, response) => {
    const { id } = request.params;
    // Unknown is told before the stream begins.
    acts.find(id);
    const shown = shownTo(response);
    const stream = streams.open(request, response);
    let latest: Act | undefined;
    const tell = () => {
      // A slow browser gets the state of the time when it takes one again.
      if (latest !== undefined && stream.send("act", shown(latest))) latest = undefined;
    };
    const timer = setInterval(tell, tellEveryMs);
    const leave = acts.follow(id, (act) => {
      latest = act;
    });
    tell();
    stream.onEnd(() => {
      clearInterval(timer);
      leave();
    });
  });
  router.get("/records", async (_request, response) => void response.json(await port.records(shownRecords)));
  return router;
}

/** What a door or a database said of an event may quote it. */
function masked(act: Act): Act {
  const outcomes = act.outcomes.map((each) => ({ ...each, message: each.message === null ? null : mask }));
  return { ...act, outcomes };
}
