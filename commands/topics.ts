import { allTopics, connectKafka, ensureTopics, kafkaOptions, shortRetry } from "../kafka/index.ts";
import { createLogger, logOptions, readOptions } from "../runtime/index.ts";
import { catalogueOptions } from "../schemas/index.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";

const manual: Manual = {
  examples: ["hailstream topics create --kafka-brokers kafka:9092"],
  parts: {
    create: {
      examples: ["hailstream topics create --kafka-brokers kafka:9092"],
      json: '{"created":[topic],"topics":[topic]}',
    },
  },
};

/** `hailstream topics create`: what a Kafka of one's own needs once, before the first service starts. */
export const add: AddCommand = (program, context, end) => {
  const group = program.command("topics").description("The topics of the pipeline in Kafka.");
  const command = group
    .command("create")
    .description("Makes the topics that are missing. Those that are there stay as they are.")
    .option("--json", "print one JSON line on standard output when done");
  withOptions(command, [kafkaOptions, catalogueOptions, logOptions]).action(async () => {
    const source = sourceOf(command, context, optionSets);
    const log = createLogger("topics", readOptions(logOptions, source).level);
    const connection = connectKafka(readOptions(kafkaOptions, source), log, "hailstream-topics", shortRetry);
    const specs = allTopics(catalogueFrom(source).types.values());
    const created = await ensureTopics(connection, specs);
    if (command.opts().json === true) printJson(context, { created, topics: specs.map(({ name }) => name) });
    else say(context, created.length === 0 ? "Every topic is there." : `Made ${created.join(", ")}.`);
    end(exitCodes.ok);
  });
  withManual(group, manual);
};
