import { groupsOf } from "./boxes.ts";
import type { LagLook, Look, StationLook, Trouble } from "./look.ts";
import type { Finding, Lag } from "./shapes.ts";

/** A finding that may know by itself since when, milliseconds since 1970. */
export type Found = Finding & { readonly since?: number };

/** From this age on, a record that waits is told of; from the second, it is a fault. */
const behindSeconds = { warning: 10, fault: 60 };

/** Where else a dead part leaves traces that would only repeat it. */
const kafkaFirst = "Kafka does not answer";

/**
 * What is wrong, worst first: from what the parts answered to sentences that say where it is, what is safe and what to do. Pure: the same looks give the
 * same findings. A part that was not asked yet is no finding.
 * @param looks oldest first, the newest last
 */
export function findingsOf(looks: readonly Look[]): readonly Found[] {
  const now = looks.at(-1);
  if (now === undefined) return [];
  const kafkaIsSilent = now.kafka?.silence !== undefined;
  const found = [
    ...(kafkaIsSilent ? [silentKafka(now.kafka?.silence ?? "")] : []),
    ...(now.postgres?.silence === undefined ? [] : [silentPostgres(now.postgres.silence)]),
    ...now.stations.flatMap(stationFindings),
    ...(kafkaIsSilent ? [] : unknownLags(now.behind)),
    ...(kafkaIsSilent ? [] : (now.behind?.lags ?? []).flatMap((lag) => behind(lag, looks))),
    ...(now.postgres?.deadLetters ?? []).map(deadLetters),
    ...(kafkaIsSilent ? [] : (now.letters?.waiting ?? []).map(unused)),
    ...(now.postgres?.quarantined ?? []).map(quarantined),
  ];
  return found.sort((a, b) => Number(a.severity === "warning") - Number(b.severity === "warning"));
}

function silentKafka(silence: string): Found {
  return {
    key: "kafka silent",
    ...{ severity: "fault", station: "kafka", what: `${kafkaFirst}: ${silence}.` },
    safe: "What was acknowledged is on the broker's disk. New events are answered 503, or kept on ingest's disk where it has a spool, and apps send them again.",
    advice: "See whether the broker runs and why it stopped: its log is logs/kafka.log in the data directory.",
    command: "hailstream status",
  };
}

function silentPostgres(silence: string): Found {
  return {
    key: "postgres silent",
    ...{ severity: "fault", station: "postgres", what: `Postgres does not answer: ${silence}.` },
    safe: "Events go on into Kafka, which keeps them for days; nothing is lost. Rows and alerts wait until Postgres is back and come then by themselves.",
    advice: "See whether the server runs and has room on its disk: its log is logs/postgres.log in the data directory.",
    command: "hailstream status",
  };
}

const whileSilent: Readonly<Record<string, string>> = {
  ingest:
    "Everything acknowledged is in Kafka. Apps get no answer now; those with our SDK keep events and send them again.",
  stream: "Events are accepted and kept in Kafka; nothing is lost. Enriched rows and alerts wait until it is back.",
  "stream-stateful": "Events are accepted and kept in Kafka; nothing is lost. Trips and minutes wait until it is back.",
  sinks: "Events are accepted and kept in Kafka; nothing is lost. Rows and webhooks wait until it is back.",
  audit: "Events go their way; only nobody compares the stations.",
};

