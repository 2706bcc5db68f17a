import type { ComponentChildren } from "preact";
import type { Labels as LabelMap } from "../../alerts/shapes.ts";
import { useSettings } from "../settings.ts";

/** Labels as pairs of name and value. */
export function Labels({ of }: { readonly of: LabelMap }) {
  const pairs = Object.entries(of);
  if (pairs.length === 0) return null;
  return (
    <dl class="labels">
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

type SignProps = { readonly look: string; readonly sign: string; readonly children: ComponentChildren };

/** A sign beside words: nothing is said by colour alone. */
export function Signed({ look, sign, children }: SignProps) {
  return (
    <span class="signed">
      <span class={`sign ${look}`} aria-hidden="true">
        {sign}
      </span>
      <span>{children}</span>
    </span>
  );
}

/** What only the role operate may do; others are told so in its place. */
export function ForOperate({ children }: { readonly children: ComponentChildren }) {
  const { role } = useSettings();
  if (role === "operate") return <>{children}</>;
  return <p class="hint">This is for the role operate; you are signed in as view.</p>;
}
