import { PipelineError } from "../runtime/index.ts";

/** A connector's state as the API gives it. */
export type Status = {
  readonly name: string;
  readonly connector: { readonly state: string };
  readonly tasks: readonly {
    readonly id: number;
    readonly state: string;
    readonly worker_id: string;
    readonly trace?: string;
  }[];
};

/** Offsets as the API gives and takes them. */
export type Offsets = {
  readonly offsets: readonly {
    readonly partition: { readonly kafka_topic: string; readonly kafka_partition: number };
    readonly offset: { readonly kafka_offset: number } | null;
  }[];
};

/** A connector in a line, and each task in one; with `traces` what a failed one has said. */
export function describeStatus({ name, connector, tasks }: Status, { traces = false } = {}): string {
  const lines = tasks.map(({ id, state, worker_id, trace }) => {
    const said =
      trace === undefined ? "" : `\n    ${(traces ? trace : (trace.split("\n")[0] ?? "")).replaceAll("\n", "\n    ")}`;
    return `  task ${id}  ${state.padEnd(9)}  ${worker_id}${said}`;
  });
  return [`${name.padEnd(20)}  ${connector.state}`, ...lines].join("\n");
}

/** A partition in a line: the first offset that is not stored yet. */
export function describeOffsets({ offsets }: Offsets): string {
  return offsets
    .map(
      ({ partition, offset }) =>
        `${partition.kafka_topic}:${partition.kafka_partition}  ${offset?.kafka_offset ?? 0}\n`,
    )
    .join("");
}

/** `driver-status:0=1200` as the API takes it. @throws PipelineError option_invalid */
export function parseMove(text: string): Offsets["offsets"][number] {
  const [, topic, partition, offset] = /^(.+):(\d{1,9})=(\d{1,15})$/.exec(text) ?? [];
  if (topic === undefined) {
    const message = `--set expects topic:partition=offset, such as driver-status:0=1200, not ${JSON.stringify(text)}`;
    throw new PipelineError("option_invalid", { message });
  }
  return {
    partition: { kafka_topic: topic, kafka_partition: Number(partition) },
    offset: { kafka_offset: Number(offset) },
  };
}
