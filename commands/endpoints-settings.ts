import type { Command } from "commander";
import { z } from "zod";
import {
  checkTarget,
  createEndpoint,
  type EndpointSettings,
  editEndpoint,
  formats,
  policyOf,
  rotateSecret,
  severities,
} from "../sinks/webhook/index.ts";
import { oneOf } from "./command.ts";
import type { AddPart, Tools } from "./endpoints-part.ts";
import { collect } from "./quarantine-filters.ts";

const words = z.array(z.string()).transform((given) => given.filter((each) => each !== ""));
/** `city=cty_nyc` and `city=cty_sfo` become both values of `city`. */
const labels = words.transform((given, context) => {
  const values = new Map<string, string[]>();
  for (const each of given) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(each) ?? [];
    if (name === undefined || value === undefined) {
      context.addIssue(`expected NAME=VALUE, such as city=cty_nyc, not ${each}`);
      return z.NEVER;
    }
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return Object.fromEntries(values);
});

const settings = z.object({
  url: z.string().optional(),
  name: z.string().max(200).optional(),
  format: z.enum(formats).optional(),
  minSeverity: z.enum(severities).optional(),
  rule: words.optional(),
  label: labels.optional(),
  rate: z.coerce.number().min(0).max(100_000).optional(),
});
const rotation = z.object({ keepHours: z.coerce.number().min(0).max(720) });

function withSettings(command: Command): Command {
  return command
    .option("--name <name>", "a name for people")
    .addOption(oneOf("--format <format>", `the form of the body (default: ${formats[0]})`, formats))
    .addOption(oneOf("--min-severity <severity>", "only alerts as urgent as this (default: info)", severities))
    .option("--rule <name>", "only alerts of this rule; may be repeated (default: of all)", collect)
    .option("--label <name=value>", "only alerts with this label; one value of each name must be there", collect)
    .option("--rate <n>", "at most so many messages a second; 0 is as --webhook-rate-per-second says");
}

/** `create`, `edit` and `rotate`: what an endpoint is. */
export function addSettings(part: AddPart): void {
  part(
    "create",
    "Adds a receiver and shows its secret, this once.",
    async (tools) => {
      const wanted = await settingsFrom(tools);
      const created = await createEndpoint(await tools.open(), { ...wanted, url: wanted.url ?? "" });
      const { url, name = "" } = wanted;
      tools.tell({ ...created, url, name }, () => [`id      ${created.id}`, `secret  ${created.secret}`]);
      tools.say("Keep the secret: it is not shown again. The receiver verifies every delivery with it.");
    },
    (command) => withSettings(command.requiredOption("--url <url>", "where alerts are posted to")),
  );

  part(
    "edit",
    "Changes what is given and leaves the rest; an empty --rule or --label takes that filter away.",
    async (tools, id) => {
      const wanted = await settingsFrom(tools);
      await editEndpoint(await tools.open(), id, wanted);
      tools.tell({ edited: id }, () => []);
      tools.say(`${id} is changed; deliveries that are made already stay as they are.`);
    },
    (command) => withSettings(command.argument("<id>", "the endpoint's id").option("--url <url>", "the new target")),
  );

  part(
    "rotate",
    "Gives a receiver a new secret and shows it; the old one is valid beside it for a while.",
    async (tools, id) => {
      const { keepHours } = tools.wanted(rotation);
      const { secret } = await rotateSecret(await tools.open(), id, keepHours);
      tools.tell({ id, secret, old_valid_hours: keepHours }, () => [`secret  ${secret}`]);
      tools.say(
        keepHours === 0
          ? "The old secret is out of use: the receiver refuses everything until it has the new one."
          : `For ${keepHours} hours every delivery is signed by both, so the receiver can change over at any time.`,
      );
    },
    (command) =>
      command
        .argument("<id>", "the endpoint's id")
        .option("--keep-hours <hours>", "for how long the old secret stays valid; 0 for one that has leaked", "24"),
  );
}

/** The settings that were given, the URL checked. */
async function settingsFrom(tools: Tools): Promise<Partial<EndpointSettings>> {
  const { url, name, format, minSeverity, rule, label, rate } = tools.wanted(settings);
  const target = url === undefined ? undefined : await checkTarget(url, policyOf(tools.webhook));
  if (target?.resolved === false) {
    tools.say(`The name in ${target.url} cannot be looked up now; it is checked again at every attempt.`);
  }
  return {
    ...(target === undefined ? {} : { url: target.url }),
    ...(name === undefined ? {} : { name }),
    ...(format === undefined ? {} : { format }),
    ...(minSeverity === undefined ? {} : { least_severity: minSeverity }),
    ...(rule === undefined ? {} : { rules: rule }),
    ...(label === undefined ? {} : { labels: label }),
    ...(rate === undefined ? {} : { rate_per_second: rate === 0 ? null : rate }),
  };
}
