// Amounts, quantities and codes as they stand in a line of text. Each keeps its own direction, so that "1×" stays "1×" and a minus
// stays in front where the words around it run from right to left.

import type { Minor, Quantity, UnitPrice } from "../door/types.ts";
import { useMoney } from "../shell/use.ts";

export function Amount({ minor, className }: { minor: Minor; className?: string }) {
  return (
    <bdi dir="ltr" className={`number ${className ?? ""}`}>
      {useMoney().amount(minor)}
    </bdi>
  );
}

export const Price = ({ price }: { price: UnitPrice }) => (
  <bdi dir="ltr" className="number">
    {useMoney().price(price)}
  </bdi>
);

export const Times = ({ quantity }: { quantity: Quantity }) => (
  <bdi dir="ltr" className="number">
    {useMoney().quantity(quantity)}
    <span className="times">×</span>
  </bdi>
);

export const Code = ({ children }: { children: string }) => (
  <bdi dir="ltr" className="number">
    {children}
  </bdi>
);

/** The number of a receipt, such as "Till 1-42". */
export const ReceiptNumber = ({ children }: { children: string }) => (
  <bdi dir="ltr" className="receipt-number">
    {children}
  </bdi>
);
