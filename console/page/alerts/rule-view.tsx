import { useEffect, useState } from "preact/hooks";
import type { RuleWhole, Trial } from "../../alerts/shapes.ts";
import { ask } from "../api.ts";
import { Link } from "../parts/link.tsx";
import { Problem, Scroll, Time } from "../parts/list-parts.tsx";
import { useQuery } from "../parts/query.ts";
import { Signed } from "../parts/signed.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText, spanText } from "../parts/words.ts";
import { goTo } from "../router.ts";
import { ForOperate, Labels } from "./labels.tsx";

const example = `name: my-rule
description: What it is for.
on: trip.cancelled
window: 15m
values:
  cancelled: { count: "true" }
when: cancelled >= 20
severity: warning
summary: "{{ cancelled }} trips were cancelled within a quarter of an hour."
`;

/** A rule as text: tried on what has arrived, saved, removed. @param name `new`: one that is not there yet */
export function RuleView({ name }: { readonly name: string }) {
  const isNew = name === "new";
  const {
    answer: rule,
    problem,
    again,
  } = useAsked<RuleWhole>(isNew ? undefined : `/api/alerts/rules/${encodeURIComponent(name)}`);
  return (
    <>
      <p class="back">
        <Link to="/alerts/rules">← Rules</Link>
      </p>
      <h1>{isNew ? "New rule" : name}</h1>
      <Problem text={problem} />
      {rule === undefined ? null : <About rule={rule} />}
      {isNew || rule !== undefined ? <Editor key={name} rule={rule} onSaved={again} /> : null}
    </>
  );
}

function About({ rule }: { readonly rule: RuleWhole }) {
  return (
    <>
      {rule.problem === undefined ? null : (
        <p class="refusal">
          <Signed look="fault" sign="✕">
            Left out: {rule.problem}
          </Signed>
        </p>
      )}
      <p class="hint">
        {rule.source === "file" ? (
          "It is in a file of the stream, which nobody changes from here. Under another name it may be saved beside it."
        ) : (
          <>
            Saved by {rule.changedBy}
            {rule.changed === undefined ? null : (
              <>
                {" "}
                at <Time at={rule.changed} />
              </>
            )}
            .
          </>
        )}
      </p>
    </>
  );
}

type Outcome =
  | { readonly kind: "tried"; readonly trial: Trial }
  | { readonly kind: "said"; readonly words: string }
  | { readonly kind: "refused"; readonly words: string };

const spans = [
  { minutes: 15, words: "15 minutes" },
  { minutes: 60, words: "hour" },
  { minutes: 360, words: "6 hours" },
] as const;

type EditorProps = { readonly rule: RuleWhole | undefined; onSaved(): void };

