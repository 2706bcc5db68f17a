import type { Catalogue, EventType } from "../../schemas/index.ts";
import { exampleOf } from "../../schemas/index.ts";
import { maxIdLength, maxSourceLength, maxSubjectLength } from "../events/read-envelope.ts";
import { dataSchemaOf, type JsonSchema } from "./data-schema.ts";

/** The types that apps may send, in the order of their names. */
export function sentTypes(catalogue: Catalogue): EventType[] {
  return [...catalogue.types.values()].filter(({ kind }) => kind !== "derived");
}

/** The schemas of all events and of their data, by their names among the components. */
export function eventSchemas(catalogue: Catalogue): Readonly<Record<string, JsonSchema>> {
  const types = sentTypes(catalogue);
  const mapping = Object.fromEntries(types.map(({ name }) => [name, refTo(eventName(name))]));
  return {
    Event: {
      description: "A CloudEvents 1.0 event in structured JSON.",
      oneOf: types.map(({ name }) => ({ $ref: refTo(eventName(name)) })),
      discriminator: { propertyName: "type", mapping },
    },
    ...Object.fromEntries(types.map((type) => [eventName(type.name), eventSchema(type)])),
    ...Object.fromEntries(types.map((type) => [dataName(type.name), dataSchemaOf(type.schema)])),
  };
}

/** A valid event of a type. */
export function exampleEvent(type: EventType): JsonSchema {
  return {
    specversion: "1.0",
    id: "0198f0c2-6c1e-7d3a-9a51-0f6a5b0c9d11",
    type: type.name,
    source: "/apps/driver/ios/6.1.2",
    time: "2026-11-22T21:11:41.123Z",
    data: exampleOf(type),
  };
}

export function refTo(name: string): string {
  return `#/components/schemas/${name}`;
}

const eventName = (type: string) => `event.${type}`;
const dataName = (type: string) => `data.${type}`;

function eventSchema(type: EventType): JsonSchema {
  return {
    title: type.name,
    type: "object",
    description: `${type.doc} Class ${type.class}; ordered by ${type.keyField}; topic ${type.topic}.`,
    required: ["specversion", "id", "type", "source", "time"],
    anyOf: [{ required: ["data"] }, { required: ["data_base64"] }],
    properties: {
      specversion: { const: "1.0" },
      id: {
        type: "string",
        minLength: 1,
        maxLength: maxIdLength,
        description:
          "Made when the event happens, best a UUIDv7, and kept when it is sent again. No control characters.",
      },
      type: { const: type.name },
      source: {
        type: "string",
        minLength: 1,
        maxLength: maxSourceLength,
        description: "Which app made the event: a URI reference.",
      },
      time: { type: "string", format: "date-time", description: "When it happened (RFC 3339); kept as it is." },
      subject: { type: ["string", "null"], minLength: 1, maxLength: maxSubjectLength },
      datacontenttype: {
        type: ["string", "null"],
        description: "application/json, or left out; application/avro with data_base64.",
      },
      traceparent: { type: "string", description: "W3C trace context of this event; otherwise that of the request." },
      data: { $ref: refTo(dataName(type.name)) },
      data_base64: {
        type: "string",
        contentEncoding: "base64",
        description: "Instead of data: Avro in Confluent framing.",
      },
    },
    additionalProperties: true,
    examples: [exampleEvent(type)],
  };
}
