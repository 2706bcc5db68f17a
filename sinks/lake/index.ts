export { createLake, type LakeParts } from "./service.ts";
