import type { SchemaRegistry } from "@kafkajs/confluent-schema-registry";
import { messageOf, PipelineError } from "../runtime/index.ts";
import type { AvroRecord } from "./avro-json.ts";
import type { SchemaOptions } from "./options.ts";

/** The calls that we make of a schema registry that speaks the Confluent API. */
export type Registry = {
  /**
   * Registers a schema and gives its id; the same schema gets the same id again, whichever process asks. A new subject is set
   * to BACKWARD_TRANSITIVE.
   * @throws PipelineError schema_registry_unreachable, schema_incompatible, schema_registry_refused
   */
  register(subject: string, schema: AvroRecord): Promise<number>;
  /** The text of a schema; undefined when there is none with this id. @throws PipelineError as `register` */
  fetchSchema(id: number): Promise<string | undefined>;
};

/** What a new version must be able to read. */
const rule = "BACKWARD_TRANSITIVE";
/** How often a first registration is tried when other processes make the same one at the same time. */
const registerAttempts = 5;
const pauseMs = 100;
/**
 * A process that makes a subject gives it its rule of compatibility a moment later; another one may look in between. A process that ends
 * in between leaves the subject without a rule for good: after so many looks we give it the rule ourselves.
 */
const looksForRule = 3;
const withoutRuleYet = /Compatibility does not match .* != NONE\)/;
/** Status that we give to an answer that never came. */
const noAnswer = 599;
/** The client calls it 400 and keeps nothing of the cause but its words. */
const noAnswerWords = /E(CONN\w+|PIPE|NOTFOUND|AI_AGAIN|TIMEDOUT|HOST\w+|NETUNREACH)|socket hang up|Timeout \(\d+ms\)/;

export function connectRegistry(options: SchemaOptions): Registry {
  const { url, username, password, timeoutMs } = options;
  const auth = username === undefined ? undefined : { username, password: password ?? "" };
  let client: SchemaRegistry | undefined;

  async function registerOnce(subject: string, schema: AvroRecord): Promise<number> {
    // Loaded by the first registration: it takes a while, and who needs no registry need not wait for it.
    const { COMPATIBILITY, SchemaRegistry, SchemaType } = await import("@kafkajs/confluent-schema-registry");
    client ??= new SchemaRegistry({
      host: url,
      clientId: "hailstream",
      ...(auth === undefined ? {} : { auth }),
      // Retrying is ours to decide: the caller knows whether somebody waits.
      retry: { retries: 0 },
      middlewares: [() => ({ prepareRequest: async (next) => (await next()).enhance({ timeout: timeoutMs }) })],
    });
    const { id } = await client.register(
      { type: SchemaType.AVRO, schema: JSON.stringify(schema) },
      { subject, compatibility: COMPATIBILITY[rule] },
    );
    return id;
  }

  async function setRule(subject: string): Promise<void> {
    const body = JSON.stringify({ compatibility: rule });
    const response = await call(`/config/${encodeURIComponent(subject)}`, { method: "PUT", body });
    if (!response.ok) throw explain(new Error((await response.text()).slice(0, 200)), response.status, url, subject);
  }

  async function call(
    path: string,
    init: { readonly method?: string; readonly body?: string } = {},
  ): Promise<Response> {
    const type = "application/vnd.schemaregistry.v1+json";
    const headers = new Headers({ accept: `${type}, application/json`, "content-type": type });
    if (auth !== undefined) headers.set("authorization", `Basic ${btoa(`${auth.username}:${auth.password}`)}`);
    return fetch(url.replace(/\/$/, "") + path, { ...init, headers, signal: AbortSignal.timeout(timeoutMs) });
  }

  return {
    async register(subject, schema) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await registerOnce(subject, schema);
        } catch (error) {
          const status = statusOf(error);
          // Two processes that create the same subject at the same moment disturb each other once; then it is there.
          const disturbed = status === 500 || status === 409 || withoutRuleYet.test(messageOf(error));
          if (!disturbed || attempt === registerAttempts) throw explain(error, status, url, subject);
          if (attempt >= looksForRule && withoutRuleYet.test(messageOf(error))) await setRule(subject);
          await new Promise((resolve) => setTimeout(resolve, attempt * pauseMs));
        }
      }
    },

    // The client would give avsc's type instead of the text, and our guard must see the text first.
    async fetchSchema(id) {
      let response: Response;
      let text: string;
      try {
        response = await call(`/schemas/ids/${id}`);
        text = await response.text();
      } catch (error) {
        throw explain(error, noAnswer, url);
      }
      if (response.status === 404) return undefined;
      if (!response.ok) throw explain(new Error(text.slice(0, 200)), response.status, url);
      const schema = (JSON.parse(text) as { schema?: unknown }).schema;
      return typeof schema === "string" ? schema : undefined;
    },
  };
}

function statusOf(error: unknown): number {
  const status = (error as { status?: unknown } | null)?.status;
  if (status === 400 && noAnswerWords.test(messageOf(error))) return noAnswer;
  return typeof status === "number" ? status : 0;
}

function explain(cause: unknown, status: number, url: string, subject?: string): PipelineError {
  const fields = { registry: url, subject, status: status === noAnswer || status === 0 ? undefined : status };
  if (status === noAnswer || status >= 500 || status === 429 || status === 408) {
    return new PipelineError("schema_registry_unreachable", { cause, fields });
  }
  if (status === 409) {
    const message = `The registry says that the schema of ${subject} cannot read what older versions of it wrote`;
    return new PipelineError("schema_incompatible", { message, cause, fields });
  }
  const message = `The schema registry refuses the call: ${messageOf(cause)}`;
  return new PipelineError("schema_registry_refused", { message, cause, fields });
}
