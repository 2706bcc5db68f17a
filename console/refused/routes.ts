import { type Request, type Response, Router } from "express";
import { z } from "zod";
import { type ErrorCode, errorTable } from "../../runtime/index.ts";
import type { Catalogue } from "../../schemas/index.ts";
import { listFormats } from "../lists/file-text.ts";
import { checked } from "../server/checked.ts";
import type { EventStreams } from "../server/event-stream.ts";
import { roleOf } from "../server/sign-in.ts";
import { actRoutes } from "./act-routes.ts";
import type { Acts } from "./acts.ts";
import { exportRefused } from "./export.ts";
import { filterOf, filterShape } from "./filter.ts";
import { createMasking } from "./personal.ts";
import type { RefusedPort } from "./port.ts";
import { countRejected } from "./rejected.ts";
import type { GroupKey, Groups, Items, Meaning, OneItem } from "./shapes.ts";

export type RefusedParts = {
  readonly port: RefusedPort;
  readonly acts: Acts;
  readonly streams: EventStreams;
  readonly catalogue: Catalogue;
  readonly stations: readonly { readonly name: string; readonly url: string }[];
};

const shownGroups = 200;
const shownItems = 50;

/** What the page about refused events asks, below /api/refused. Personal fields are masked for the role view. */
export function refusedRoutes({ port, acts, streams, catalogue, stations }: RefusedParts): Router {
  const router = Router();
  const masking = createMasking(catalogue);
  const isMasked = (response: Response) => roleOf(response) !== "operate";
  const filterIn = (request: Request) => filterOf(checked(filterShape, request.query));

  router.get("/groups", async (request, response) => {
    const filter = filterIn(request);
    const [kept, rejected] = await Promise.all([port.groups(filter), countRejected(stations, filter)]);
    const groups = [...kept.groups, ...rejected.groups].sort((a, b) => (b.last ?? 0) - (a.last ?? 0));
    const shown = groups.slice(0, shownGroups);
    const answer: Groups = {
      at: Date.now(),
      groups: isMasked(response) ? shown.map(masking.group) : shown,
      cut: groups.length > shown.length,
      meanings: meaningsOf(shown),
      unknown: [...kept.unknown, ...rejected.unknown],
    };
    response.json(answer);
  });

  router.get("/items", async (request, response) => {
    const { before, ...given } = checked(filterShape.extend({ before: z.string().optional() }), request.query);
    const filter = filterOf(given);
    // One more than is shown tells whether there are more.
    const [found, { groups }] = await Promise.all([
      port.list(filter, shownItems + 1, before),
      port.groups({ ...filter, condition: "all" }),
    ]);
    const items = found.slice(0, shownItems);
    const [group = null] = groups.length === 1 ? groups : [];
    const answer: Items = {
      items: isMasked(response) ? items.map(masking.item) : items,
      next: found.length > shownItems ? (items.at(-1)?.id ?? null) : null,
      waiting: groups.reduce((sum, each) => sum + each.waiting, 0),
      group: group !== null && isMasked(response) ? masking.group(group) : group,
      meanings: meaningsOf([...items, ...groups]),
    };
    response.json(answer);
  });

  router.get("/item", async (request, response) => {
    const whole = await port.find(checked(z.strictObject({ id: z.string().max(500) }), request.query).id);
    const masked = isMasked(response);
    const item = masked ? masking.whole(whole) : whole;
    response.json({ item, masked, meanings: meaningsOf([whole, ...whole.faults]) } satisfies OneItem);
  });

  router.get("/export", async (request, response) => {
    const { format, ...given } = checked(filterShape.extend({ format: z.enum(listFormats) }), request.query);
    await exportRefused(port, masking, filterOf(given), format, response);
  });
  router.use(actRoutes({ acts, port, streams }));
  return router;
}

function meaningsOf(coded: readonly Pick<GroupKey, "code">[]): Readonly<Record<string, Meaning>> {
  const known = new Set(coded.map(({ code }) => code).filter((code) => code in errorTable));
  return Object.fromEntries(
    [...known].map((code) => {
      const { title, remedy } = errorTable[code as ErrorCode];
      return [code, { title, remedy }];
    }),
  );
}
