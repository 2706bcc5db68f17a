import { Router } from "express";
import { z } from "zod";
import { PipelineError } from "../../runtime/index.ts";
import { type EventType, exampleOf, type Schemas } from "../../schemas/index.ts";
import { groupsOfTopic } from "../kafka/rows.ts";
import type { ListPage } from "../kafka/shapes.ts";
import type { ClusterLook, ClusterWatch } from "../kafka/watch.ts";
import { listFormats } from "../lists/file-text.ts";
import { listQuery, pageOf, type Sorts, sortedRows } from "../lists/list.ts";
import { sendList } from "../lists/send-list.ts";
import { checked } from "../server/checked.ts";
import { checkPasted } from "./check.ts";
import type { IngestRates } from "./rates.ts";
import { differenceOf, fieldsOf, readVersions, schemaRow, type Version } from "./rows.ts";
import type { SchemaDetail, SchemaRow, SchemaWriter } from "./shapes.ts";

/** A flow of the stream processor: what it reads and where its results go. */
export type FlowOutline = {
  readonly group: string;
  readonly name: string;
  readonly source: string;
  readonly outputs: readonly string[];
};

export type SchemaRoutesParts = {
  readonly schemas: Schemas;
  readonly watch: ClusterWatch;
  readonly rates: IngestRates;
  readonly flows: readonly FlowOutline[];
};

const sorts = {
  worst: [({ trouble }) => (trouble === null ? 0 : 1), (row) => row.perMinute, (row) => row.name],
  name: [(row) => row.name],
  rate: [(row) => row.perMinute, (row) => row.name],
  topic: [(row) => row.topic, (row) => row.name],
  kind: [(row) => row.kind, (row) => row.name],
  class: [(row) => row.class, (row) => row.name],
  version: [(row) => row.version, (row) => row.name],
  fields: [(row) => row.fields, (row) => row.name],
  personal: [(row) => row.personal, (row) => row.name],
} satisfies Sorts<SchemaRow>;

const differenceQuery = z.object({ from: z.string().max(20).optional(), to: z.string().max(20).optional() });
const pasted = z.strictObject({ schema: z.string().max(200_000) });

/** The audit writes here by itself. */
const auditTopic = "pipeline-health";

/** Types of events: their versions and what changed, who writes and who reads them, and what a new version would mean. */
export function schemaRoutes({ schemas, watch, rates, flows }: SchemaRoutesParts): Router {
  const { catalogue } = schemas;
  const types = [...catalogue.types.values()];
  const router = Router();

  // The catalogue of a process stays as it was at its start, and so do these.
  const known = new Map<EventType, readonly Version[]>();
  function versionsOf(type: EventType): readonly Version[] {
    const versions = known.get(type) ?? readVersions(type);
    known.set(type, versions);
    return versions;
  }

  async function rows(look: ClusterLook): Promise<readonly SchemaRow[]> {
    const rateOf = await rates.read();
    return types.map((type) => schemaRow(type, versionsOf(type), perMinute(type, look, rateOf)));
  }

  /** What apps send is counted by ingest; what is derived, by its topic, where it is alone there. */
  function perMinute(type: EventType, look: ClusterLook, rateOf: ((type: string) => number) | undefined) {
    if (type.kind !== "derived") return rateOf?.(type.name) ?? null;
    const isAlone = types.every(({ name, topic }) => name === type.name || topic !== type.topic);
    const perSecond = isAlone ? look.rates.get(type.topic) : undefined;
    return perSecond === undefined ? null : perSecond * 60;
  }

  router.get("/", async (request, response) => {
    const query = checked(listQuery, request.query);
    const look = await watch.look();
    const all = await rows(look);
    const page: ListPage<SchemaRow> = {
      ...{ at: look.at, total: all.length, ...pageOf(sortedRows(all, query, sorts), query.page) },
      ...(look.problem === undefined ? {} : { problem: look.problem }),
    };
    response.json(page);
  });

  router.get("/export", async (request, response) => {
    const query = checked(listQuery.extend({ format: z.enum(listFormats) }), request.query);
    sendList(
      response,
      { name: "schemas", format: query.format },
      sortedRows(await rows(await watch.look()), query, sorts),
    );
  });

  router.get("/named/:name", async (request, response) => {
    const type = named(request.params.name);
    const query = checked(differenceQuery, request.query);
    const look = await watch.look();
    const versions = versionsOf(type);
    const { doc, fullName, enriched } = type;
    const topics = [type.topic, ...(enriched === undefined ? [] : [enriched.topic])];
    const detail: SchemaDetail = {
      ...{ at: look.at, doc, fullName, enrichedTopic: enriched?.topic ?? null },
      schema: schemaRow(type, versions, perMinute(type, look, await rates.read())),
      fields: fieldsOf(type),
      example: exampleOf(type),
      versions: versions.map(({ name }) => name),
      difference: differenceOf(versions, query),
      writers: writersOf(type),
      readers: topics.map((topic) => ({
        topic,
        groups: sortedRows(
          groupsOfTopic(look, topic),
          { name: "", sort: "worst" },
          { worst: [(row) => row.lagSeconds] },
        ),
      })),
    };
    response.json(detail);
  });

  router.post("/named/:name/check", (request, response) => {
    const type = named(String(request.params.name));
    const { schema } = checked(pasted, request.body);
    response.json(checkPasted(type, schema, { catalogue, versions: versionsOf(type) }));
  });

  return router;

  function named(name: string): EventType {
    const type = catalogue.types.get(name);
    if (type === undefined) throw new PipelineError("console_schema_unknown", { fields: { type: name } });
    return type;
  }

  function writersOf({ kind, topic, enriched }: EventType): readonly SchemaWriter[] {
    const byFlow = (of: string) =>
      flows
        .filter(({ outputs }) => outputs.includes(of))
        .map(({ name, source, group }): SchemaWriter => ({ name, source, group }));
    const apps = { name: "apps, by ingest", source: null, group: null };
    const audit = { name: "the audit", source: null, group: null };
    return [
      ...(kind === "derived" ? (topic === auditTopic ? [audit] : byFlow(topic)) : [apps]),
      ...(enriched === undefined ? [] : byFlow(enriched.topic)),
    ];
  }
}
