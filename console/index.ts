export type { AlertsPort } from "./alerts/port.ts";
export type { AuditPort } from "./audit/port.ts";
export type { ConnectorsPort } from "./connectors/port.ts";
export type { TraceEvent } from "./live/routes.ts";
export { type ConsoleOptions, consoleOptions } from "./options.ts";
export type { RefusedFilter, RefusedPort } from "./refused/port.ts";
export type { Fault, Group, Item, Whole } from "./refused/shapes.ts";
export type { FlowOutline } from "./schemas/routes.ts";
export { type ConsoleParts, createConsole } from "./server/console.ts";
