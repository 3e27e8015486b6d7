// A button of the selling path. A tap does not move the focus to it: otherwise the next Enter would press the last tapped key again.
// With the keyboard it is reached and pressed like any button, and it shows the key that does the same.

import type { ReactNode } from "react";

type Props = {
  children: ReactNode;
  onPress: () => void;
  look?: "plain" | "primary" | "danger" | "quiet" | "tile" | "chip";
  size?: "small" | "action" | "big";
  hint?: string | undefined;
  label?: string;
  disabled?: boolean;
  pressed?: boolean;
  /** Reached by the keyboard's own key instead of Tab. */
  skip?: boolean;
  focus?: boolean;
  className?: string;
};

export function Press({
  children,
  onPress,
  look = "plain",
  size = "action",
  hint,
  label,
  disabled,
  pressed,
  skip,
  focus,
  className,
}: Props) {
  return (
    <button
      type="button"
      className={`press ${look} ${size} ${className ?? ""}`}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onPress}
      disabled={disabled}
      aria-label={label}
      aria-pressed={pressed}
      aria-keyshortcuts={hint}
      tabIndex={skip ? -1 : undefined}
      autoFocus={focus}
    >
      {children}
      {hint ? <kbd aria-hidden="true">{hint}</kbd> : null}
    </button>
  );
}
