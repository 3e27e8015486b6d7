//! `daybook-server`: parses what it is asked, and wires it to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    daybook_server::admin::command_line::main(std::env::args_os())
}
