// A till of its own for a walk: the test-only door over a real till and a real head office, started on a free port and ended with the
// walk. What is to happen around the till is asked of it by name.

import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Where cargo builds, and where pictures go. */
export const TARGET = process.env.DAYBOOK_TARGET ?? join(import.meta.dirname, "../../../target");
const PROGRAM = join(TARGET, "debug/door");
const WINDOW = join(import.meta.dirname, "../dist");

/** How long the shop behind the door may take to stand. */
const PATIENCE_MS = 120_000;

/**
 * Starts a door. `built`: the folder of the window it serves; `beginning`: "ready", "new" or "key-lost"; `hasty`: its till does not wait for the disk;
 * `locale`: how it writes amounts.
 */
export async function startTill({ built = WINDOW, beginning = "ready", hasty = false, locale = "en-IE" } = {}) {
  const options = ["--built", built, "--beginning", beginning, "--locale", locale, ...(hasty ? ["--hasty"] : [])];
  // A process whose files may not grow is ended by a signal, unless it was started deaf to it: then its writes fail, as on a bad disk.
  const child = spawn("sh", ["-c", 'trap "" XFSZ; exec "$0" "$@"', PROGRAM, ...options], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.once("close", resolve));

  async function line(waitedFor) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the door took too long for ${waitedFor}`)), PATIENCE_MS);
    });
    const { value, done } = await Promise.race([lines.next(), late]).finally(() => clearTimeout(timer));
    if (done) throw new Error(`the door ended before ${waitedFor}`);
    return JSON.parse(value);
  }

  async function stop() {
    child.stdin.end();
    await ended;
  }

  try {
    const { door, pin, office, code } = await line("its address");
    return { base: door, pin, office, code, happen, failWrites, stop };
  } catch (problem) {
    child.kill();
    throw problem;
  }

  /** Makes something happen around the till, such as "head-office-stops". */
  async function happen(cue) {
    child.stdin.write(`${cue}\n`);
    const answer = await line(cue);
    if (answer.done !== cue) throw new Error(`${cue}: ${JSON.stringify(answer)}`);
  }

  /** From now on nothing the till writes reaches its disk. */
  function failWrites() {
    execFileSync("prlimit", ["--pid", String(child.pid), "--fsize=1:1"]);
  }
}

/** A question to a till, past its window. */
export async function ask(base, request) {
  const response = await fetch(`${base}/door`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const reply = await response.json();
  if (reply.fault) throw new Error(`${request.ask}: ${JSON.stringify(reply.fault)}`);
  return reply.ok;
}
