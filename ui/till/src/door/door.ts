// The only file that knows how the till is reached. In Daybook's own window that is Tauri's bridge; in a browser it is the test-only
// door, which puts the same questions to a real till over HTTP. Everything else just asks.

import { Refusal } from "./refusal.ts";
import type { Answers, Changed, Reply, Request } from "./types.ts";

export type Ask = <R extends Request>(request: R) => Promise<Answers[R["ask"]]>;

export type Door = {
  ask: Ask;
  /** Tells what changed at the till without being asked; returns how to stop listening. */
  changed(listener: (changed: Changed) => void): () => void;
};

function answer<T>(reply: Reply<T>): T {
  if ("fault" in reply) throw new Refusal(reply.fault);
  return reply.ok;
}

const overTauri: Door = {
  async ask(request) {
    const { invoke } = await import("@tauri-apps/api/core");
    return answer(await invoke("door", { request }));
  },
  changed(listener) {
    const stop = import("@tauri-apps/api/event").then(({ listen }) =>
      listen<Changed>("changed", ({ payload }) => listener(payload)),
    );
    return () => void stop.then((unlisten) => unlisten());
  },
};

const overHttp: Door = {
  async ask(request) {
    const response = await fetch("/door", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    if (!response.ok) throw new Error(`the door answered ${response.status}`);
    return answer(await response.json());
  },
  changed(listener) {
    const source = new EventSource("/door/changes");
    source.onmessage = ({ data }) => listener(JSON.parse(data));
    return () => source.close();
  },
};

export const door: Door = "__TAURI_INTERNALS__" in window ? overTauri : overHttp;
