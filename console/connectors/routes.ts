import { type Request, type Response, Router } from "express";
import { z } from "zod";
import { messageOf } from "../../runtime/index.ts";
import { noteAction, type Queryable } from "../../store/index.ts";
import type { ListPage } from "../kafka/shapes.ts";
import { listFormats } from "../lists/file-text.ts";
import { listQuery, pageOf, type Sorts, sortedRows } from "../lists/list.ts";
import { sendList } from "../lists/send-list.ts";
import { checked } from "../server/checked.ts";
import { needsOperate, whoActs } from "../server/sign-in.ts";
import { actionPrefix, type ConnectorSources, readConnector, readConnectors } from "./read.ts";
import { type ConnectorRow, type ConnectorVerb, connectorVerbs } from "./shapes.ts";

const sorts = {
  worst: [
    ({ trouble }) => (trouble === null ? 0 : 1),
    ({ state }) => (state === "RUNNING" ? 0 : 1),
    (row) => row.lagSeconds,
    (row) => row.name,
  ],
  name: [(row) => row.name],
  kind: [(row) => row.kind, (row) => row.name],
  state: [(row) => row.state, (row) => row.name],
  tasks: [(row) => row.tasks, (row) => row.name],
  lag: [(row) => row.lagRecords, (row) => row.name],
  wait: [(row) => row.lagSeconds, (row) => row.name],
} satisfies Sorts<ConnectorRow>;

const offset = z.number().int().min(0);
/** Where a connector goes on: from these places, or from the beginning of everything. */
const moveBody = z.union([
  z.strictObject({ topic: z.string().max(249), partition: z.number().int().min(0), offset }),
  z.strictObject({ reset: z.literal(true) }),
]);

/** Connectors: what they do, and what an operator asks of them. Each thing that is asked leaves a line in pipeline.actions. */
export function connectorRoutes(sources: ConnectorSources & { readonly db: Queryable }): Router {
  const { port, db } = sources;
  const router = Router();

  router.get("/", async (request, response) => {
    const query = checked(listQuery, request.query);
    const at = Date.now();
    const rows = (await readConnectors(sources)).map(({ connector }) => connector);
    const page: ListPage<ConnectorRow> = {
      ...{ at, total: rows.length, ...pageOf(sortedRows(rows, query, sorts), query.page) },
    };
    response.json(page);
  });

  router.get("/export", async (request, response) => {
    const query = checked(listQuery.extend({ format: z.enum(listFormats) }), request.query);
    const rows = (await readConnectors(sources)).map(({ connector }) => connector);
    const flat = sortedRows(rows, query, sorts).map(({ last, ...row }) => ({
      ...row,
      ...{ last: last?.what ?? null, last_by: last?.by ?? null },
      last_at: last === null ? null : new Date(last.at).toISOString(),
    }));
    sendList(response, { name: "connectors", format: query.format }, flat);
  });

  router.get("/named/:name", async (request, response) => {
    response.json(await readConnector(sources, request.params.name));
  });

  router.post("/named/:name/offsets", needsOperate, async (request, response) => {
    const name = String(request.params.name);
    const move = checked(moveBody, request.body);
    const offsets = "reset" in move ? "all from the beginning" : `${move.topic}:${move.partition} to ${move.offset}`;
    await noted(request, response, { name, action: "offsets", details: { offsets } }, () =>
      "reset" in move
        ? port.ask("DELETE", ["connectors", name, "offsets"])
        : port.ask("PATCH", ["connectors", name, "offsets"], {
            offsets: [
              {
                partition: { kafka_topic: move.topic, kafka_partition: move.partition },
                offset: { kafka_offset: move.offset },
              },
            ],
          }),
    );
  });

  router.post("/named/:name/:verb", needsOperate, async (request, response) => {
    const name = String(request.params.name);
    const verb = checked(z.enum(connectorVerbs), request.params.verb);
    await noted(request, response, { name, action: verb, details: {} }, () => asked(name, verb));
  });

  return router;

  /** Does it and answers with what the connector does then. What is refused leaves its line, too. */
  async function noted(
    request: Request,
    response: Response,
    { name, action, details }: { name: string; action: string; details: Readonly<Record<string, unknown>> },
    act: () => Promise<unknown>,
  ): Promise<void> {
    const line = { by: whoActs(request, response), action: `${actionPrefix}${action}`, subject: name };
    const before = await readConnector(sources, name);
    const from = before.connector.state;
    try {
      await act();
    } catch (error) {
      await noteAction(db, { ...line, details: { ...details, from, refusal: messageOf(error) } });
      throw error;
    }
    await noteAction(db, { ...line, details: { ...details, from } });
    response.json(await readConnector(sources, name));
  }

  async function asked(name: string, verb: ConnectorVerb): Promise<void> {
    const path = ["connectors", name];
    if (verb === "restart") await port.ask("POST", [...path, "restart"]);
    else if (verb !== "restart-failed") await port.ask("PUT", [...path, verb]);
    else {
      const { tasks } = await readConnector(sources, name);
      for (const { id, state } of tasks) {
        if (state === "FAILED") await port.ask("POST", [...path, "tasks", String(id), "restart"]);
      }
    }
  }
}
