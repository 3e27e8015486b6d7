// People as tiles: initials, name, role. A person without a PIN, or locked for a while, stays visible and says why.

import type { PersonTile } from "../door/types.ts";
import { Press } from "../look/Press.tsx";
import { text } from "../texts/text.ts";

type Props = { people: PersonTile[]; chosen: string | null; onChoose: (person: PersonTile) => void; now: number };

export function PersonTiles({ people, chosen, onChoose, now }: Props) {
  return (
    <ul className="people">
      {people.map((person) => {
        const locked = person.locked_until !== null && person.locked_until / 1000 > now;
        const minutes = locked ? Math.ceil(((person.locked_until ?? 0) / 1000 - now) / 60_000) : 0;
        return (
          <li key={person.staff}>
            <Press
              look="tile"
              className="person"
              pressed={chosen === person.staff}
              disabled={locked || !person.has_pin}
              onPress={() => onChoose(person)}
            >
              <span className="initials" aria-hidden="true">
                {initials(person.name)}
              </span>
              <span className="person-words">
                <bdi className="person-name">{person.name}</bdi>
                <span className="second">
                  {locked ? text("person-locked", { minutes }) : person.has_pin ? person.role : text("person-no-pin")}
                </span>
              </span>
            </Press>
          </li>
        );
      })}
    </ul>
  );
}

export const initials = (name: string): string =>
  name
    .split(/\s+/)
    .slice(0, 2)
    .map((part) => part.charAt(0).toLocaleUpperCase())
    .join("");
