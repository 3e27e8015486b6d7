// The keys of the screen that is open, from the same list that makes them work.

import { written } from "../actions/keys.ts";
import { actionsAt, placesOf } from "../actions/registry.ts";
import { text } from "../texts/text.ts";
import { useShown } from "./use.ts";

/** Keys that are typing and not actions, by place. */
const TYPING: Record<string, [string, string][]> = {
  sell: [
    ["0–9 ↵", "help-type-code"],
    ["3 *", "help-times"],
    ["↑ ↓", "help-choose"],
    ["↵", "help-edit"],
    ["A–Z", "help-letters"],
    ["Esc", "help-back"],
  ],
};

export function Help() {
  const known = useShown((all) => all);
  const places = placesOf(known);
  return (
    <div className="help">
      {places.map((place) => {
        const actions = actionsAt([place]).filter(({ keys }) => keys.length > 0);
        return (
          <section key={place}>
            <h3>{text(`place-${place}`)}</h3>
            <dl>
              {(TYPING[place] ?? []).map(([keys, label]) => (
                <div key={label}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{text(label)}</dd>
                </div>
              ))}
              {actions.map(({ id, label, keys }) => (
                <div key={id}>
                  <dt>
                    {keys.map((key) => (
                      <kbd key={key}>{written(key)}</kbd>
                    ))}
                  </dt>
                  <dd>{text(label)}</dd>
                </div>
              ))}
            </dl>
          </section>
        );
      })}
    </div>
  );
}
