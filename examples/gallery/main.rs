//! Short programs, a file each, that share a binary: `cargo xtask example NAME` runs one of them.

mod maml;
mod pinn;
mod ppo;
mod vae;

use std::process::ExitCode;

fn main() -> ExitCode {
    nnx_examples::gallery(&[
        (&maml::ABOUT, maml::run),
        (&pinn::ABOUT, pinn::run),
        (&ppo::ABOUT, ppo::run),
        (&vae::ABOUT, vae::run),
    ])
}
