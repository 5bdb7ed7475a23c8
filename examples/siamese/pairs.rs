//! Pairs of images.

use nnx::DType;
use nnx::random::{self, Key};
use nnx_examples::digits::{CLASSES, Dataset, shuffled};

/// Each image once, in random order, and as many partners: every other one of the same class, the rest
/// of other classes.
pub(crate) fn pairs(digits: &Dataset, key: &Key) -> nnx::Result<(Vec<usize>, Vec<usize>)> {
    let n = digits.len();
    let [order, partners] = random::split(key, 2).unstack();
    let left = shuffled(&order, n)?;
    let draws = random::uniform(&partners, [n], DType::F32).try_to_vec::<f32>()?;

    // All images, class after class, and where each class starts in them.
    let mut by_class: Vec<usize> = (0..n).collect();
    by_class.sort_by_key(|&i| digits.labels[i]);
    let starts: Vec<usize> = (0..=CLASSES)
        .map(|class| by_class.partition_point(|&i| digits.labels[i] < class))
        .collect();
    let right = left.iter().zip(draws).enumerate().map(|(at, (&left, draw))| {
        let class = usize::from(digits.labels[left]);
        let (start, end) = (starts[class], starts[class + 1]);
        // The images of other classes are those from the end of the class on, around the list.
        let (from, count) =
            if at % 2 == 0 { (start, end - start) } else { (end, n - (end - start)) };
        by_class[(from + (draw * count as f32) as usize) % n]
    });
    let right = right.collect();
    Ok((left, right))
}
