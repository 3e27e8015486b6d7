// The one place where colours, type and sizes are decided. The style sheet is made from it at build time, and a test proves the
// contrast of every pair that meets on the screen.

export const LIGHT = {
  ground: "#F3F5F7",
  surface: "#FFFFFF",
  sunken: "#E6EAEE",
  text: "#10171F",
  "text-2": "#44505C",
  border: "#66727E",
  hairline: "#D3DAE1",
  primary: "#0A5BA8",
  "on-primary": "#FFFFFF",
  "primary-tint": "#E1EEFB",
  success: "#00674B",
  "success-tint": "#DDF3EB",
  warning: "#6B4A00",
  "warning-tint": "#FFEDBF",
  danger: "#A83400",
  "danger-tint": "#FFE6DA",
  pending: "#5B3A8C",
  "pending-tint": "#EFE7FA",
  focus: "#0A5BA8",
};

export type Palette = typeof LIGHT;

export const DARK: Palette = {
  ground: "#0E1318",
  surface: "#171E26",
  sunken: "#222C36",
  text: "#F1F4F7",
  "text-2": "#B4C0CC",
  border: "#8696A6",
  hairline: "#33404D",
  primary: "#7CBCFF",
  "on-primary": "#04203B",
  "primary-tint": "#14304C",
  success: "#58D3A7",
  "success-tint": "#0F3529",
  warning: "#FFCB57",
  "warning-tint": "#3A2C08",
  danger: "#FF9D6E",
  "danger-tint": "#431C0A",
  pending: "#CDB4FF",
  "pending-tint": "#2C2044",
  focus: "#7CBCFF",
};

/** Much contrast: black on white, every edge in black, colours only as dark as they stay told apart. */
export const HIGH: Palette = {
  ground: "#FFFFFF",
  surface: "#FFFFFF",
  sunken: "#F0F0F0",
  text: "#000000",
  "text-2": "#000000",
  border: "#000000",
  hairline: "#000000",
  primary: "#003A8C",
  "on-primary": "#FFFFFF",
  "primary-tint": "#D6E8FF",
  success: "#00452F",
  "success-tint": "#DDF5EA",
  warning: "#4A3200",
  "warning-tint": "#FFF4D6",
  danger: "#7A2400",
  "danger-tint": "#FFE3D6",
  pending: "#3D2166",
  "pending-tint": "#EDE4FA",
  focus: "#000000",
};

/** Much contrast for a dark room: white on black. */
export const HIGH_DARK: Palette = {
  ground: "#000000",
  surface: "#000000",
  sunken: "#1C1C1C",
  text: "#FFFFFF",
  "text-2": "#FFFFFF",
  border: "#FFFFFF",
  hairline: "#FFFFFF",
  primary: "#9CCDFF",
  "on-primary": "#000000",
  "primary-tint": "#0B2A4A",
  success: "#7CE8C2",
  "success-tint": "#06301F",
  warning: "#FFD978",
  "warning-tint": "#2A1F00",
  danger: "#FFB491",
  "danger-tint": "#3A1200",
  pending: "#DCC9FF",
  "pending-tint": "#25143F",
  focus: "#FFFFFF",
};

/** How thick lines are: between rows, and around what is tapped or typed in. */
export const EDGES = { line: "1px", edge: "1.5px" };
export const HIGH_EDGES: typeof EDGES = { line: "2px", edge: "2px" };

/** Size, line height, weight. */
export const TYPE = {
  14: [14, 20, 400],
  16: [16, 22, 500],
  18: [18, 24, 600],
  20: [20, 28, 650],
  24: [24, 32, 700],
  28: [28, 36, 600],
  38: [38, 42, 700],
  56: [56, 64, 700],
  128: [128, 128, 700],
} as const;

export const SPACE = [4, 8, 12, 16, 24, 32] as const;

/** Which pairs meet, and how much contrast each needs. */
export const PAIRS: [keyof Palette, keyof Palette, number][] = [
  ["text", "surface", 7],
  ["text", "sunken", 7],
  ["text", "ground", 7],
  ["text", "primary-tint", 7],
  ["text", "warning-tint", 7],
  ["text", "danger-tint", 7],
  ["text", "success-tint", 7],
  ["text", "pending-tint", 7],
  ["text-2", "surface", 4.5],
  ["text-2", "sunken", 4.5],
  ["text-2", "ground", 4.5],
  ["text-2", "primary-tint", 4.5],
  ["text-2", "warning-tint", 4.5],
  ["text-2", "danger-tint", 4.5],
  ["on-primary", "primary", 4.5],
  ["primary", "surface", 4.5],
  ["primary", "primary-tint", 4.5],
  ["success", "surface", 4.5],
  ["success", "ground", 4.5],
  ["success", "success-tint", 4.5],
  ["warning", "surface", 4.5],
  ["warning", "warning-tint", 4.5],
  ["danger", "surface", 4.5],
  ["danger", "ground", 4.5],
  ["danger", "danger-tint", 4.5],
  ["pending", "surface", 4.5],
  ["pending", "pending-tint", 4.5],
  ["border", "surface", 3],
  ["border", "sunken", 3],
  ["border", "ground", 3],
  ["focus", "surface", 3],
  ["focus", "sunken", 3],
  ["focus", "ground", 3],
];
