import express, { type ErrorRequestHandler, type Express, type Request, type Response, Router } from "express";
import {
  bodyReader,
  type ErrorCode,
  guardApi,
  type Logger,
  PipelineError,
  processPaths,
  refusalOf,
  refuseMethods,
} from "../../runtime/index.ts";
import { connectorClasses, keysOf, readConfig } from "../connectors/config.ts";
import type { ConnectorControl } from "../connectors/control.ts";
import type { Loggers } from "../connectors/loggers.ts";
import { transformKinds } from "../transforms/chain.ts";
import { predicateKinds } from "../transforms/predicates.ts";
import {
  configBody,
  configInfos,
  configPatchBody,
  connectorInfo,
  connectorOffsets,
  connectorStatus,
  createBody,
  keyInfo,
  levelBody,
  offsetsBody,
  pluginInfo,
  taskInfos,
  taskStatus,
} from "./shapes.ts";

export type ApiParts = {
  readonly control: ConnectorControl;
  readonly loggers: Loggers;
  readonly apiKey: string | undefined;
  readonly log: Logger;
  worker(): string;
  /** Whether connectors can be asked about yet. */
  isStarted(): boolean;
  /** What is not as it should be, by name and reason. */
  waiting(): Readonly<Record<string, string>>;
  /** The id of the Kafka cluster, for the answer about this server. */
  clusterId(): Promise<string>;
};

const statuses: Partial<Readonly<Record<ErrorCode, number>>> = {
  connector_invalid: 400,
  connector_request_invalid: 400,
  connector_not_stopped: 400,
  connector_offset_invalid: 400,
  connector_key_refused: 403,
  connector_unknown: 404,
  connector_task_unknown: 404,
  connector_plugin_unknown: 400,
  connector_logger_unknown: 404,
  connector_level_unknown: 404,
  connector_path_unknown: 404,
  connector_method_unsupported: 405,
  kafka_topic_missing: 400,
  connector_exists: 409,
  connector_in_file: 409,
  connector_busy: 409,
  kafka_group_active: 409,
};

