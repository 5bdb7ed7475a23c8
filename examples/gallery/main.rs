//! Short programs, a file each, that share a binary: `cargo xtask example NAME` runs one of them.

mod diffusion;
mod fields;
mod gpt;
mod lora;
mod maml;
mod pinn;
mod ppo;
mod recurrent;
mod resnet;
mod serve;
mod vae;
mod vit;

use std::process::ExitCode;

fn main() -> ExitCode {
    nnx_examples::gallery(&[
        (&diffusion::ABOUT, diffusion::run),
        (&fields::ABOUT, fields::run),
        (&gpt::ABOUT, gpt::run),
        (&lora::ABOUT, lora::run),
        (&maml::ABOUT, maml::run),
        (&pinn::ABOUT, pinn::run),
        (&ppo::ABOUT, ppo::run),
        (&recurrent::ABOUT, recurrent::run),
        (&resnet::ABOUT, resnet::run),
        (&serve::ABOUT, serve::run),
        (&vae::ABOUT, vae::run),
        (&vit::ABOUT, vit::run),
    ])
}
