//! A crate that denies what a crate can deny.
#![deny(missing_docs, warnings, unreachable_pub, unused_qualifications, private_bounds)]
#![deny(missing_debug_implementations, single_use_lifetimes, unused_results, let_underscore_drop)]
#![deny(non_local_definitions, elided_lifetimes_in_paths, trivial_casts, unused_lifetimes)]
#![deny(private_interfaces, unnameable_types, redundant_lifetimes, unused_import_braces)]
#![forbid(unsafe_code)]

use nnx::{Array, Module, Param};

/// Documented.
#[derive(Debug, Module)]
pub struct Model {
    /// Documented.
    pub kernel: Param,
}

/// Documented.
#[nnx::jit(graph = false)]
pub fn step(model: &mut Model, x: Array, #[nnx(static)] n: usize) -> Array {
    let next = &model.kernel + x * n;
    model.kernel.set(next.clone());
    next
}

impl Model {
    /// Documented.
    #[must_use]
    #[nnx::jit(graph = false)]
    pub fn forward<M: Module>(&self, other: &M, list: &Vec<M>) -> Array {
        let _ = (other, list);
        self.kernel.value().clone()
    }
}

#[nnx::jit(graph = false)]
#[deprecated = "use `step`"]
fn old((a, _): (Array, Array)) {
    drop(a);
}

fn main() {
    #[allow(deprecated)]
    let _old = old;
    let x = Array::shape_only([1], nnx::DType::F32);
    let mut model = Model { kernel: Param::new(x.clone()) };
    let lowered = nnx::jit::lower(|| step(&mut model, x.clone(), 1));
    assert!(lowered.is_ok());
    let lowered = nnx::jit::lower(|| model.forward(&x, &vec![x.clone()]));
    assert!(lowered.is_ok());
}
