// The line editor: quantity, discount or price of the chosen line. The mode is a labelled choice and its unit stands inside the
// display, so that "10" can never be mistaken for the other kind of ten.

import { written } from "../actions/keys.ts";
import { Amount, Code, Price, Times } from "../look/Amount.tsx";
import { NumberPad } from "../look/NumberPad.tsx";
import { Press } from "../look/Press.tsx";
import { MarkOf } from "../look/RightMark.tsx";
import { useCounter, useMoney, useSell } from "../shell/use.ts";
import { text } from "../texts/text.ts";
import { missing } from "./line.ts";
import type { LineMode, Pane } from "./state.ts";

const REASONS = ["damaged", "price_match", "shelf_label", "regular", "manager", "other"];
const HINTS: Record<LineMode, string> = { quantity: "*", percent: "%", amount: "", price: "F7" };

export function LinePane({ pane }: { pane: Extract<Pane, { is: "line" }> }) {
  const { dispatch } = useCounter();
  const sell = useSell((known) => known);
  const line = sell.cart.lines.find((other) => other.line === pane.line);
  const lacking = missing(sell);
  const modes: LineMode[] = line ? ["quantity", "percent", "amount", "price"] : ["percent", "amount"];
  return (
    <section className="pane line-pane" aria-labelledby="pane-title">
      <div className="pane-main">
        <h2 id="pane-title" className="pane-title">
          <bdi>{line?.name ?? text("line-whole-sale")}</bdi>
        </h2>
        <p className="second">
          {line ? (
            <>
              <Times quantity={line.quantity} /> {line.unit_price === null ? null : <Price price={line.unit_price} />}
              {Math.abs(line.quantity) === 1000 && line.reduction_minor === 0 ? null : (
                <>
                  {" · "}
                  <Amount minor={line.net_minor} />
                </>
              )}
            </>
          ) : (
            <Amount minor={sell.cart.total_minor} />
          )}
        </p>
        <div className="modes" role="group" aria-label={text("line-mode")}>
          {modes.map((mode) => (
            <Press
              key={mode}
              pressed={pane.mode === mode}
              hint={HINTS[mode] || undefined}
              disabled={mode === "quantity" && line?.counted === false}
              onPress={() => dispatch({ is: "mode", mode })}
            >
              {text(`line-mode-${mode}`)}
            </Press>
          ))}
        </div>
        <Display mode={pane.mode} entry={pane.entry} />
        {pane.mode === "quantity" ? null : (
          <fieldset className="reasons">
            <legend>{text("line-reason")}</legend>
            <div>
              {REASONS.map((reason) => (
                <Press
                  key={reason}
                  size="small"
                  look="chip"
                  pressed={pane.reason === reason}
                  onPress={() => dispatch({ is: "reason", reason })}
                >
                  {text(`reason-${reason.replaceAll("_", "-")}`)}
                </Press>
              ))}
            </div>
          </fieldset>
        )}
        <p className="pane-note" role="status">
          {lacking === "reason" && pane.entry !== ""
            ? text("line-needs-reason")
            : lacking === "too_much"
              ? text("line-too-much")
              : ""}
        </p>
        <div className="pane-keys">
          <Press
            look="primary"
            disabled={lacking !== null}
            hint={written("Enter")}
            onPress={() => dispatch({ is: "apply" })}
          >
            {text("line-apply")}
            {pane.mode === "quantity" ? null : (
              <MarkOf permission={pane.mode === "price" ? "override_price" : "discount"} />
            )}
          </Press>
          <Press hint="Esc" onPress={() => dispatch({ is: "escape" })}>
            {text("line-leave")}
          </Press>
          {line ? (
            <Press look="danger" hint={written("Delete")} onPress={() => dispatch({ is: "remove" })}>
              {text("action-remove")}
            </Press>
          ) : null}
        </div>
      </div>
      <NumberPad
        corner="."
        onCharacter={(character) => dispatch({ is: "character", character })}
        onErase={() => dispatch({ is: "erase" })}
      />
    </section>
  );
}

/** The entry with its unit inside. */
function Display({ mode, entry }: { mode: LineMode; entry: string }) {
  const { currency } = useMoney();
  const unit = mode === "quantity" ? "×" : mode === "percent" ? "%" : currency.code;
  return (
    <output className="display">
      <span className="display-label">{text(`line-mode-${mode}`)}</span>
      <Code>{entry === "" ? "–" : entry}</Code>
      <span className="display-unit">{unit}</span>
    </output>
  );
}
