//! Functions of a batch in parts, with the numbers of `optax.microbatch`.

use super::panic_of;
use nnx_core::array::arange;
use nnx_core::nn::{BatchNorm, Linear};
use nnx_core::optim::AccumulationType::{Concat, Mean, RunningMean, Sum};
use nnx_core::optim::{micro_vmap, microbatch, microbatches, reshape_batch_axis};
use nnx_core::random::Rngs;
use nnx_core::{Array, DType, grad, value_and_grad};

#[test]
fn results_are_gathered_as_they_are_in_optax() {
    let x = arange(12, DType::F32).reshape([6, 2]);
    let f = |x: &Array| (x * 2.0, x.square().sum(0), x.sum(..), x.max(..));
    let parts = microbatches(2).accumulator((Concat, Sum, Mean, RunningMean));
    let (all, squares, mean, running) = microbatch(f, &x, parts);
    assert_eq!(all.to_vec::<f32>(), (&x * 2.0).to_vec::<f32>());
    assert_eq!(squares.to_vec::<f32>(), x.square().sum(0).to_vec::<f32>());
    assert_eq!(mean.item::<f32>(), 22.0);
    // Parts of rows 0 and 3, 1 and 4, 2 and 5.
    assert!((running.item::<f32>() - 9.0).abs() < 1e-6);
    // Scalars are put together too.
    let each = microbatch(|x: &Array| x.sum(..), &x, microbatches(3).accumulator(Concat));
    assert_eq!(each.to_vec::<f32>(), [27.0, 39.0]);
    // A whole batch, and single elements.
    for size in [1, 6] {
        assert_eq!(microbatch(|x: &Array| x.sum(..), &x, size).item::<f32>(), 66.0);
    }
}

#[test]
fn the_batch_may_lie_along_any_axis() {
    let (x, w) = (arange(24, DType::F32).reshape([2, 6, 2]), arange(2, DType::F32));
    let f = |(x, w): (&Array, &Array)| x * w;
    let parts = microbatches(2).in_axes((-2, None)).accumulator(Concat);
    let found = microbatch(|(x, w): (&Array, &Array)| f((x, w)).sum(0), (&x, &w), parts);
    assert_eq!(found.to_vec::<f32>(), f((&x, &w)).sum(0).to_vec::<f32>());
    let columns = reshape_batch_axis(&x, 3, 1);
    assert_eq!(columns.shape(), [2, 2, 3, 2]);
    assert_eq!(columns.to_vec::<f32>()[..4], [0.0, 1.0, 4.0, 5.0]);
}

/// `nn::BatchNorm` has Variables without a gradient.
#[test]
fn gradients_are_trees_with_gaps() {
    let norm = BatchNorm::new(2, &mut Rngs::new(0));
    let x = arange(8, DType::F32).reshape([4, 2]);
    let gradient = |x: &Array| {
        grad(|norm: &BatchNorm| (x * norm.scale.as_ref().unwrap().value()).square().sum(..), &norm)
    };
    let found = microbatch(gradient, &x, 2);
    let want = gradient(&x);
    let scale = |norm: &BatchNorm| norm.scale.as_ref().unwrap().to_vec::<f32>();
    assert_eq!(scale(&found), scale(&want));
    assert!(found.mean.value().is_absent());
}

#[test]
fn it_has_derivatives_and_runs_in_other_transforms() {
    let x = arange(6, DType::F32);
    let f = |w: &Array| microbatch(|x: &Array| (x * w).square().sum(..), &x, 2);
    let (value, slope) = value_and_grad(f, &Array::scalar(3.0_f32));
    assert_eq!((value.item::<f32>(), slope.item::<f32>()), (495.0, 330.0));
    let each = nnx_core::vmap(f, &Array::from([1.0_f32, 2.0]), 0);
    assert_eq!(each.to_vec::<f32>(), [55.0, 220.0]);
}

#[test]
fn some_parts_alone_are_computed() {
    let x = arange(6, DType::F32);
    let first = |n: i32, how| {
        let parts = microbatches(2).accumulator(how).num_real_microbatches(Array::scalar(n));
        microbatch(|x: &Array| x.sum(..), &x, parts).item::<f32>()
    };
    // The parts are [0, 3], [1, 4] and [2, 5].
    assert_eq!((first(2, Sum), first(0, Sum), first(9, Sum)), (8.0, 0.0, 15.0));
    assert!((first(2, Mean) - 8.0 / 3.0).abs() < 1e-6);
    assert_eq!(first(2, RunningMean), 4.0);
    let known = microbatches(2).num_real_microbatches(1);
    assert_eq!(microbatch(|x: &Array| x.sum(..), &x, known).item::<f32>(), 3.0);
}

#[test]
fn elements_are_mapped_in_parts() {
    let layer = Linear::new(2, 3, &mut Rngs::new(0));
    let x = arange(12, DType::F32).reshape([6, 2]);
    let gradient = |x: &Array| grad(|l: &Linear| l.forward(x).square().sum(..), &layer);
    let each = nnx_core::vmap(gradient, &x, 0);
    let found = micro_vmap(gradient, &x, 2);
    assert_eq!(found.kernel.to_vec::<f32>(), each.kernel.to_vec::<f32>());
    for (how, want) in [(Sum, each.kernel.sum(0)), (Mean, each.kernel.mean(0))] {
        let found = micro_vmap(gradient, &x, microbatches(3).accumulator(how));
        assert!((found.kernel.value() - want).abs().max(..).item::<f32>() < 1e-3);
    }
    let columns = micro_vmap(|c: &Array| c.sum(..), &x.t(), microbatches(2).in_axes(1));
    assert_eq!(columns.to_vec::<f32>(), x.sum(1).to_vec::<f32>());
}

#[test]
fn mistakes_are_named() {
    let (x, y) = (arange(6, DType::F32), arange(4, DType::F32));
    let sum = |x: &Array| x.sum(..);
    let says = |what: &str, f: &mut dyn FnMut()| {
        let message = panic_of(f);
        assert!(message.contains(what), "{message}");
    };
    says("a batch of 6 has no whole number of parts of 4", &mut || drop(microbatch(sum, &x, 4)));
    says("a batch of 6 has no whole number of parts of 0", &mut || drop(microbatch(sum, &x, 0)));
    says("the batches differ in size", &mut || {
        drop(microbatch(|(x, _): (&Array, &Array)| x.sum(..), (&x, &y), 2));
    });
    says("no argument has a batch", &mut || {
        drop(microbatch(sum, &x, microbatches(2).in_axes(None)));
    });
    says("has no such axis", &mut || drop(microbatch(sum, &x, microbatches(2).in_axes(1))));
    says("a mean needs floats", &mut || {
        let parts = microbatches(2).accumulator(Mean);
        drop(microbatch(|x: &Array| x.astype(DType::I32), &x, parts));
    });
    says("accumulators for 2 results", &mut || {
        drop(microbatch(sum, &x, microbatches(2).accumulator((Sum, Sum))));
    });
    says("4 parts cannot be computed: there are 3", &mut || {
        drop(microbatch(sum, &x, microbatches(2).num_real_microbatches(4)));
    });
}
