// A receipt as the printer will have it: the same lines, in the same columns, on something that looks like paper in light and dark.

import { useAsked } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";

export function ReceiptPaper({ sale }: { sale: string }) {
  const { answer, fault } = useAsked({ ask: "receipt", sale });
  if (fault) return <p className="empty">{faultText(fault)}</p>;
  if (!answer) return null;
  return (
    <figure className="paper-frame">
      <div className="paper" style={{ inlineSize: `${answer.columns}ch` }} dir="ltr">
        {answer.lines.map((line, index) => (
          <p
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one receipt do not move.
            key={index}
            className={`${line.bold ? "bold" : ""}${line.tall ? " tall" : ""}${line.centred ? " centred" : ""}`}
          >
            {line.text === "" ? "\u00a0" : line.text}
          </p>
        ))}
      </div>
      <figcaption className="second">{text("receipt-copies", { count: answer.copies })}</figcaption>
    </figure>
  );
}
