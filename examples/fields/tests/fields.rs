//! The library as its users see it.

use nnx::module::{of_type, state};
use nnx::optim::{Optimizer, sgd};
use nnx::random::Rngs;
use nnx::{Array, DType, Module, Param, array, grad, path};
use nnx_example_fields::{Field, Fixed, Part, Rectified, Sines, Waves, grid, psnr};

#[test]
fn the_grid_has_the_middles_of_pixels() {
    let grid = grid(2, 1);
    assert_eq!(grid.shape(), [2, 1, 2]);
    assert_eq!(grid.to_vec::<f32>(), [-0.5, 0.0, 0.5, 0.0]);
}

#[test]
fn psnr_is_in_decibels() {
    let truth = array::zeros([4], DType::F32);
    assert!((psnr(&(&truth + 0.1), &truth).item::<f32>() - 20.0).abs() < 1e-3);
}

#[test]
fn frequencies_are_kept_and_not_trained() {
    let mut rngs = Rngs::new(0);
    let waves = Waves::new(2, 8, 1.0, &mut rngs);
    let mut field = Field::new(vec![Box::new(waves)], 16, &mut rngs);
    let of = |filter| state(&field).filter(filter).len();
    assert_eq!(of(of_type::<Fixed>()), 1);
    assert_eq!(of(of_type::<Param>()), 2);
    let before = nnx::clone(&field);
    let mut optimizer = Optimizer::new(&field, sgd(0.1));
    let grads = grad(|field: &Field| field.forward(&grid(3, 3)).square().sum(..), &field);
    optimizer.update(&mut field, &grads);
    for ((path, leaf), (_, old)) in state(&field).iter().zip(state(&before).iter()) {
        let is_same = leaf.value.array_equal(&old.value).item::<bool>();
        assert_eq!(is_same, path.to_string() == "parts[0].frequencies", "{path}");
    }
}

#[test]
fn sines_start_within_the_bounds_of_the_paper() {
    let mut rngs = Rngs::new(0);
    for (part, bound) in [
        (Sines::first(2, 64, &mut rngs), 0.5),
        (Sines::hidden(64, 64, &mut rngs), (6.0_f32 / 64.0).sqrt() / 30.0),
    ] {
        let state = state(&part).filter(path!(Sines: linear.kernel));
        let largest = state.iter().next().unwrap().1.value.abs().max(..).item::<f32>();
        assert!(largest <= bound && largest > 0.9 * bound, "{largest}, {bound}");
    }
}

/// A part by a user of the library.
#[derive(Module)]
struct Doubled(Param);

impl Part for Doubled {
    fn forward(&self, x: &Array) -> Array {
        concatenated(&(x * &self.0))
    }
}

fn concatenated(x: &Array) -> Array {
    array::concatenate([x, x], -1)
}

#[nnx::jit(graph = false)]
fn values(field: &Field, places: &Array) -> Array {
    field.forward(places)
}

#[test]
fn others_add_parts_which_jit_sees() {
    let mut rngs = Rngs::new(0);
    let doubled = Doubled(Param::new(Array::scalar(2.0_f32)));
    let rectified = Rectified::new(4, 8, &mut rngs);
    let field = Field::new(vec![Box::new(doubled), Box::new(rectified)], 8, &mut rngs);
    let places = grid(4, 4);
    let eager = field.forward(&places);
    assert!(values(&field, &places).allclose(&eager, Default::default()).item::<bool>());
}

#[test]
#[should_panic(expected = "Linear")]
fn wrong_features_are_told() {
    let mut rngs = Rngs::new(0);
    let waves = Waves::new(2, 8, 1.0, &mut rngs);
    Field::new(vec![Box::new(waves)], 8, &mut rngs).forward(&grid(2, 2));
}
