//! `cargo xtask`: set-up and developer commands.

use std::process::ExitCode;
use xtask::cli;

fn main() -> ExitCode {
    match cli::run(std::env::args_os().skip(1)) {
        Ok(code) => ExitCode::from(code),
        Err(cli::Failure { message, code }) => {
            eprintln!("error: {message}");
            ExitCode::from(code)
        }
    }
}
