//! The nearest points of sets, and losses that are made of them or of overlaps.

use super::more::function;
use super::reference::Case;
use super::{Outputs, Run};
use nnx::Array;
use nnx::array::{concatenate, logsumexp};
use nnx::optim::losses::*;
use nnx::optim::projections::*;

type Tree = (Array, Array);

fn flat((u, v): Tree) -> Array {
    concatenate([&u, &v.reshape([v.size()])], 0)
}

fn of_tree(case: &Case, f: impl Fn(&Tree) -> Tree) -> Outputs {
    function(case, &["u", "v"], |a| flat(f(&(a[0].clone(), a[1].clone()))))
}

fn of_two(case: &Case, f: impl Fn(&Tree, &Tree) -> Tree) -> Outputs {
    function(case, &["u", "v", "bu", "bv"], |a| {
        flat(f(&(a[0].clone(), a[1].clone()), &(a[2].clone(), a[3].clone())))
    })
}

pub(crate) fn find(name: &str) -> Option<Run> {
    Some(match name {
        "non_negative" => |c| of_tree(c, projection_non_negative),
        "box" => |c| of_two(c, |x, a| projection_box(x, &(&a.0 - 0.3, &a.1 - 0.3), a)),
        "hypercube" => |c| function(c, &["u"], |a| projection_hypercube(&a[0], 0.4)),
        "linf_ball" => |c| of_tree(c, |x| projection_linf_ball(x, 0.6)),
        "simplex" => |c| of_tree(c, |x| projection_simplex(x, 0.7)),
        "l1_sphere" => |c| of_tree(c, |x| projection_l1_sphere(x, 1.5)),
        "l1_ball" | "l1_ball_inside" => |c| of_tree(c, |x| projection_l1_ball(x, 1.5)),
        "l2_sphere" => |c| of_tree(c, |x| projection_l2_sphere(x, 1.5)),
        "l2_ball" | "l2_ball_inside" => |c| of_tree(c, |x| projection_l2_ball(x, 1.5)),
        "vector" => |c| of_two(c, projection_vector),
        "hyperplane" => |c| of_two(c, |x, a| projection_hyperplane(x, a, 0.3)),
        "halfspace" => |c| of_two(c, |x, a| projection_halfspace(x, a, -0.9)),
        "halfspace_inside" => |c| of_two(c, |x, a| projection_halfspace(x, a, 90.0)),
        "sparsemax" => |c| {
            let i = c.input("i");
            function(c, &["x"], |a| multiclass_sparsemax_loss(&a[0], &i))
        },
        "fenchel" => |c| {
            let fenchel = make_fenchel_young_loss(|x: &Array| logsumexp(x, -1));
            function(c, &["x", "t"], |a| fenchel(&a[0], &a[1]))
        },
        "binary_dice" => |c| function(c, &["x", "t"], |a| binary_dice_loss(&a[0], &a[1], 0.5)),
        "ctc" => |c| {
            let [x, xp, y, yp] = ["x", "xp", "y", "yp"].map(|name| c.input(name));
            let (loss, phi, emit) = ctc_loss_with_forward_probs(&x, &xp, &y, &yp, 0, -1e4);
            vec![("out.loss".into(), loss), ("out.phi".into(), phi), ("out.emit".into(), emit)]
        },
        "generalized_dice" => |c| dice(c, 0.5, false),
        "generalized_dice_front" => |c| dice(c, 1.0, true),
        _ => return None,
    })
}

fn dice(case: &Case, smooth: f64, ignore_background: bool) -> Outputs {
    function(case, &["x", "t"], |a| {
        multiclass_generalized_dice_loss(&a[0], &a[1], smooth, ignore_background).reshape([1])
    })
}
