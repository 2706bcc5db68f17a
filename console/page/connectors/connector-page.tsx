import { useState } from "preact/hooks";
import type {
  ConnectorAction,
  ConnectorDetail,
  ConnectorOffset,
  ConnectorTask,
  ConnectorVerb,
} from "../../connectors/shapes.ts";
import { ask } from "../api.ts";
import { DetailPage } from "../parts/detail-page.tsx";
import { OffsetLink, placeColumns, Wait } from "../parts/kafka-columns.tsx";
import { recordsText } from "../parts/lag-words.ts";
import { type Column, Mark, Table, Unknown } from "../parts/list.tsx";
import { timeText } from "../parts/words.ts";
import { useSettings } from "../settings.ts";
import { ConnectorState } from "./connector-state.tsx";
import { MoveOffsets } from "./move-offsets.tsx";

/** One connector: what it does, how far it is, what an operator may ask of it, and what was asked. */
export function ConnectorPage({ name }: { readonly name: string }) {
  const api = `/api/connectors/named/${encodeURIComponent(name)}`;
  return (
    <DetailPage<ConnectorDetail> {...{ name, api, list: ["/connectors", "Connectors"] }}>
      {(detail, refresh) => <Detail {...{ api, detail, refresh }} />}
    </DetailPage>
  );
}

type DetailProps = { readonly api: string; readonly detail: ConnectorDetail; refresh(): void };

function Detail({ api, detail, refresh }: DetailProps) {
  const { role } = useSettings();
  const { connector, tasks, offsets, config, actions } = detail;
  return (
    <>
      <Unknown text={connector.unknown} />
      <dl class="facts-line">
        <div>
          <dt>State</dt>
          <dd>
            <ConnectorState connector={connector} />
          </dd>
        </div>
        <div>
          <dt>Oldest waits</dt>
          <dd>
            <Wait seconds={connector.lagSeconds} isPart={connector.unknown !== null} />
          </dd>
        </div>
        <div>
          <dt>Not stored yet</dt>
          <dd>{recordsText(connector.lagRecords, connector.unknown !== null)}</dd>
        </div>
        <div>
          <dt>Kind</dt>
          <dd>{connector.kind}</dd>
        </div>
      </dl>
      {role === "operate" ? (
        <Verbs {...{ api, detail, refresh }} />
      ) : (
        <p class="hint">The role operate may pause, resume, stop and restart it.</p>
      )}
      <h2>Tasks</h2>
      {tasks.length === 0 ? (
        <p class="empty">No process runs a part of it now.</p>
      ) : (
        <ul class="tasks">
          {tasks.map((task) => (
            <Task key={task.id} task={task} />
          ))}
        </ul>
      )}
      <h2>How far it is</h2>
      {offsets.length === 0 ? (
        <p class="empty">It has stored nothing yet.</p>
      ) : (
        <Table
          columns={offsetColumns}
          rows={offsets}
          keyOf={({ topic, partition }) => `${topic}/${partition}`}
          label="How far it is"
        />
      )}
      {role === "operate" ? <MoveOffsets {...{ api, detail, refresh }} /> : null}
      <h2>Done to it</h2>
      {actions.length === 0 ? (
        <p class="empty">Nobody has asked anything of it by the console.</p>
      ) : (
        <Table columns={actionColumns} rows={actions} keyOf={({ at, what }) => `${at} ${what}`} label="Done to it" />
      )}
      <h2>Configuration</h2>
      <dl class="headers">
        {config.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="mono">{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

const verbWords: Readonly<
  Record<ConnectorVerb, { readonly name: string; readonly effect: string; readonly done: string }>
> = {
  pause: { name: "Pause", effect: "It stores nothing until it is resumed; records wait in Kafka.", done: "It rests." },
  resume: { name: "Resume", effect: "It goes on where it was.", done: "It goes on." },
  stop: { name: "Stop", effect: "Its tasks end, so that its offsets may be changed.", done: "It is stopped." },
  restart: { name: "Restart", effect: "All of its tasks are started anew.", done: "Its tasks are started anew." },
  "restart-failed": {
    ...{ name: "Restart what has failed", effect: "Only its failed tasks are started anew." },
    done: "Its failed tasks are started anew.",
  },
};

/** What makes sense in the state it is in. */
function verbsFor({ connector: { state, failed, tasks } }: ConnectorDetail): readonly ConnectorVerb[] {
  if (state !== "RUNNING") return state === "PAUSED" ? ["resume", "stop"] : ["resume"];
  return ["pause", "stop", "restart", ...(failed > 0 && failed < tasks ? (["restart-failed"] as const) : [])];
}

function Verbs({ api, detail, refresh }: DetailProps) {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ readonly isRefusal: boolean; readonly text: string }>();
  const act = async (verb: ConnectorVerb) => {
    setBusy(true);
    setSaid(undefined);
    try {
      await ask(`${api}/${verb}`, { method: "POST", body: {} });
      setSaid({ isRefusal: false, text: verbWords[verb].done });
    } catch (error) {
      setSaid({ isRefusal: true, text: (error as Error).message });
    }
    setBusy(false);
    refresh();
  };
  return (
    <div class="verbs">
      {verbsFor(detail).map((verb) => (
        <button type="button" key={verb} disabled={busy} title={verbWords[verb].effect} onClick={() => void act(verb)}>
          {verbWords[verb].name}
        </button>
      ))}
      <p role="status" class={said?.isRefusal === true ? "refusal" : "hint"}>
        {busy ? "Asking …" : said === undefined ? "" : `${said.isRefusal ? "✕" : "✓"} ${said.text}`}
      </p>
    </div>
  );
}

const taskWords: Readonly<Record<string, string>> = {
  RUNNING: "runs",
  PAUSED: "rests",
  UNASSIGNED: "starts",
  RESTARTING: "starts anew",
};

function Task({ task: { id, state, worker, trace } }: { readonly task: ConnectorTask }) {
  return (
    <li>
      <p>
        Task {id} at <span class="mono">{worker}</span>:{" "}
        <Mark of={state === "FAILED" ? "fault" : state === "RUNNING" ? "ok" : "warning"}>
          {state === "FAILED" ? "has failed and tries again by itself" : (taskWords[state] ?? state)}
        </Mark>
      </p>
      {trace === null ? null : (
        <>
          <p class="hint">The first error since it last ran well; later ones are often its consequences.</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
          <section class="source" tabIndex={0} aria-label={`Trace of task ${id}`}>
            <pre>{trace}</pre>
          </section>
        </>
      )}
    </li>
  );
}

const offsetColumns: readonly Column<ConnectorOffset>[] = [
  ...placeColumns<ConnectorOffset>("Not stored yet"),
  {
    ...{ name: "Next to store", isNumber: true },
    cell: ({ next, ...place }) => (next === null ? "–" : <OffsetLink {...place} offset={next} />),
  },
  { name: "End", isNumber: true, cell: ({ high }) => high ?? "–" },
];

const actionColumns: readonly Column<ConnectorAction>[] = [
  { name: "When", cell: ({ at }) => <Moment at={at} /> },
  { name: "What", cell: ({ what }) => what },
  { name: "By", cell: ({ by }) => by },
  {
    name: "Outcome",
    cell: ({ refusal }) => (refusal === null ? <Mark of="ok">done</Mark> : <Mark of="fault">{refusal}</Mark>),
  },
];

function Moment({ at }: { readonly at: number }) {
  const { zone } = useSettings();
  return <time dateTime={new Date(at).toISOString()}>{timeText(at, zone)}</time>;
}
