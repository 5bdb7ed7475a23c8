//! The example programs as their users run them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fuzz;
mod gallery;
mod language_model;
mod mnist;
mod program;
mod siamese;
