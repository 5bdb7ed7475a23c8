//! Equal operations of a program are one.

use super::jit_support::*;
use nnx::array::optimization_barrier;
use nnx::jit::lower;
use nnx::random::{key, uniform};
use nnx::xla::{Backend, Client};
use nnx::{Array, DType, Param};

fn assert_close(got: &Array, expected: &[f32]) {
    let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * b.abs();
    let got = got.to_vec::<f32>();
    assert!(
        got.len() == expected.len() && got.iter().zip(expected).all(near),
        "{got:?}, {expected:?}"
    );
}

fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

#[nnx::jit(graph = false)]
fn twice(x: &Array, w: &mut Param) -> (Array, Array, Array) {
    let (a, b) = (x.sin() * 2.0, x.sin() * 2.0);
    let next = &*w + &b.exp();
    w.set(next.clone());
    (&a + &b.cos(), next.clone() * 3.0, (&*w * 3.0).sum(..))
}

#[test]
fn equal_operations_of_equal_values_are_one() {
    let x = Array::from([0.5_f32, -1.5]);
    let w = || Param::new(Array::from([1.0_f32, 2.0]));
    let text = lower(|| twice(&x, &mut w())).unwrap().stablehlo();
    assert_eq!(
        ["sine", "cosine", "exponential"].map(|op| count(&text, &format!("stablehlo.{op}"))),
        [1; 3]
    );
    let mut w = w();
    let (a, b, c) = twice(&x, &mut w);
    let s = [0.5_f32, -1.5].map(|x| x.sin() * 2.0);
    let next = [1.0 + s[0].exp(), 2.0 + s[1].exp()];
    assert_close(&a, &s.map(|s| s + s.cos()));
    assert_close(&w, &next);
    assert_close(&b, &next.map(|x| x * 3.0));
    assert_close(&c, &[(next[0] + next[1]) * 3.0]);
}

/// Two Variables with one new value are two buffers.
#[test]
fn leaves_that_get_one_value_stay_two() {
    #[nnx::jit(graph = false)]
    fn both(a: &mut Param, b: &mut Param, x: &Array) {
        a.set(x.exp());
        b.set(x.exp());
    }
    let (mut a, mut b) = (Param::new(scalar(0.0)), Param::new(scalar(0.0)));
    for x in [1.0_f32, 2.0] {
        both(&mut a, &mut b, &scalar(x));
        assert_close(&a, &[x.exp()]);
        assert_close(&b, &[x.exp()]);
    }
    a.set(scalar(5.0));
    assert_close(&b, &[2.0_f32.exp()]);
}

#[test]
fn draws_of_one_key_are_one_and_of_two_keys_two() {
    #[nnx::jit(graph = false)]
    fn draws() -> (Array, Array) {
        let (one, other) = (key(1), key(2));
        let draw = |of: &nnx::random::Key| uniform(of, [4], DType::F32);
        (draw(&one) + draw(&one), draw(&other))
    }
    let (a, b) = draws();
    assert_close(&a, &(uniform(&key(1), [4], DType::F32) * 2.0).to_vec::<f32>());
    assert_close(&b, &uniform(&key(2), [4], DType::F32).to_vec::<f32>());
}

/// A computation behind a barrier stays: so `remat` saves memory.
#[test]
fn computations_behind_barriers_stay() {
    #[nnx::jit(graph = false)]
    fn barred(x: &Array) -> (Array, Array) {
        let again = optimization_barrier([x]).remove(0);
        let and_again = optimization_barrier([x]).remove(0);
        (x.sin() + again.sin(), and_again.sin())
    }
    let text = lower(|| barred(&scalar(1.0))).unwrap().stablehlo();
    assert_eq!((count(&text, "optimization_barrier"), count(&text, "stablehlo.sine")), (2, 3));
}

/// A function of the host may count its calls.
#[test]
fn functions_of_the_host_are_called_as_often_as_the_program_says() {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    #[nnx::jit(graph = false)]
    fn called_twice(x: &Array) -> Array {
        let host = |x: &Array| {
            CALLS.fetch_add(1, Relaxed);
            x.clone()
        };
        nnx::pure_callback(host, x, x) + nnx::pure_callback(host, x, x)
    }
    if Client::global().unwrap().backend() == Backend::Pjrt {
        assert_close(&called_twice(&scalar(1.5)), &[3.0]);
        assert_eq!(CALLS.load(Relaxed), 2);
    }
}

/// Two operations that differ in the rules of their derivatives alone, in a function whose program is differentiated.
#[test]
fn operations_with_other_rules_stay_two_where_they_are_differentiated() {
    #[nnx::jit(graph = false, inline = false)]
    fn two_rules(x: &Array) -> Array {
        let ruled = |factor: f32| {
            let sine = nnx::custom_vjp(
                |x: &Array| x.sin(),
                |x: &Array| (x.sin(), ()),
                move |(): (), ct: &Array| ct * factor,
            );
            sine(x)
        };
        ruled(2.0) + ruled(30.0)
    }
    #[nnx::jit(graph = false)]
    fn slope(x: &Array) -> Array {
        nnx::grad(|x: &Array| two_rules(x), x)
    }
    assert_close(&slope(&scalar(0.5)), &[32.0]);
    assert_close(&nnx::grad(|x: &Array| two_rules(x), &scalar(0.5)), &[32.0]);
}
