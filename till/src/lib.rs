//! The till without its window.
