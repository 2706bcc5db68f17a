import { type Logger, PipelineError } from "../../runtime/index.ts";

/** Kafka Connect's names of levels, and ours. */
const levels: Readonly<Record<string, string>> = {
  OFF: "silent",
  FATAL: "fatal",
  ERROR: "error",
  WARN: "warn",
  INFO: "info",
  DEBUG: "debug",
  TRACE: "trace",
};

export type LoggerLevel = { readonly level: string; readonly last_modified: number | null };

export type Loggers = {
  /** The logger of a connector: its lines carry its name, and its level is its own. */
  of(connector: string): Logger;
  list(): Readonly<Record<string, LoggerLevel>>;
  /** @throws PipelineError connector_logger_unknown */
  get(name: string): LoggerLevel;
  /** Sets the level of a logger, of `root` those of all, and gives the names that were set. @throws PipelineError connector_logger_unknown, connector_level_unknown */
  set(name: string, level: string): readonly string[];
};

/** The loggers of this process by their names: `root`, and `connectors.NAME` for each connector. */
export function createLoggers(root: Logger): Loggers {
  const loggers = new Map<string, { readonly log: Logger; modified: number | null }>([
    ["root", { log: root, modified: null }],
  ]);
  const shown = ({ log, modified }: { readonly log: Logger; readonly modified: number | null }): LoggerLevel => ({
    level: Object.entries(levels).find(([, level]) => level === log.level)?.[0] ?? log.level.toUpperCase(),
    last_modified: modified,
  });
  const find = (name: string) => {
    const logger = loggers.get(name);
    if (logger === undefined) throw new PipelineError("connector_logger_unknown", { fields: { logger: name } });
    return logger;
  };
  return {
    of(connector) {
      const name = `connectors.${connector}`;
      const present = loggers.get(name);
      if (present !== undefined) return present.log;
      const log = root.child({ connector });
      loggers.set(name, { log, modified: null });
      return log;
    },
    list: () => Object.fromEntries([...loggers].map(([name, logger]) => [name, shown(logger)])),
    get: (name) => shown(find(name)),
    set(name, level) {
      const own = levels[level.toUpperCase()];
      if (own === undefined) {
        const message = `The level is one of ${Object.keys(levels).join(", ")}, not ${JSON.stringify(level)}`;
        throw new PipelineError("connector_level_unknown", { message });
      }
      find(name);
      const names = name === "root" ? [...loggers.keys()] : [name];
      for (const each of names) {
        const logger = find(each);
        logger.log.level = own;
        logger.modified = Date.now();
      }
      return names;
    },
  };
}
