// What the compiler cannot see by itself: the bundler's own imports, and the style sheet that is made of the tokens.

/// <reference types="vite/client" />

declare module "virtual:tokens.css";
