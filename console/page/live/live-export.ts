import type { LiveEvent } from "../../live/shapes.ts";

/** An event of the list as a row of an export: masked, whoever looks. Data that was cut is left as the text that is there. */
export function rowOf(event: LiveEvent) {
  const { arrivedAt, status, type, id, key, time, topic, partition, offset, problem = null, data } = event;
  return {
    arrived_at: new Date(arrivedAt).toISOString(),
    ...{ status, type, id, key, time, topic, partition, offset, problem },
    data: parsed(data),
  };
}

function parsed(data: string): unknown {
  if (data === "") return null;
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