/** Adds the management of connectors, with the paths, statuses and shapes of Kafka Connect's REST API, so that its tools work. */
export function addConnectorRoutes(app: Express, parts: ApiParts): void {
  const { control, loggers } = parts;
  const api = Router();
  const guarded = guardApi(parts.apiKey, "connector_key_refused");
  const json = express.json({ limit: "256kb", strict: false });

  api.get("/", async (_request, response) => {
    response.json({ version: "hailstream 0.1.0", commit: "unknown", kafka_cluster_id: await parts.clusterId() });
  });

  api.get("/health", (_request, response) => {
    const waiting = Object.entries(parts.waiting());
    if (waiting.length === 0) response.json({ status: "healthy", message: "Every connector is as it is wanted." });
    else {
      const message = waiting.map(([name, reason]) => `${name}: ${reason}`).join("; ");
      response.status(503).json({ status: parts.isStarted() ? "unhealthy" : "starting", message });
    }
  });

  api
    .route("/connectors")
    .get(async (request, response) => {
      const views = await control.list();
      const expands = [request.query.expand].flat();
      if (!expands.includes("status") && !expands.includes("info")) {
        response.json(views.map(({ config }) => config.name));
        return;
      }
      const entries = views.map((view) => {
        const status = expands.includes("status") ? { status: connectorStatus(view, parts.worker()) } : {};
        const info = expands.includes("info") ? { info: connectorInfo(view) } : {};
        return [view.config.name, { ...status, ...info }] as const;
      });
      response.json(Object.fromEntries(entries));
    })
    .post(async (request, response) => {
      const body = bodyOf(request, createBody);
      const name = body.name.trim();
      requireSameName(name, body.config);
      const view = await control.create(name, body.config, body.initial_state);
      response
        .status(201)
        .location(`/connectors/${encodeURIComponent(name)}`)
        .json(connectorInfo(view));
    });

  api
    .route("/connectors/:name")
    .get(async (request, response) => void response.json(connectorInfo(await control.get(nameOf(request)))))
    .delete(async (request, response) => {
      await control.remove(nameOf(request));
      response.status(204).end();
    });

  api
    .route("/connectors/:name/config")
    .get(async (request, response) => void response.json((await control.get(nameOf(request))).config.flat))
    .put((request, response) => putConfig(nameOf(request), bodyOf(request, configBody), response))
    .patch(async (request, response) => {
      const { config } = await control.get(nameOf(request));
      const changed = { ...config.flat, ...bodyOf(request, configPatchBody) };
      const kept = Object.entries(changed).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
      await putConfig(nameOf(request), Object.fromEntries(kept), response);
    });

  async function putConfig(name: string, config: Readonly<Record<string, string>>, response: Response): Promise<void> {
    requireSameName(name, config);
    const view = await control.put(name, config);
    if (view.created) response.status(201).location(`/connectors/${encodeURIComponent(name)}`);
    response.json(connectorInfo(view));
  }

  const status = async (name: string) => connectorStatus(await control.get(name), parts.worker());
  api.get("/connectors/:name/status", async (request, response) => void response.json(await status(nameOf(request))));

  const move = (verb: string, state: "RUNNING" | "PAUSED" | "STOPPED", code: number) =>
    api.put(`/connectors/:name/${verb}`, async (request, response) => {
      await control.setState(nameOf(request), state);
      response.status(code).end();
    });
  move("pause", "PAUSED", 202);
  move("resume", "RUNNING", 202);
  move("stop", "STOPPED", 204);

  api.post("/connectors/:name/restart", async (request, response) => {
    const onlyFailed = request.query.onlyFailed === "true";
    await control.restart(nameOf(request), onlyFailed);
    if (onlyFailed || request.query.includeTasks === "true") {
      response.status(202).json(await status(nameOf(request)));
    } else response.status(204).end();
  });

  api.get("/connectors/:name/tasks", async (request, response) => {
    response.json(taskInfos(await control.get(nameOf(request))));
  });
  api.get("/connectors/:name/tasks/:task/status", async (request, response) => {
    const { tasks } = await control.get(nameOf(request));
    const number = taskOf(request);
    const task = tasks[number];
    if (task === undefined) throw new PipelineError("connector_task_unknown", { fields: { task: number } });
    response.json(taskStatus(task, number));
  });
  api.post("/connectors/:name/tasks/:task/restart", async (request, response) => {
    await control.restartTask(nameOf(request), taskOf(request));
    response.status(204).end();
  });

  api.get("/connectors/:name/topics", async (request, response) => {
    const name = nameOf(request);
    response.json({ [name]: { topics: await control.topics(name) } });
  });
  // Topics are those of the configuration, not those that were seen at work, so there is nothing to forget.
  api.put("/connectors/:name/topics/reset", async (request, response) => {
    await control.get(nameOf(request));
    response.status(202).end();
  });

  api
    .route("/connectors/:name/offsets")
    .get(async (request, response) => void response.json(connectorOffsets(await control.offsets(nameOf(request)))))
    .patch(async (request, response) => {
      const { offsets } = bodyOf(request, offsetsBody);
      const wanted = offsets.map(({ partition, offset }) => ({
        topic: partition.kafka_topic,
        partition: partition.kafka_partition,
        offset: offset?.kafka_offset ?? null,
      }));
      await control.setOffsets(nameOf(request), wanted);
      response.json({ message: "The offsets for this connector have been altered successfully" });
    })
    .delete(async (request, response) => {
      await control.resetOffsets(nameOf(request));
      response.json({ message: "The offsets for this connector have been reset successfully" });
    });

  api.get("/connector-plugins", (request, response) => {
    const sinks = connectorClasses.map((name) => pluginInfo(name, "sink"));
    const others = [
      ...Object.keys(transformKinds).map((name) => pluginInfo(name, "transformation")),
      ...Object.keys(predicateKinds).map((name) => pluginInfo(name, "predicate")),
    ];
    response.json(request.query.connectorsOnly === "false" ? [...sinks, ...others] : sinks);
  });
  api.get("/connector-plugins/:plugin/config", (request, response) => {
    const name = String(request.params.plugin);
    const kind = connectorClasses.find((each) => each === name);
    const other = transformKinds[name] ?? predicateKinds[name];
    if (kind === undefined && other === undefined) throw unknownPlugin(name);
    response.json((kind === undefined ? (other?.keys ?? []) : keysOf(kind)).map(keyInfo));
  });
  api.put("/connector-plugins/:plugin/config/validate", (request, response) => {
    const name = String(request.params.plugin).split(".").at(-1) ?? "";
    if (!connectorClasses.some((each) => each === name)) throw unknownPlugin(name);
    const given = bodyOf(request, configBody);
    const { keys, problems } = readConfig({ "connector.class": name, ...given });
    response.json(configInfos(name, { "connector.class": name, ...given }, keys, problems));
  });

  api.get("/admin/loggers", (_request, response) => void response.json(loggers.list()));
  api
    .route("/admin/loggers/:logger")
    .get((request, response) => void response.json(loggers.get(String(request.params.logger))))
    .put((request, response) => {
      if (request.query.scope !== undefined && request.query.scope !== "worker") {
        const message = "The level of a logger is set in one process at a time (scope=worker)";
        throw new PipelineError("connector_request_invalid", { message });
      }
      response.json(loggers.set(String(request.params.logger), bodyOf(request, levelBody).level));
    });

  refuseMethods(api, "connector_method_unsupported");
  api.use((request, _response, next) => {
    next(processPaths.has(request.path) ? undefined : new PipelineError("connector_path_unknown"));
  });

  const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const { status: code, message } = refusalOf(error, statuses, parts.log);
    response.status(code).json({ error_code: code, message });
  };
  // The health routes of the process are asked without a key, so the guard stands before these paths only.
  app.use(["/connectors", "/connector-plugins", "/admin/loggers"], guarded, json);
  app.use("/connectors", (_request, _response, next) => {
    next(parts.isStarted() ? undefined : new PipelineError("connector_starting"));
  });
  app.get("/", guarded);
  app.use(api);
  app.use(onError);
}

const bodyOf = bodyReader("connector_request_invalid");
const nameOf = (request: Request): string => String(request.params.name);

function taskOf(request: Request): number {
  const text = String(request.params.task);
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new PipelineError("connector_task_unknown", { fields: { task: text } });
}

function requireSameName(name: string, config: Readonly<Record<string, string>>): void {
  if (config.name === undefined || config.name === name) return;
  const message = `Connector name configuration (${config.name}) doesn't match connector name in the URL (${name})`;
  throw new PipelineError("connector_request_invalid", { message });
}

function unknownPlugin(name: string): PipelineError {
  return new PipelineError("connector_plugin_unknown", { fields: { plugin: name } });
}
