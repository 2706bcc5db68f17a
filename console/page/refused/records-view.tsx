import type { RecordLine } from "../../refused/act-shapes.ts";
import { Link } from "../parts/link.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText } from "../parts/words.ts";
import { deedWords } from "./act-words.ts";
import { Moment, Problem } from "./parts.tsx";

/** Who brought back what, when, and what came of it; by pages and by commands. */
export function RecordsView() {
  const { answer, problem } = useAsked<readonly RecordLine[]>("/api/refused/records", 5_000);
  return (
    <main id="main" class="refused" tabIndex={-1} aria-busy={answer === undefined && problem === undefined}>
      <p class="crumbs">
        <Link to="/refused">Refused events</Link>
      </p>
      <h1>Who did what</h1>
      <p class="lead">The last hundred corrections, replays and redrives, of this page and of the command line.</p>
      <Problem words={problem} />
      {answer === undefined ? null : answer.length === 0 ? <p class="empty">Nothing yet.</p> : <Lines lines={answer} />}
    </main>
  );
}

function Lines({ lines }: { readonly lines: readonly RecordLine[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="scroll" tabIndex={0} aria-label="Records">
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col" class="number">
              Events
            </th>
            <th scope="col" class="number">
              Came through
            </th>
            <th scope="col">Which</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ id, deed, by, what, began, ended, matched, good }) => (
            <tr key={id}>
              <td>
                <Moment at={began} />
              </td>
              <td>{by}</td>
              <td>
                {deedWords[deed].verb}
                {ended === null ? ", under way or killed" : ""}
              </td>
              <td class="number">{matched === null ? "–" : countText(matched)}</td>
              <td class="number">{good === null ? "–" : countText(good)}</td>
              <td class="mono clipped" title={what}>
                {what}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
