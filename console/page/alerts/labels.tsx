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

/** What only the role operate may do; others are told so in its place. */
export function ForOperate({ children }: { readonly children: ComponentChildren }) {
  const { role } = useSettings();
  if (role === "operate") return <>{children}</>;
  return <p class="hint">This is for the role operate; you are signed in as view.</p>;
}
