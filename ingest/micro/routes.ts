import type { Express, Request, Response } from "express";
import { PipelineError } from "../../runtime/index.ts";
import type { Catalogue } from "../../schemas/index.ts";
import { problemOf } from "../answers/problems.ts";
import type { Group, KeptEvents } from "./kept.ts";
import { readQuery } from "./query.ts";

export type MicroRouteParts = {
  readonly kept: KeptEvents;
  readonly catalogue: Catalogue;
  readonly docsUrl: string;
  /** Forgets everything that was sent. */
  reset(): void;
};

const groups: readonly Group[] = ["all", "good", "bad"];

/** GET /micro/all, /micro/good, /micro/bad; GET or POST /micro/reset. */
export function addMicroRoutes(app: Express, parts: MicroRouteParts): void {
  const { kept, docsUrl } = parts;
  const refuse = (response: Response, error: unknown) => {
    const problem = problemOf(error, docsUrl);
    response.status(problem.status).type("application/problem+json").send(JSON.stringify(problem));
  };
  for (const group of groups) {
    app.get(`/micro/${group}`, (request, response) => {
      answer(group, request, response, parts).catch((error: unknown) => refuse(response, error));
    });
  }
  for (const method of ["get", "post"] as const) {
    app[method]("/micro/reset", (_request, response) => {
      parts.reset();
      response.json(kept.counts());
    });
  }
  app.all(["/micro/reset", ...groups.map((group) => `/micro/${group}`)], (request, response) => {
    response.setHeader("allow", request.path === "/micro/reset" ? "GET, POST" : "GET");
    refuse(response, new PipelineError("request_method_unsupported", { fields: { method: request.method } }));
  });
}

async function answer(
  group: Group,
  request: Request,
  response: Response,
  { kept, catalogue }: MicroRouteParts,
): Promise<void> {
  const { filter, count, waitMs, limit } = readQuery(request.query, group, catalogue);
  if (waitMs > 0) {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    await kept.wait(group, filter, count, AbortSignal.any([gone.signal, AbortSignal.timeout(waitMs)]));
  }
  const found = kept.list(group, filter);
  const shown = found.slice(0, limit);
  const head = JSON.stringify({ ...kept.counts(), matching: found.length }).slice(0, -1);
  const pieces = shown.flatMap(({ json }, index) => (index === 0 ? [json] : [comma, json]));
  response.type("application/json").send(Buffer.concat([Buffer.from(`${head},"events":[`), ...pieces, end]));
}

const comma = Buffer.from(",");
const end = Buffer.from("]}");
