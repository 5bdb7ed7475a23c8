//! Short programs, a file each, that share a binary: `cargo xtask example NAME` runs one of them.

mod gpt;
mod lora;
mod maml;
mod pinn;
mod ppo;
mod recurrent;
mod vae;

use std::process::ExitCode;

fn main() -> ExitCode {
    nnx_examples::gallery(&[
        (&gpt::ABOUT, gpt::run),
        (&lora::ABOUT, lora::run),
        (&maml::ABOUT, maml::run),
        (&pinn::ABOUT, pinn::run),
        (&ppo::ABOUT, ppo::run),
        (&recurrent::ABOUT, recurrent::run),
        (&vae::ABOUT, vae::run),
    ])
}