function stationFindings(look: StationLook): readonly Found[] {
  const { name, silence, waiting, numbers } = look;
  if (silence !== undefined) {
    return [
      {
        key: `${name} silent`,
        ...{ severity: "fault", station: name, what: `${name} does not answer: ${silence}.` },
        safe: whileSilent[name] ?? "What it has not handled waits in Kafka.",
        advice: `hailstream up starts it again when it ends; a process that hangs must be ended. Its log is logs/${name}.log in the data directory.`,
        command: "hailstream status",
      },
    ];
  }
  const found: Found[] = [];
  const reasons = Object.entries(waiting).map(([part, why]) => `${part}: ${why}`);
  if (reasons.length > 0) {
    found.push({
      key: `${name} waiting`,
      ...{ severity: "warning", station: name, what: `${name} is not ready (${reasons.join("; ")}).` },
      safe: whileSilent[name] ?? "What it has not handled waits in Kafka.",
      advice: "It goes on by itself once what it waits for is there.",
    });
  }
  if (numbers === undefined) return found;
  for (const { labels, value } of numbers.series("hailstream_sinks_circuit_open")) {
    if (value === 0) continue;
    const topic = labels.topic ?? "a topic";
    found.push({
      key: `circuit ${labels.consumer} ${topic}`,
      ...{
        severity: "fault",
        station: name,
        what: `Nothing of ${topic} can be stored, so ${labels.consumer} lets it wait.`,
      },
      safe: "The records stay in Kafka and are tried again and again; nothing is thrown away.",
      advice: "The log of sinks says what the database refuses: mostly a table that was changed by hand.",
      command: "hailstream connectors list",
      view: { to: "/connectors", name: "the connectors" },
    });
  }
  const active = numbers.sum("hailstream_ingest_spool_active_processes");
  if (active > 0) {
    found.push({
      key: "spool active",
      ...{ severity: "warning", station: name, what: "Kafka takes too long, so ingest keeps events on its own disk." },
      safe: "They are on disk, were answered as such, and go to Kafka in their order once it answers.",
      advice: "See whether the brokers run and have room on their disks.",
    });
  }
  const lost = numbers.sum("hailstream_ingest_spool_lost_events_total");
  if (lost > 0) {
    found.push({
      key: "spool lost",
      ...{
        severity: "fault",
        station: name,
        what: `Damage on the disk made ${count(lost, "acknowledged event")} unreadable.`,
      },
      safe: "All others went on. The damaged bytes are kept beside the spool.",
      advice: "docs/spool.md says where the bytes lie and what can be read of them.",
    });
  }
  for (const { labels, value } of numbers.series("hailstream_audit_wrong_events")) {
    if (value === 0) continue;
    const kind = labels.kind === "extra" ? "too many" : "missing";
    found.push({
      key: `audit ${labels.station} ${labels.kind}`,
      ...{
        severity: "fault",
        station: name,
        what: `The audit finds ${count(value, "event")} ${kind} at ${labels.station}.`,
      },
      safe: "Everything else agrees, station by station.",
      advice: "The command names each of these events.",
      command: "hailstream audit",
      view: { to: "/audit", name: "the audit" },
    });
  }
  for (const state of ["failing", "disabled"]) {
    const endpoints = numbers.sum("hailstream_sinks_webhook_endpoints", { state });
    if (endpoints === 0) continue;
    found.push({
      key: `webhooks ${state}`,
      ...{
        severity: "warning",
        station: name,
        what: `${count(endpoints, "webhook endpoint")} ${endpoints === 1 ? "is" : "are"} ${state}.`,
      },
      safe: "Each delivery is kept with its attempts and can be sent again.",
      advice: "The command shows what the receivers answered.",
      command: "hailstream endpoints list",
      view: { to: "/alerts/endpoints", name: "the endpoints" },
    });
  }
  return found;
}

function behind(lag: Lag, looks: readonly Look[]): readonly Found[] {
  const { group, topic, seconds, records } = lag;
  if (seconds < behindSeconds.warning) return [];
  const now = looks.at(-1);
  const stations = now?.stations.map(({ name }) => name) ?? [];
  const owner = stations.find((name) => groupsOf(name, looks).has(group)) ?? "kafka";
  const silent = now?.stations.find(({ name }) => name === owner)?.silence !== undefined;
  return [
    {
      key: `lag ${group} ${topic}`,
      // The silent station is the fault; how far it is behind follows from it.
      severity: seconds >= behindSeconds.fault && !silent ? "fault" : "warning",
      station: owner,
      what: `${group} is behind in ${topic} by ${count(records, "record")}.`,
      since: (now?.behind?.at ?? now?.at ?? 0) - seconds * 1_000,
      safe: "The records wait in Kafka; they are lost only if they wait longer than the topic keeps them.",
      advice: silent
        ? `It goes on once ${owner} answers again.`
        : "If it shrinks, it catches up. If it grows, add a process of the same station, or look into its log.",
      view: { to: `/groups/${encodeURIComponent(group)}`, name: group },
    },
  ];
}

