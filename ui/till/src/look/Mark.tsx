// Daybook's mark, a book with the two ticks of a sale that is safe here and at head office. Its colours are its own in every theme; the
// program's icons are made from the same drawing, src-tauri/icons/icon.svg.

export function Mark() {
  return (
    <svg className="mark-of-daybook" viewBox="0 0 512 512" aria-hidden="true">
      <rect x="16" y="16" width="480" height="480" rx="108" fill="#0A5BA8" />
      <rect x="100" y="84" width="312" height="344" rx="32" fill="#FFFFFF" />
      <rect x="144" y="84" width="22" height="344" fill="#0A5BA8" />
      <g fill="none" strokeLinecap="round" strokeLinejoin="round">
        <path d="M214 156h142M214 212h86" stroke="#9DC3E8" strokeWidth="26" />
        <path d="M206 318l42 42 68-88M288 346l14 14 68-88" stroke="#00674B" strokeWidth="28" />
      </g>
    </svg>
  );
}
