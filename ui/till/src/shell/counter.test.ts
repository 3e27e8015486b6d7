// Answers come in any order; what the screen shows is what the till did last.

import { expect, test } from "vitest";
import type { Door } from "../door/door.ts";
import type { Acted, Cart, CartLine, Changed, Status } from "../door/types.ts";
import { NO_CART } from "../sell/state.ts";
import { counterOver } from "./counter.ts";

const cartOf = (...names: string[]): Cart => ({ ...NO_CART, lines: names.map((name) => ({ name }) as CartLine) });
const status = { currency: { code: "EUR", exponent: 2 }, locale: "en", person: { staff: "ana" } } as Status;
const shown = (names: Cart) => names.lines.map(({ name }) => name);

/** A till that answers when it is told to, in whatever order. */
function slowTill() {
  const asked: { ask: string; answer(with_: unknown): Promise<void> }[] = [];
  let tell: (changed: Changed) => void = () => undefined;
  const door: Door = {
    ask: (({ ask }: { ask: string }) =>
      new Promise<unknown>((resolve) => {
        asked.push({
          ask,
          async answer(answer) {
            resolve(answer);
            await new Promise((rest) => setTimeout(rest));
          },
        });
      })) as Door["ask"],
    changed(listener) {
      tell = listener;
      return () => undefined;
    },
  };
  const next = (ask: string) => {
    const found = asked.findIndex((question) => question.ask === ask);
    const [question] = asked.splice(found, 1);
    if (found < 0 || !question) throw new Error(`nobody asked for ${ask}`);
    return question;
  };
  return { door, next, changed: (what: Changed["what"]) => tell({ what }), left: () => asked.map(({ ask }) => ask) };
}

test("a cart that was asked for before an act was done never covers what the act left", async () => {
  const till = slowTill();
  const counter = counterOver(till.door);
  counter.stand(status);
  await till.next("cart").answer(cartOf());

  till.changed(["cart"]);
  counter.dispatch({ is: "pick", product: { sku: "7" } });
  const [late, act] = [till.next("cart"), till.next("act")];
  await act.answer({ cart: cartOf("milk"), status, done: null } satisfies Acted);
  await late.answer(cartOf());
  expect(shown(counter.get().sell.cart)).toEqual(["milk"]);

  await till.next("cart").answer(cartOf("milk"));
  expect(shown(counter.get().sell.cart)).toEqual(["milk"]);
  expect(till.left()).not.toContain("cart");
});

test("a cart that changed elsewhere is shown", async () => {
  const till = slowTill();
  const counter = counterOver(till.door);
  counter.stand(status);
  await till.next("cart").answer(cartOf());
  till.changed(["cart"]);
  await till.next("cart").answer(cartOf("bread"));
  expect(shown(counter.get().sell.cart)).toEqual(["bread"]);
});
