//! Short programs, a file each, that share a binary: `cargo xtask example NAME` runs one of them.

mod pinn;
mod vae;

use std::process::ExitCode;

fn main() -> ExitCode {
    nnx_examples::gallery(&[(&pinn::ABOUT, pinn::run), (&vae::ABOUT, vae::run)])
}
