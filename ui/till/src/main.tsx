// Starts the window: the door, the counter, the keyboard and the scanner, and then the first screen.

import "@fontsource-variable/inter/wght.css";
import "virtual:tokens.css";
import "./look/base.css";
import "./look/press.css";
import "./shell/shell.css";
import "./sell/sell.css";
import "./sell/cart.css";
import "./sell/panes.css";
import "./tender/tender.css";
import "./people/people.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { listenToKeyboard } from "./actions/keyboard.ts";
import { door } from "./door/door.ts";
import { listenToScanner } from "./scanner/listen.ts";
import { PROFILES } from "./scanner/profile.ts";
import { scannerProfile } from "./settings/here.ts";
import { App } from "./shell/App.tsx";
import { counterOver } from "./shell/counter.ts";
import { CounterContext } from "./shell/use.ts";

const counter = counterOver(door);

let search = "";
listenToScanner({
  profile: () => PROFILES[scannerProfile()],
  scan(code) {
    const known = counter.get();
    if (!known.status?.shift || !known.status.person || known.overlay) return;
    counter.set({ view: "sell", opened: null, search: "" });
    counter.dispatch({ is: "scan", code });
  },
  remember() {
    search = counter.get().search;
    counter.dispatch({ is: "burst" });
  },
  restore() {
    counter.set({ search });
    counter.dispatch({ is: "burst_read" });
  },
  type(text) {
    for (const character of text) counter.dispatch({ is: "character", character });
  },
});
listenToKeyboard(counter);
void counter.refresh();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <CounterContext value={counter}>
        <App />
      </CounterContext>
    </StrictMode>,
  );
}
