//! Checks that layers share, with one wording for their messages.

use crate::array::invalid;
use crate::graph::Array;

/// Refuses sizes of 0; each list has the name of the setting that it comes from.
#[track_caller]
pub(super) fn positive(layer: &str, sizes: &[(&str, &[usize])]) {
    for (setting, list) in sizes {
        if list.contains(&0) {
            let list = match list {
                [one] => format!("{one}"),
                more => format!("{more:?}"),
            };
            invalid(layer, format!("`{setting}` is {list}, but needs to be at least 1"));
        }
    }
}

/// Refuses an array whose last axis does not have `features` elements.
#[track_caller]
pub(super) fn last_axis(layer: &str, what: &str, x: &Array, features: usize) {
    if x.shape().last() != Some(&features) {
        let x = x.aval();
        invalid(layer, format!("{what} {x} needs a last axis of {features} features"));
    }
}
