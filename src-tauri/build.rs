//! Embeds the built window and its configuration into the program.

fn main() {
    tauri_build::build();
}
