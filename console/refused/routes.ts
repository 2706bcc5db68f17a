import { type Request, type Response, Router } from "express";
import { z } from "zod";
import { type ErrorCode, errorTable } from "../../runtime/index.ts";
import type { Catalogue } from "../../schemas/index.ts";
import { checked } from "../server/checked.ts";
import { roleOf } from "../server/sign-in.ts";
import { exportRefused } from "./export.ts";
import { createMasking } from "./personal.ts";
import type { RefusedFilter, RefusedPort } from "./port.ts";
import { countRejected } from "./rejected.ts";
import { conditions, type GroupKey, type Groups, type Items, kinds, type Meaning, type OneItem } from "./shapes.ts";

export type RefusedParts = {
  readonly port: RefusedPort;
  readonly catalogue: Catalogue;
  readonly stations: readonly { readonly name: string; readonly url: string }[];
};

const shownGroups = 200;
const shownItems = 50;

/** One value or several, as a query has them. */
const list = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value));
const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
/** `24h` ago, or a time. */
const time = z.string().transform((text, context) => {
  const [, amount, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const at = amount === undefined ? Date.parse(text) : Date.now() - Number(amount) * (units[unit] ?? 0);
  if (Number.isFinite(at)) return new Date(at);
  context.addIssue("expected a time such as 2026-11-22T21:00:00Z, or how long ago: 90m, 24h, 7d");
  return z.NEVER;
});

/** The addresses of the page have the same names. */
export const filterShape = z.strictObject({
  kind: z.enum(kinds).optional(),
  id: list.optional(),
  code: list.optional(),
  type: list.optional(),
  source: list.optional(),
  schema: list
    .pipe(z.array(z.union([z.literal("none").transform(() => null), z.coerce.number<string>().int()])))
    .optional(),
  consumer: list.optional(),
  topic: list.optional(),
  state: z.enum(conditions).default("waiting"),
  since: time.optional(),
  until: time.optional(),
});

export function filterOf(given: z.output<typeof filterShape>): RefusedFilter {
  const { kind, id, code, type, source, schema, consumer, topic, state, since, until } = given;
  return {
    ...{ kinds: kind === undefined ? undefined : [kind], ids: id, codes: code, types: type, sources: source },
    ...{ schemaIds: schema, consumers: consumer, topics: topic, condition: state, since, until },
  };
}

/** What the page about refused events asks, below /api/refused. Personal fields are masked for the role view. */
export function refusedRoutes({ port, catalogue, stations }: RefusedParts): Router {
  const router = Router();
  const masking = createMasking(catalogue);
  const isMasked = (response: Response) => roleOf(response) !== "operate";
  const filterIn = (request: Request) => filterOf(checked(filterShape, request.query));

  router.get("/groups", async (request, response) => {
    const filter = filterIn(request);
    const [kept, rejected] = await Promise.all([port.groups(filter), countRejected(stations, filter)]);
    const groups = [...kept, ...rejected.groups].sort((a, b) => (b.last ?? 0) - (a.last ?? 0));
    const shown = groups.slice(0, shownGroups);
    const answer: Groups = {
      at: Date.now(),
      groups: isMasked(response) ? shown.map(masking.group) : shown,
      cut: groups.length > shown.length,
      meanings: meaningsOf(shown),
      rejectedUnknown: rejected.unknown,
    };
    response.json(answer);
  });

  router.get("/items", async (request, response) => {
    const { before, ...given } = checked(filterShape.extend({ before: z.string().optional() }), request.query);
    const filter = filterOf(given);
    // One more than is shown tells whether there are more.
    const [found, groups] = await Promise.all([
      port.list(filter, shownItems + 1, before),
      port.groups({ ...filter, condition: "all" }),
    ]);
    const items = found.slice(0, shownItems);
    const [group = null] = groups.length === 1 ? groups : [];
    const answer: Items = {
      items: isMasked(response) ? items.map(masking.item) : items,
      next: found.length > shownItems ? (items.at(-1)?.id ?? null) : null,
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
    const { format, ...given } = checked(filterShape.extend({ format: z.enum(["csv", "jsonl"]) }), request.query);
    await exportRefused(port, masking, filterOf(given), format, response);
  });
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
