// Which screen is shown, from how the till stands. Selling is in the first script; everything that is opened now and then comes when it
// is opened.

import { lazy, Suspense, useEffect } from "react";
import { applyLook } from "../look/layout.ts";
import { SignIn } from "../people/SignIn.tsx";
import { SellScreen } from "../sell/SellScreen.tsx";
import { Silent, Stopped, Unopened } from "./Stopped.tsx";
import { TopBar } from "./TopBar.tsx";
import { useShown } from "./use.ts";

const FirstRun = lazy(() => import("../start/FirstRun.tsx"));
const OpenShift = lazy(() => import("../shift/OpenShift.tsx"));
const CloseShift = lazy(() => import("../shift/CloseShift.tsx"));
const Report = lazy(() => import("../shift/Report.tsx"));
const History = lazy(() => import("../history/History.tsx"));
const SyncPanel = lazy(() => import("../sync/SyncPanel.tsx"));
const Conflicts = lazy(() => import("../sync/Conflicts.tsx"));
const SettingsScreen = lazy(() => import("../settings/SettingsScreen.tsx"));
const Overlays = lazy(() => import("./Overlays.tsx"));

export function App() {
  const status = useShown((known) => known.status);
  const silent = useShown((known) => known.silent);
  const unopened = useShown((known) => known.unopened);
  const overlay = useShown((known) => known.overlay);
  useLook();
  if (unopened) return <Unopened fault={unopened} />;
  if (!status) return silent ? <Silent /> : <div className="window" />;
  if (status.stopped) return <Stopped stopped={status.stopped} />;
  if (status.phase !== "ready") {
    return (
      <Suspense fallback={null}>
        <FirstRun />
      </Suspense>
    );
  }
  if (!status.person) return <SignIn />;
  return (
    <div className="window">
      <TopBar />
      <Suspense fallback={<main className="opening" />}>
        <Screen />
      </Suspense>
      <Suspense fallback={null}>{overlay ? <Overlays overlay={overlay} /> : null}</Suspense>
    </div>
  );
}

function Screen() {
  const view = useShown((known) => known.view);
  const open = useShown((known) => known.status?.shift !== null);
  switch (view) {
    case "sell":
      return open ? <SellScreen /> : <OpenShift />;
    case "history":
      return <History />;
    case "report":
      return <Report />;
    case "close":
      return <CloseShift />;
    case "sync":
      return <SyncPanel />;
    case "conflicts":
      return <Conflicts />;
    case "settings":
      return <SettingsScreen />;
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
