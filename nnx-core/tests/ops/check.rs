//! Helpers that the tests of all families share.

use nnx_core::array::*;
use nnx_core::{Array, grad, value_and_grad};

/// Small seeded random numbers (SplitMix64).
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In `low..=high`.
    pub(crate) fn int(&mut self, low: i64, high: i64) -> i64 {
        low + (self.bits() % (high - low + 1) as u64) as i64
    }

    pub(crate) fn size(&mut self, low: usize, high: usize) -> usize {
        self.int(low as i64, high as i64) as usize
    }

    /// In `low..high`.
    pub(crate) fn float(&mut self, low: f64, high: f64) -> f64 {
        low + (self.bits() >> 11) as f64 / (1u64 << 53) as f64 * (high - low)
    }

    pub(crate) fn floats(&mut self, n: usize, low: f64, high: f64) -> Vec<f64> {
        (0..n).map(|_| self.float(low, high)).collect()
    }

    /// An f64 array with elements in `low..high`.
    pub(crate) fn array(&mut self, shape: &[usize], low: f64, high: f64) -> Array {
        Array::from_slice(&self.floats(shape.iter().product(), low, high), shape)
    }

    /// Different elements, so far apart that a small step does not change their order.
    pub(crate) fn distinct(&mut self, shape: &[usize]) -> Array {
        let n: usize = shape.iter().product();
        let mut values: Vec<f64> = (0..n).map(|i| i as f64 * 0.37 - 1.0).collect();
        for i in (1..n).rev() {
            values.swap(i, self.size(0, i));
        }
        Array::from_slice(&values, shape)
    }
}

/// The first element that differs by more than `tolerance`, relative for large numbers.
pub(crate) fn difference(got: &[f64], want: &[f64], tolerance: f64) -> Option<String> {
    assert_eq!(got.len(), want.len(), "numbers of elements: {got:?} {want:?}");
    got.iter().zip(want).enumerate().find_map(|(i, (a, b))| {
        let same = a == b || (a.is_nan() && b.is_nan());
        let near = (a - b).abs() <= tolerance * (1.0 + b.abs());
        let text = format!("element {i}: {a} is not {b}\n got {got:?}\nwant {want:?}");
        (!same && !near).then_some(text)
    })
}

#[track_caller]
pub(crate) fn close(got: &[f64], want: &[f64], tolerance: f64) {
    if let Some(text) = difference(got, want, tolerance) {
        panic!("{text}");
    }
}

pub(crate) fn f32s(values: &[f32], shape: &[usize]) -> Array {
    Array::from_slice(values, shape)
}

pub(crate) fn f64s(values: &[f64], shape: &[usize]) -> Array {
    Array::from_slice(values, shape)
}

/// The message with which `f` panics.
#[track_caller]
pub(crate) fn message(f: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = std::panic::catch_unwind(f).expect_err("it should be refused");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast_ref::<&str>().map_or("?".into(), |text| text.to_string()),
    }
}

/// A function of several f64 arrays.
pub(crate) type Function<'a> = &'a dyn Fn(&[Array]) -> Array;

/// A number made of all elements of `y` with different weights.
fn weigh(y: &Array) -> Array {
    let n = y.size();
    let weights: Vec<f64> = (0..n).map(|i| ((i * 7 + 3) % 11) as f64 / 11.0 - 0.4).collect();
    (y.reshape([n]) * f64s(&weights, &[n])).sum(..)
}

/// `x + step * direction`, on the host.
fn moved(x: &Array, direction: &[f64], step: f64) -> Array {
    let values: Vec<f64> =
        x.to_vec::<f64>().iter().zip(direction).map(|(v, d)| v + d * step).collect();
    f64s(&values, x.shape())
}

/// The gradients of all arguments equal central differences of the values in random directions,
/// and the traced value equals the eager one.
#[track_caller]
pub(crate) fn check_grad(name: &str, f: Function, args: &[Array]) {
    let differentiate = |args: &[Array]| {
        value_and_grad(
            |args: &Vec<Array>| {
                let out = f(args);
                (weigh(&out), out)
            },
            &args.to_vec(),
        )
    };
    let ((loss, out), grads) = differentiate(args);
    let eager = f(args);
    assert_eq!(eager.aval(), out.aval(), "{name}");
    close(&out.to_vec::<f64>(), &eager.to_vec::<f64>(), 1e-12);
    let loss = loss.item::<f64>();
    assert!(loss.is_finite(), "{name}: {loss}");
    let grads: Vec<Vec<f64>> = grads.iter().map(|g| g.to_vec()).collect();
    let mut rng = Rng(17);
    for _ in 0..3 {
        let directions: Vec<Vec<f64>> =
            args.iter().map(|a| rng.floats(a.size(), -1.0, 1.0)).collect();
        let at = |h: f64| {
            let args: Vec<Array> =
                args.iter().zip(&directions).map(|(a, d)| moved(a, d, h)).collect();
            differentiate(&args).0.0.item::<f64>()
        };
        let step = 1e-6;
        let slope = (at(step) - at(-step)) / (2.0 * step);
        let predicted: f64 =
            grads.iter().flatten().zip(directions.iter().flatten()).map(|(g, d)| g * d).sum();
        assert!(
            (slope - predicted).abs() <= 1e-7 * (1.0 + slope.abs()) + 1e-9 * loss.abs(),
            "{name}: the gradient predicts {predicted}, the values show {slope}"
        );
    }
}

/// [`check_grad`] for the function and for its gradient.
#[track_caller]
pub(crate) fn check_grad2(name: &str, f: Function, args: &[Array]) {
    check_grad(name, f, args);
    let gradient = |args: &[Array]| {
        let args = args.to_vec();
        let grads = grad(|args: &Vec<Array>| weigh(&f(args)), &args);
        let flat: Vec<Array> = grads.iter().map(Array::flatten).collect();
        concatenate(&flat, 0)
    };
    check_grad(&format!("gradient of {name}"), &gradient, args);
}

/// Checks several functions of the same arguments in few programs, because compiling takes most of
/// the time; each by itself where something is wrong.
#[track_caller]
pub(crate) fn check_table(
    check: fn(&str, Function, &[Array]),
    table: &[(&str, Function)],
    args: &[Array],
) {
    for group in table.chunks(10) {
        let together = |args: &[Array]| {
            let outs: Vec<Array> = group.iter().map(|(_, f)| f(args).flatten()).collect();
            concatenate(&outs, 0)
        };
        let names: Vec<&str> = group.iter().map(|(name, _)| *name).collect();
        let name = names.join(", ");
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            check(&name, &together, args);
        }));
        if result.is_err() {
            for (name, f) in group {
                check(name, f, args);
            }
            panic!("together but not alone: {name}");
        }
    }
}
