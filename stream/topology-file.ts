import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { PipelineError } from "../runtime/index.ts";
import type { Schemas } from "../schemas/index.ts";
import type { Flow } from "./flow.ts";
import type { RememberingFlow } from "./state/remembering-flow.ts";

/** All flows of a domain. A flow may read what another one writes; they meet in topics and never call each other. */
export type Topology = {
  readonly flows?: readonly Flow[];
  readonly remembering?: readonly RememberingFlow[];
};

/** Makes the flows. The schemas are not started yet: of them only the flows' readers and writers may ask for bytes. */
export type MakeTopology = (schemas: Schemas) => Topology;

/** For the default export of a topology's file: checks the types and changes nothing. */
export function defineTopology(make: MakeTopology): MakeTopology {
  return make;
}

const text = z.string().min(1);
const made = z.custom((value) => typeof value === "function", "must be a function");
const common = { name: text.regex(/^[a-z0-9][a-z0-9-]*$/, "must be of a-z, 0-9 and dashes"), source: text, read: made };
const shape = z.strictObject({
  flows: z.array(z.looseObject({ ...common, steps: z.array(made).min(1), outputs: z.array(text) })).optional(),
  remembering: z
    .array(z.looseObject({ ...common, step: z.looseObject({ take: made, wake: made }), outputs: z.array(text) }))
    .optional(),
});

/**
 * Loads the file of `--stream-topology` and makes its flows.
 * @throws PipelineError stream_topology_invalid, with what is wrong and where
 */
export async function loadTopology(file: string, schemas: Schemas): Promise<Topology> {
  const path = resolve(file);
  const invalid = (why: string, cause?: unknown) =>
    new PipelineError("stream_topology_invalid", { message: `${path} gives no topology: ${why}.`, cause });
  let topology: unknown;
  try {
    const loaded = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    if (typeof loaded.default !== "function")
      throw invalid(`its default export is ${typeof loaded.default}, not what defineTopology gives`);
    topology = loaded.default(schemas);
  } catch (error) {
    throw PipelineError.is(error, "stream_topology_invalid") ? error : invalid("it cannot be loaded", error);
  }
  const checked = shape.safeParse(topology);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw invalid(`${issue?.path.join(".") || "it"}: ${issue?.message}`);
  }
  const { flows = [], remembering = [] } = topology as Topology;
  const names = [...flows, ...remembering].map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw invalid(`two flows are called ${twice}, and so would share a consumer group and a memory`);
  return topology as Topology;
}
