//! Stories, replay and generated files of the whole.
