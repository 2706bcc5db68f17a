export { type ConsoleOptions, consoleOptions } from "./options.ts";
export { type ConsoleParts, createConsole } from "./server/console.ts";
