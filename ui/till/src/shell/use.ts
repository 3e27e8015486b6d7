// How screens reach the counter: one context, and a way to ask the till that keeps the last answer on the screen while a new one is
// on its way, so that nothing flickers.

import { createContext, useCallback, useContext, useEffect, useRef, useState } from "react";
import { faultOf } from "../door/refusal.ts";
import type { Act, Answers, Request, Right } from "../door/types.ts";
import { type When, whenOf } from "../look/when.ts";
import type { Money } from "../money/format.ts";
import type { Sell } from "../sell/state.ts";
import { type Asked, type Counter, type Known, useKnown } from "./counter.ts";

export const CounterContext = createContext<Counter | null>(null);

export function useCounter(): Counter {
  const counter = useContext(CounterContext);
  if (!counter) throw new Error("a screen was drawn outside the window");
  return counter;
}

export const useShown = <T>(select: (known: Known) => T): T => useKnown(useCounter(), select);
export const useSell = <T>(select: (sell: Sell) => T): T => useShown((known) => select(known.sell));
const whens = new Map<string, When>();
/** Times, as the shop's people write them. */
export function useWhen(): When {
  const locale = useShown((known) => known.status?.locale ?? "en");
  const zone = useShown((known) => known.status?.time_zone ?? "UTC");
  const name = `${locale} ${zone}`;
  const when = whens.get(name) ?? whenOf(locale, zone);
  whens.set(name, when);
  return when;
}
/** What the person at the till may do; what their role does not name is denied. */
export const useRight = (permission: string): Right =>
  useShown((known) => known.status?.rights[permission] ?? "denied");
export const useMoney = (): Money => useShown((known) => known.money);

/** Asks now, and again whenever `again` changes. */
export function useAsked<R extends Request>(request: R, again: unknown = 0): Asked<Answers[R["ask"]]> {
  const counter = useCounter();
  const [asked, setAsked] = useState<Asked<Answers[R["ask"]]>>({ answer: null, fault: null });
  const written = JSON.stringify(request);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` asks for the same thing once more.
  useEffect(() => {
    let current = true;
    counter.ask(JSON.parse(written) as R).then(
      (answer) => current && setAsked({ answer, fault: null }),
      (problem) => current && setAsked((before) => ({ ...before, fault: faultOf(problem) })),
    );
    return () => {
      current = false;
    };
  }, [counter, written, again]);
  return asked;
}

/** Does something to the till's books. Asked again because no answer came, the same act goes under the same command id. */
export function useAct(): (act: Act) => Promise<Answers["act"]> {
  const counter = useCounter();
  const commands = useRef(new Map<string, string>());
  return useCallback(
    async (act) => {
      const written = JSON.stringify(act);
      const command = commands.current.get(written) ?? crypto.randomUUID();
      commands.current.set(written, command);
      try {
        const answer = await counter.ask({ ask: "act", command, act, approval: null });
        commands.current.delete(written);
        counter.stand(answer.status);
        counter.dispatch({ is: "cart", cart: answer.cart });
        return answer;
      } catch (problem) {
        if (faultOf(problem).kind !== "not_recorded") commands.current.delete(written);
        throw problem;
      }
    },
    [counter],
  );
}
