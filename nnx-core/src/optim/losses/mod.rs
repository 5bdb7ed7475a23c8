//! Losses per example or element, as in `optax.losses`: take `.mean(..)` for the loss of a batch. Those along an axis
//! take the last one; [`along`] has others, and masks.

mod along;
mod classification;
mod ctc;
mod divergence;
mod embedding;
mod regression;
mod segmentation;

pub use along::*;
pub use classification::*;
pub use ctc::*;
pub use divergence::*;
pub use embedding::*;
pub use regression::*;
pub use segmentation::*;

use crate::array::invalid;
use crate::error::or_raise;
use crate::graph::Array;
use crate::run::staged;
use embedding::cosine_similarity_with;

/// One program outside of a trace, a part of the running one inside.
#[track_caller]
fn loss(name: &str, args: &[&Array], body: impl FnOnce(&[Array]) -> Array) -> Array {
    let args: Vec<Array> = args.iter().map(|&array| array.clone()).collect();
    let mut outs = or_raise(staged(name, &args, |args| vec![body(args)]));
    match outs.pop() {
        Some(out) => out,
        None => unreachable!("the body gives one array"),
    }
}

#[track_caller]
fn check_float(name: &str, what: &str, array: &Array) {
    if !array.dtype().is_float() {
        invalid(name, format!("needs float {what}, got {}", array.aval()));
    }
}

#[track_caller]
fn check_same_shape(name: &str, predictions: &Array, targets: &Array) {
    check_float(name, "predictions", predictions);
    if predictions.shape() != targets.shape() {
        let (p, t) = (predictions.aval(), targets.aval());
        invalid(name, format!("predictions {p} and targets {t} must have the same shape"));
    }
}

/// Refuses scores that are no floats or have no axis of classes, and labels that are not a class number for each row.
#[track_caller]
fn check_class_numbers(name: &str, scores: &Array, labels: &Array) {
    check_float(name, "scores", scores);
    let Some((_, batch)) = scores.shape().split_last() else {
        invalid(name, format!("scores {} have no axis of classes", scores.aval()))
    };
    if !labels.dtype().is_int() || labels.shape() != batch {
        let (scores, labels) = (scores.aval(), labels.aval());
        invalid(
            name,
            format!("scores {scores} need integer labels of shape {batch:?}, got {labels}"),
        );
    }
}

/// Refuses arrays that are no floats, have no last axis, or differ in its length.
#[track_caller]
fn check_same_last_axis(name: &str, a: (&str, &Array), b: (&str, &Array)) {
    for (what, array) in [a, b] {
        check_float(name, what, array);
    }
    if a.1.rank() == 0 || a.1.shape().last() != b.1.shape().last() {
        let (x, y) = (a.1.aval(), b.1.aval());
        invalid(name, format!("{} {x} and {} {y} must have the same last axis", a.0, b.0));
    }
}
