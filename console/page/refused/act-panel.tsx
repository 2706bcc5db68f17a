import { useRef, useState } from "preact/hooks";
import type { Act, Correction, Deed } from "../../refused/act-shapes.ts";
import type { Kind } from "../../refused/shapes.ts";
import { ask } from "../api.ts";
import { goTo, usePlace } from "../router.ts";
import { useSettings } from "../settings.ts";
import { ActProgress } from "./act-progress.tsx";
import { deedWords, events, filterOfQuery, newId } from "./act-words.ts";
import { EditsForm, EventForm } from "./fix-forms.tsx";
import { Problem } from "./parts.tsx";

type Props = {
  readonly kind: Kind;
  /** Which events, unless some are chosen. */
  readonly query: URLSearchParams;
  readonly chosen: readonly string[];
  /** How many wait. */
  readonly count: number;
  /** Of the one event that is shown, the bytes that would be sent now. */
  readonly version?: string | null;
  onEnded(): void;
};

type Wish = { readonly deed: Deed; readonly dryRun: boolean; readonly extra: Readonly<Record<string, unknown>> };

const nameKey = "hailstream.name";

/** What can be done about some refused events, and how far that is. */
export function ActPanel({ kind, query, chosen, count, version, onEnded }: Props) {
  const { role, signedOut } = useSettings();
  const { path, search } = usePlace();
  const [by, setBy] = useState(localStorage.getItem(nameKey) ?? "");
  const [extra, setExtra] = useState<Readonly<Record<string, boolean>>>({});
  const [problem, setProblem] = useState<string>();
  const [asked, setAsked] = useState<Wish & { readonly id: string }>();
  const dialog = useRef<HTMLDialogElement>(null);
  const act = new URLSearchParams(search).get("act");
  const many = chosen.length > 0 ? chosen.length : count;

  async function order({ deed, dryRun, extra: own }: Wish, id: string): Promise<void> {
    setProblem(undefined);
    const filter = chosen.length > 0 ? { id: chosen, state: "waiting" } : filterOfQuery(query);
    localStorage.setItem(nameKey, by);
    try {
      const body = { id, deed, dryRun, by: by.trim() === "" ? "operate" : by, filter, ...own };
      const begun = await ask<Act>("/api/refused/acts", { method: "POST", body });
      const next = new URLSearchParams(search);
      next.set("act", begun.id);
      goTo(`${path}?${next}`, { replace: true });
    } catch (error) {
      if ((error as { status?: number }).status === 401) return signedOut();
      setProblem((error as Error).message);
    }
  }

  /** A deed that changes something is asked about first. Its id is made here, so that a second press is the same. */
  function begin(wish: Wish): void {
    if (wish.dryRun) return void order(wish, newId());
    setAsked({ ...wish, id: newId() });
    dialog.current?.showModal();
  }

  const deed: Deed = kind === "dead" ? "redrive" : "replay";
  const options = kind === "dead" ? redriveOptions : replayOptions;
  const wish = (dryRun: boolean) => ({ deed, dryRun, extra });
  const fix = (correction: Correction, dryRun: boolean) => begin({ deed: "fix", dryRun, extra: { correction } });
  const name = asked === undefined ? "" : deedWords[asked.deed].verb;
  return (
    <>
      {role !== "operate" ? (
        <p class="hint">Who signs in with the key of the role operate can bring these events back.</p>
      ) : count === 0 ? null : (
        <section class="acting" aria-label="Bring back">
          <div class="buttons">
            <button type="button" onClick={() => begin(wish(true))}>
              Try it: dry run
            </button>
            <button type="button" class="primary" onClick={() => begin(wish(false))}>
              {deedWords[deed].verb}: {events(many)}
            </button>
            <label class="choice">
              <span>Your name, for the records</span>
              <input value={by} maxLength={80} onInput={(event) => setBy(event.currentTarget.value)} />
            </label>
          </div>
          <details>
            <summary>More choices</summary>
            {options.map((option) => (
              <label key={option.name} class="check">
                <input
                  type="checkbox"
                  checked={extra[option.name] === true}
                  onChange={(event) => setExtra({ ...extra, [option.name]: event.currentTarget.checked })}
                />
                {option.words}
              </label>
            ))}
          </details>
          {kind !== "quarantined" ? null : (
            <details>
              <summary>Correct {many === 1 ? "it" : "them"} first</summary>
              {version == null ? <EditsForm onFix={fix} /> : <EventForm key={version} version={version} onFix={fix} />}
            </details>
          )}
          <Problem words={problem} />
        </section>
      )}
      {act === null ? null : <ActProgress key={act} id={act} onEnded={onEnded} />}
      <dialog ref={dialog} aria-labelledby="ask">
        <h2 id="ask">
          {name}: {events(many)}?
        </h2>
        <p>{asked === undefined ? "" : before[asked.deed]}</p>
        <form method="dialog" class="buttons">
          <button type="submit">Leave it</button>
          <button
            type="submit"
            class="primary"
            onClick={() => {
              if (asked !== undefined) void order(asked, asked.id);
            }}
          >
            {name}
          </button>
        </form>
      </dialog>
    </>
  );
}

const before: Readonly<Record<Deed, string>> = {
  fix: "A corrected version is kept beside each and is sent in its place. The original bytes stay.",
  replay:
    "They are posted through the front door, the corrected version where there is one. What it has already is recognised; what it refuses stays here and counts the attempt.",
  redrive:
    "Each is given to its consumer once more, in the order of its partition. What is stored already is recognised; what fails again stays here and counts the attempt.",
};

const redriveOptions = [
  { name: "revive", words: "Store also what a tombstone may have deleted since" },
  { name: "overwrite", words: "Send records also where a connector keeps a row a key and may have a newer one" },
];
const replayOptions = [
  { name: "newId", words: "Give events whose id belongs to another an id of their own" },
  { name: "vouch", words: "Send also what a device sent for somebody else: it is true all the same" },
];
