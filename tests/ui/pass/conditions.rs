//! The conditions of a jitted function that are bools stay what they are.
use nnx::Array;

#[nnx::jit]
fn settings(x: &Array, n: usize, name: String, parts: &Vec<Array>) -> Array {
    let mut sum = x.clone();
    let mut rest = n;
    while rest.gt(&0) && !name.eq("none") {
        rest -= 1;
        sum = sum + x;
    }
    if parts.iter().all(|part| part.shape().eq(x.shape())) || n.ge(&3) {
        for part in parts {
            if part.rank().ne(&0) && let Some(first) = parts.first() {
                sum = sum + part * first;
            }
        }
    }
    const fn small(n: usize) -> bool {
        if n < 3 { true } else { false }
    }
    if small(n) { sum } else { -sum }
}

fn main() {
    let x = Array::from([1.0_f32, 2.0]);
    assert_eq!(settings(&x, 2, "any".into(), &vec![x.clone()]).shape(), [2]);
}
