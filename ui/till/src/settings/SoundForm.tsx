// How loud this till is, whether it speaks at all, and every sound to try. What is not heard flashes, here as everywhere.

import type { Preference, Settings, Sound } from "../door/types.ts";
import { Press } from "../look/Press.tsx";
import { useCounter } from "../shell/use.ts";
import { text } from "../texts/text.ts";
import { Choice } from "./Choice.tsx";

const VOLUMES = [0, 25, 50, 70, 85, 100];
const EITHER = [false, true];
const SOUNDS: readonly Sound[] = ["added", "refused", "attention", "paid"];

type Props = { settings: Settings; prefer: (name: Preference, value: string) => void };

export function SoundForm({ settings, prefer }: Props) {
  const counter = useCounter();
  const tryOut = async (sound: Sound) => {
    await counter.play(sound);
    // A loudspeaker that was plugged in meanwhile has answered now.
    counter.set({ settings: await counter.ask({ ask: "settings" }) });
  };
  const yesOrNo = (value: boolean) => text(value ? "switch-on" : "switch-off");
  return (
    <>
      {settings.loudspeaker ? null : <p className="second">{text("sound-no-loudspeaker")}</p>}
      <Choice
        label="sound-volume"
        options={VOLUMES}
        now={settings.sound}
        words={(value) => (value === 0 ? text("switch-off") : `${value} %`)}
        onChoose={(value) => prefer("sound", String(value))}
      />
      <Choice
        label="sound-quiet"
        options={EITHER}
        now={settings.quiet}
        words={yesOrNo}
        onChoose={(value) => prefer("quiet", String(value))}
      />
      <Choice
        label="sound-item"
        options={EITHER}
        now={settings.item_sound}
        words={yesOrNo}
        onChoose={(value) => prefer("item_sound", String(value))}
      />
      <fieldset className="choice">
        <legend>{text("sound-try")}</legend>
        <div>
          {SOUNDS.map((sound) => (
            <Press key={sound} look="chip" size="small" onPress={() => void tryOut(sound)}>
              {text(`sound-${sound}`)}
            </Press>
          ))}
        </div>
      </fieldset>
    </>
  );
}