function Editor({ rule, onSaved }: EditorProps) {
  const query = useQuery();
  const minutes = spans.find((span) => String(span.minutes) === query.get("minutes"))?.minutes ?? 60;
  const [text, setText] = useState(rule?.text ?? example);
  const [outcome, setOutcome] = useState<Outcome>();
  const [busy, setBusy] = useState<string>();
  // What was tried was another text.
  useEffect(() => setOutcome((before) => (before?.kind === "said" ? before : undefined)), [text]);
  const run = async (words: string, work: () => Promise<Outcome>) => {
    setBusy(words);
    setOutcome(undefined);
    try {
      setOutcome(await work());
    } catch (error) {
      setOutcome({ kind: "refused", words: (error as Error).message });
    }
    setBusy(undefined);
  };
  const attempt = () =>
    run("The rule is tried …", async () => {
      const trial = await ask<Trial>(`/api/alerts/trials?minutes=${minutes}`, { method: "POST", text });
      return { kind: "tried", trial };
    });
  const save = () =>
    run("The rule is saved …", async () => {
      const { name, created } = await ask<{ name: string; created: boolean }>("/api/alerts/rules", {
        method: "POST",
        text,
      });
      goTo(`/alerts/rules/${encodeURIComponent(name)}`, { replace: created });
      onSaved();
      return { kind: "said", words: `${name} is ${created ? "saved" : "changed"}; it is at work within some seconds.` };
    });
  const remove = (name: string) =>
    run("The rule is removed …", async () => {
      await ask(`/api/alerts/rules/${encodeURIComponent(name)}`, { method: "DELETE" });
      goTo("/alerts/rules");
      return { kind: "said", words: `${name} is removed.` };
    });
  return (
    <div class="editor">
      <label for="rule-text">The rule, in YAML</label>
      <textarea
        id="rule-text"
        class="mono"
        rows={Math.min(28, Math.max(12, text.split("\n").length + 1))}
        spellcheck={false}
        autocapitalize="off"
        wrap="off"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <ForOperate>
        <div class="deed">
          <label class="beside">
            <span>On the last</span>
            <select
              value={String(minutes)}
              onChange={(event) => query.set({ minutes: event.currentTarget.value }, { replace: true })}
            >
              {spans.map((span) => (
                <option key={span.minutes} value={String(span.minutes)}>
                  {span.words}
                </option>
              ))}
            </select>
          </label>
          <button type="button" disabled={busy !== undefined} onClick={() => void attempt()}>
            Try it
          </button>
          <button type="button" class="primary" disabled={busy !== undefined} onClick={() => void save()}>
            Save
          </button>
          {rule?.source === "saved" ? (
            <RemoveButton name={rule.name} disabled={busy !== undefined} onRemove={() => void remove(rule.name)} />
          ) : null}
        </div>
      </ForOperate>
      <p role="status">{busy ?? (outcome?.kind === "said" ? outcome.words : "")}</p>
      {outcome?.kind === "refused" ? (
        <p role="alert" class="refusal lines">
          ✕ {outcome.words}
        </p>
      ) : null}
      {outcome?.kind === "tried" ? <Tried trial={outcome.trial} /> : null}
    </div>
  );
}

type RemoveProps = { readonly name: string; readonly disabled: boolean; onRemove(): void };

/** Asks once more: what the rule had told is resolved. */
function RemoveButton({ name, disabled, onRemove }: RemoveProps) {
  const [asked, setAsked] = useState(false);
  if (!asked) {
    return (
      <button type="button" disabled={disabled} onClick={() => setAsked(true)}>
        Remove …
      </button>
    );
  }
  return (
    <button type="button" disabled={disabled} onClick={onRemove}>
      Remove {name}; what it told is resolved
    </button>
  );
}

function Tried({ trial }: { readonly trial: Trial }) {
  const { heard, opened, total, messages, unreadable, sinceMs, milliseconds } = trial;
  const incidents = `${countText(opened)} incident${opened === 1 ? "" : "s"}`;
  return (
    <section class="block" aria-label="What it would have told">
      <h2>
        {opened === 0 ? "It would have told nothing" : `It would have told ${incidents}`} of the last{" "}
        {spanText(sinceMs)}
      </h2>
      <p class="hint" role="status">
        {countText(heard)} event{heard === 1 ? "" : "s"} heard, {countText(total)} message{total === 1 ? "" : "s"},
        without silences{unreadable === 0 ? "" : `; ${countText(unreadable)} records could not be read`}; it took{" "}
        {spanText(milliseconds)}.
      </p>
      {messages.length === 0 ? null : (
        <Scroll label="Messages">
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">What</th>
                <th scope="col">Severity</th>
                <th scope="col">Summary</th>
              </tr>
            </thead>
            <tbody>
              {messages.map((message, i) => (
                <tr key={`${message.at} ${i}`}>
                  <td>
                    <Time at={message.at} />
                  </td>
                  <td>
                    {message.notification}
                    {message.cause === "condition" ? "" : ` (${message.cause.replace("_", " ")})`}
                  </td>
                  <td>{message.severity}</td>
                  <td class="wide">
                    {message.summary}
                    <Labels of={message.labels} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {total > messages.length ? <p class="hint">The first {countText(messages.length)} are shown.</p> : null}
    </section>
  );
}
