import type { AlertsNow } from "../../alerts/shapes.ts";
import { Link } from "../parts/link.tsx";
import { Problem, Scroll } from "../parts/list-parts.tsx";
import { Signed } from "../parts/signed.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText } from "../parts/words.ts";
import { useSettings } from "../settings.ts";

const sources = { file: "file", saved: "saved", "built-in": "built in" } as const;

/** All rules, and what each of them has found. */
export function RulesView() {
  const { role } = useSettings();
  const { answer, problem } = useAsked<AlertsNow>("/api/alerts/now", 5_000);
  return (
    <>
      <h1>Rules</h1>
      {role === "operate" ? (
        <p class="acts">
          <Link to="/alerts/rules/new">New rule</Link>
        </p>
      ) : null}
      <Problem text={problem} />
      {answer === undefined ? null : (
        <Scroll label="Rules">
          <table>
            <thead>
              <tr>
                <th scope="col">Rule</th>
                <th scope="col">Severity</th>
                <th scope="col">Says</th>
                <th scope="col">Listens to</th>
                <th scope="col">From</th>
                <th scope="col">Now</th>
              </tr>
            </thead>
            <tbody>
              {answer.rules.map((rule) => {
                const count = answer.watched.filter((each) => each.rule === rule.name).length;
                return (
                  <tr key={`${rule.name} ${rule.source}`}>
                    <td>
                      {rule.source === "built-in" ? (
                        rule.name
                      ) : (
                        <Link to={`/alerts/rules/${encodeURIComponent(rule.name)}`}>{rule.name}</Link>
                      )}
                    </td>
                    <td>{rule.severity}</td>
                    <td class="wide">
                      {rule.problem === undefined ? (
                        rule.description
                      ) : (
                        <Signed look="fault" sign="✕">
                          Left out: {rule.problem}
                        </Signed>
                      )}
                    </td>
                    <td class="wide">{rule.on.join(", ")}</td>
                    <td>{sources[rule.source]}</td>
                    <td>
                      {count === 0 ? (
                        <span class="soft">quiet</span>
                      ) : (
                        <Link to={`/alerts?${new URLSearchParams({ rule: rule.name })}`}>{countText(count)}</Link>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scroll>
      )}
    </>
  );
}