/** Of which partitions and consumers it is not known how far they are: a finding a reason, since one broker that is away is the reason of many. */
function unknownLags(look: LagLook | undefined): readonly Found[] {
  const places = (look?.lags ?? []).flatMap(({ topic, unknown }) =>
    unknown.map(({ partition, why }) => ({ topic, place: `${topic}/${partition}`, why })),
  );
  const ofPlaces = [...Map.groupBy(places, ({ why }) => why)].map(([why, some]): Found => {
    const partitions = new Set(some.map(({ place }) => place)).size;
    return {
      key: `unknown offsets ${why}`,
      ...{ severity: "fault", station: "kafka" },
      what: `Nothing is known of ${count(partitions, "partition")} of ${few(some.map(({ topic }) => topic))}: ${why}.`,
      safe: "What was acknowledged there lies on the disks of the brokers that hold it. All other partitions go on.",
      advice:
        "See whether all brokers run and have room on their disks. Until then nobody can say how far consumers are there, so their lag is the least that it may be.",
      command: "hailstream status",
      view: { to: "/topics", name: "the topics" },
    };
  });
  const ofGroups = [...Map.groupBy(look?.missing ?? [], ({ why }) => why)].map(([why, some]): Found => {
    const groups = some.flatMap(({ group }) => group ?? []);
    return {
      key: `unknown groups ${why}`,
      ...{ severity: "warning", station: "kafka" },
      what: `How far ${groups.length === 0 ? "some consumers" : few(groups)} are is not known: ${why}.`,
      safe: "What they have committed is kept by Kafka, and they go on from there.",
      advice: "See whether all brokers run. When one is away another one takes over its groups within some seconds.",
      command: "hailstream status",
      view: { to: "/groups", name: "the consumer groups" },
    };
  });
  return [...ofPlaces, ...ofGroups];
}

/** The first of these names, and how many others there are. */
function few(names: readonly string[]): string {
  const all = [...new Set(names)].sort();
  const others = all.length - 3;
  return others > 0 ? `${all.slice(0, 3).join(", ")} and ${others} more` : all.join(", ");
}

const deadView = { to: "/refused?kind=dead", name: "the dead letters" };

function deadLetters({ what, code, events, since }: Trouble): Found {
  return {
    key: `dead letters ${what} ${code}`,
    ...{ severity: "warning", station: "postgres", since },
    what: `${count(events, "record")} of ${what} could not be stored (${code}) in the last 15 minutes.`,
    safe: "They are kept whole in pipeline.dead_letters; the others are stored.",
    advice:
      "The page Refused shows them, what the database said, and lets them try again once the cause is repaired; the command does, too.",
    command: `hailstream dlq list --state open --code ${code}`,
    view: deadView,
  };
}

function unused({ what, code, events, since }: Trouble): Found {
  return {
    key: `unused ${what} ${code}`,
    ...{ severity: "warning", station: "stream", since },
    what: `${count(events, "record")} could not be used by ${what} (${code}) in the last 15 minutes.`,
    safe: "They are kept whole in the topic dead-letters; the others went on.",
    advice:
      "The page Refused shows them, and what was expected; docs/dead-letters.md how they try again once the cause is repaired.",
    command: `hailstream dlq list --place ${what} --state open --code ${code}`,
    view: deadView,
  };
}

function quarantined({ what, code, events, since }: Trouble): Found {
  return {
    key: `quarantined ${what} ${code}`,
    ...{ severity: "warning", station: "ingest", since },
    what: `${count(events, "event")} of type ${what} went into quarantine (${code}) in the last 15 minutes.`,
    safe: "Their bytes are kept and can be corrected and sent again.",
    advice:
      "The page Refused shows what was expected and what came, and sends them again, corrected; the command does, too.",
    command: "hailstream quarantine list",
    view: { to: "/refused?kind=quarantined", name: "what is in quarantine" },
  };
}

function count(events: number, noun: string): string {
  return `${new Intl.NumberFormat("en").format(events)} ${noun}${events === 1 ? "" : "s"}`;
}
