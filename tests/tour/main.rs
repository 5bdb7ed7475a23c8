//! The lesson of docs/tour.md. Its program is compiled and run here, beside tests of what the page says of it.
#![allow(clippy::unwrap_used)]

mod page;

/// The program, in the pieces that the page has.
mod lesson {
    include!("1_programs.rs");
    include!("2_transforms.rs");
    include!("3_solutions.rs");
}
