export { errorTable } from "./error-table.ts";
export * from "./errors.ts";
export * from "./http.ts";
export * from "./launch.ts";
export * from "./log.ts";
export * from "./metrics.ts";
export * from "./options.ts";
export * from "./process.ts";
export * from "./service.ts";
