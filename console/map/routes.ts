import { Router } from "express";
import { z } from "zod";
import type { Queryable } from "../../store/index.ts";
import { listFormats } from "../lists/file-text.ts";
import { sendList } from "../lists/send-list.ts";
import { checked } from "../server/checked.ts";
import { createLand } from "./land.ts";
import type { MapPort } from "./port.ts";
import { readMap } from "./read-map.ts";

const hourMs = 3_600_000;
const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const minuteQuery = z.strictObject({
  /** The last so many milliseconds, or those before `to`. */
  last: z.coerce
    .number()
    .int()
    .min(60_000)
    .max(24 * hourMs)
    .default(6 * hourMs),
  ...{ to: moment.optional(), at: moment.optional(), city: z.string().max(200).optional() },
  format: z.enum(listFormats).optional(),
});
const degrees = (most: number) => z.coerce.number().min(-most).max(most);
const frameQuery = z.strictObject({
  ...{ west: degrees(180), east: degrees(180), south: degrees(90), north: degrees(90) },
});

/** Supply and demand by cell, and the coastlines and borders around them. No person is in it. */
export function mapRoutes({ db, port }: { readonly db: Queryable; readonly port: MapPort }): Router {
  const router = Router();
  const landIn = createLand();

  router.get("/minute", async (request, response) => {
    const { last, to = new Date(), format, ...wanted } = checked(minuteQuery, request.query);
    const read = await readMap(db, port, { ...wanted, from: new Date(to.getTime() - last), to });
    if (format === undefined) return void response.json(read);
    const minute = read.minute === null ? "" : new Date(read.minute).toISOString();
    const rows = read.cells.map(({ outline: _, ...line }) => ({ minute, city: read.city, ...line }));
    sendList(response, { name: "map", format }, rows, [
      "minute",
      "city",
      "cell",
      "drivers",
      "requests",
      "unmet",
      "surge",
    ]);
  });

  router.get("/land", async (request, response) => {
    response.json(await landIn(checked(frameQuery, request.query)));
  });
  return router;
}
