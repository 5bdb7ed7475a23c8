//! Calls that take turns between programs find them without a look into the cache: what came after a program the
//! last time is expected to come again.

use nnx::Array;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static HASHES: AtomicUsize = AtomicUsize::new(0);

/// Is hashed where a call is not the one that was expected.
#[derive(Clone, PartialEq, Eq)]
struct Counted;

impl Hash for Counted {
    fn hash<H: Hasher>(&self, _: &mut H) {
        HASHES.fetch_add(1, Relaxed);
    }
}

#[nnx::jit(graph = false)]
fn alternating(x: &Array, #[nnx(static)] _counted: Counted) -> Array {
    x * 2.0
}

/// How often the cache is looked into in calls with arrays of these sizes, which give what they should.
fn looks(sizes: &[usize]) -> usize {
    let before = HASHES.load(Relaxed);
    for &n in sizes {
        let y = alternating(&Array::from_slice(&vec![1.5_f32; n], [n]), Counted);
        assert_eq!(y.to_vec::<f32>(), vec![3.0; n]);
    }
    HASHES.load(Relaxed) - before
}

#[test]
fn what_came_next_comes_next() {
    assert!(looks(&[2, 3, 4, 2, 3, 4]) > 0);
    assert_eq!(looks(&[2, 3, 4, 2, 3, 4, 2, 3, 4]), 0);
    // Another order, and one program alone: learned as soon as seen.
    assert!(looks(&[4, 3, 2, 4, 3, 2]) > 0);
    assert_eq!(looks(&[4, 3, 2, 4, 3, 2]), 0);
    assert!(looks(&[2, 2]) > 0);
    assert_eq!(looks(&[2, 2, 2]), 0);
    assert!(looks(&[3, 2, 2, 3]) > 0);
    let traces =
        nnx::jit::functions().into_iter().find(|f| f.name == "alternating").unwrap().traces;
    assert_eq!(traces, 3);
    // A program that was dropped is not expected any more.
    assert_eq!(nnx::jit::clear_cache("alternating"), 3);
    assert!(looks(&[2, 3, 4, 2, 3, 4]) > 0);
    assert_eq!(looks(&[2, 3, 4]), 0);
}
