// Which screen is shown, from how the till stands. Selling is in the first script; everything that is opened now and then comes when it
// is opened.

import { createElement, Suspense, useEffect } from "react";
import { applyLook } from "../look/layout.ts";
import { SignIn } from "../people/SignIn.tsx";
import { SellScreen } from "../sell/SellScreen.tsx";
import { fetchAll, later } from "./later.ts";
import { Silent, Stopped, Unopened } from "./Stopped.tsx";
import { TopBar } from "./TopBar.tsx";
import { useShown } from "./use.ts";

const firstRun = later(() => import("../start/FirstRun.tsx"));
const openShift = later(() => import("../shift/OpenShift.tsx"));
const closeShift = later(() => import("../shift/CloseShift.tsx"));
const report = later(() => import("../shift/Report.tsx"));
const history = later(() => import("../history/History.tsx"));
const syncPanel = later(() => import("../sync/SyncPanel.tsx"));
const conflicts = later(() => import("../sync/Conflicts.tsx"));
const settingsScreen = later(() => import("../settings/SettingsScreen.tsx"));
const overlays = later(() => import("./Overlays.tsx"));

export function App() {
  const status = useShown((known) => known.status);
  const silent = useShown((known) => known.silent);
  const unopened = useShown((known) => known.unopened);
  const overlay = useShown((known) => known.overlay);
  useLook();
  const begun = status !== null;
  useEffect(() => {
    if (!begun) return;
    const timer = setTimeout(() => void fetchAll(), 500);
    return () => clearTimeout(timer);
  }, [begun]);
  if (unopened) return <Unopened fault={unopened} />;
  if (!status) return silent ? <Silent /> : <div className="window" />;
  if (status.stopped) return <Stopped stopped={status.stopped} />;
  if (status.phase !== "ready") {
    return <Suspense fallback={null}>{createElement(firstRun())}</Suspense>;
  }
  if (!status.person) return <SignIn />;
  return (
    <div className="window">
      <Flash />
      <TopBar />
      <Suspense fallback={<main className="opening" />}>
        <Screen />
      </Suspense>
      <Suspense fallback={null}>{overlay ? createElement(overlays(), { overlay }) : null}</Suspense>
    </div>
  );
}

/** The border's word for what is not heard. Whatever it stands for is said in words where it happened. */
function Flash() {
  const flash = useShown((known) => known.flash);
  return flash ? <i className={`border-flash ${flash}`} aria-hidden="true" /> : null;
}

function Screen() {
  const view = useShown((known) => known.view);
  const open = useShown((known) => known.status?.shift !== null);
  switch (view) {
    case "sell":
      return open ? <SellScreen /> : createElement(openShift());
    case "history":
      return createElement(history());
    case "report":
      return createElement(report());
    case "close":
      return createElement(closeShift());
    case "sync":
      return createElement(syncPanel());
    case "conflicts":
      return createElement(conflicts());
    case "settings":
      return createElement(settingsScreen());
  }
}

/** Theme, scale and layout follow the till's settings and the size of the window. */
function useLook() {
  const theme = useShown((known) => known.settings?.theme ?? "auto");
  const scale = useShown((known) => known.settings?.scale ?? 100);
  useEffect(() => {
    const apply = () => applyLook(theme, scale / 100);
    apply();
    window.addEventListener("resize", apply);
    return () => window.removeEventListener("resize", apply);
  }, [theme, scale]);
}
