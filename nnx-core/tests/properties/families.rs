//! Random shapes for families of operations.

use crate::check::{Case, Draw, check, eager};
use proptest::prelude::*;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestRng, TestRunner,
};

/// A shape of rank 0 to `rank` with sizes from 0 to 3; empty axes are rarer.
fn shapes(rank: usize) -> impl Strategy<Value = Vec<usize>> {
    let size = prop_oneof![1 => Just(0_usize), 4 => Just(1), 5 => Just(2), 5 => Just(3)];
    proptest::collection::vec(size, 0..=rank)
}

/// Checks every case of `family` at `draws` random shapes of up to `rank` axes. The family has the
/// same cases for every draw. A failure is made as small as possible, and its seed is kept.
pub(crate) fn run(
    file: &'static str,
    rank: usize,
    draws: u32,
    family: fn(&mut Draw) -> Vec<Case>,
) {
    let cases = family(&mut Draw::new(&[2, 3][..rank.min(2)], 1));
    for (i, case) in cases.iter().enumerate() {
        let config = Config {
            cases: draws,
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(file))),
            max_shrink_iters: 100,
            ..Config::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[i as u8; 32]);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let result = runner.run(&(shapes(rank), any::<u64>()), |(shape, seed)| {
            let mut draw = Draw::new(&shape, seed);
            let case = family(&mut draw).swap_remove(i);
            if std::env::var("SHOW").is_ok() { eprintln!("{} {:?}", case.name, case.args); }
            check(&mut draw, &case).map_err(TestCaseError::fail)
        });
        if let Err(failure) = result {
            panic!("{failure}");
        }
        if let Err(message) = eager(case) {
            panic!("{message}");
        }
    }
}

/// [`run`] with the seeds of failures in a file of this name.
macro_rules! properties {
    ($name:literal, $($rest:tt)*) => {
        $crate::families::run(concat!("tests/properties/regressions/", $name, ".txt"), $($rest)*)
    };
}
pub(crate) use properties;
