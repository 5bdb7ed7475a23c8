//! `cond` and `switch`.

use super::tree::{
    Operands, Program, TreeArgument, difference, invalid, leaves, trace_tree, with_leaves,
};
use crate::error::or_raise;
use crate::graph::{Array, Body};
use crate::module::Module;
use crate::ops::Cond;
use crate::rewrite::align;
use crate::run::staged;
use crate::value::{Aval, DType};
use std::panic::Location;

/// Runs `on_true` or `on_false`, which both get `operands`. `jax.lax.cond`, `flax.nnx.cond`.
///
/// Both must return trees of one structure with equal shapes and dtypes. Variables that either sets
/// in an argument given as `&mut` are set in the caller's. Under [`vmap`](super::vmap()) over the
/// condition both run and the results are selected.
///
/// ```
/// # use nnx_core::{Array, cond};
/// let x = Array::scalar(-3.0_f32);
/// let abs = cond(&x.lt(0.0), |x: &Array| -x, |x: &Array| x.clone(), &x);
/// assert_eq!(abs.item::<f32>(), 3.0);
/// ```
///
/// # Panics
/// When `which` is no scalar, or what the branches return differs in structure, shape or dtype, with
/// the place.
#[track_caller]
pub fn cond<A, R, T, F>(which: &Array, on_true: T, on_false: F, operands: A) -> R
where
    A: TreeArgument,
    R: Module,
    T: for<'t> FnOnce(A::Body<'t>) -> R,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    const { crate::module::check::tree::<A::Tree>("cond") };
    const { crate::module::check::returned(R::SCHEMA, "cond") };
    let location = Location::caller();
    check_scalar("cond", which, location);
    let mut operands = operands;
    let found = Operands::of(&operands);
    let no = trace_tree("cond", on_false, &operands, &found, &found.avals, leaves);
    let yes = trace_tree("cond", on_true, &operands, &found, &found.avals, leaves);
    let index = |which: &Array| {
        let which = if which.dtype() == DType::Bool { which.clone() } else { which.ne(0) };
        which.astype(DType::I32)
    };
    choose("cond", which, &index, vec![no, yes], &mut operands, &found, location)
}

/// Runs branch number `index`, an integer scalar, of `count` ones; what is below or above the range is
/// moved into it. `branch(k, operands)` is what branch `k` does. `jax.lax.switch`,
/// `flax.nnx.switch`.
///
/// See [`cond`] for what holds of branches.
///
/// ```
/// # use nnx_core::{Array, switch};
/// let x = Array::scalar(3.0_f32);
/// let branch = |k: usize, x: &Array| match k {
///     0 => x + 1.0,
///     1 => x * 2.0,
///     _ => x.square(),
/// };
/// assert_eq!(switch(&Array::scalar(2), 3, branch, &x).item::<f32>(), 9.0);
/// ```
///
/// # Panics
/// When there is no branch, `index` is no integer scalar, or what the branches return differs in
/// structure, shape or dtype.
#[track_caller]
pub fn switch<A, R, F>(index: &Array, count: usize, branch: F, operands: A) -> R
where
    A: TreeArgument,
    R: Module,
    F: for<'t> Fn(usize, A::Body<'t>) -> R,
{
    const { crate::module::check::tree::<A::Tree>("switch") };
    const { crate::module::check::returned(R::SCHEMA, "switch") };
    let location = Location::caller();
    check_scalar("switch", index, location);
    if !index.dtype().is_int() {
        let message = format!("the index must be an integer scalar, got {}", index.aval());
        invalid("switch", message, location);
    }
    if count == 0 {
        invalid("switch", "there is no branch".into(), location);
    }
    let mut operands = operands;
    let found = Operands::of(&operands);
    let mut programs = Vec::new();
    for k in 0..count {
        let branch = |body: A::Body<'_>| branch(k, body);
        programs.push(trace_tree("switch", branch, &operands, &found, &found.avals, leaves));
    }
    let last = count as i32 - 1;
    let clamped = |index: &Array| {
        let signed = index.dtype().is_signed_int();
        let low = if signed { index.maximum(0) } else { index.clone() };
        if low.dtype().size() == 1 && last > 127 { low.astype(DType::I32) } else { low }
            .minimum(last)
            .astype(DType::I32)
    };
    choose("switch", index, &clamped, programs, &mut operands, &found, location)
}

#[track_caller]
fn check_scalar(op: &str, which: &Array, location: &'static Location<'static>) {
    let aval: Aval = which.aval();
    if aval.rank() != 0 {
        let message = format!(
            "the first argument must be a scalar, got {aval}; to choose for each element use \
             `select` or `vmap`"
        );
        invalid(op, message, location);
    }
}

/// Runs one of several programs over the same operands.
fn choose<A: TreeArgument, R: Module>(
    op: &str,
    which: &Array,
    index: &dyn Fn(&Array) -> Array,
    mut programs: Vec<Program<R>>,
    operands: &mut A,
    found: &Operands,
    location: &'static Location<'static>,
) -> R {
    for (i, program) in programs.iter().enumerate().skip(1) {
        let names = if op == "cond" {
            ["`on_false`".to_owned(), "`on_true`".to_owned()]
        } else {
            ["branch 0".to_owned(), format!("branch {i}")]
        };
        let places = [names[0].as_str(), names[1].as_str()];
        if let Some(what) = difference(&programs[0].result, &program.result, places) {
            let message = format!("the branches must return the same shapes and dtypes: {what}");
            invalid(op, message, location);
        }
    }
    let mut changed: Vec<usize> =
        programs.iter().flat_map(|program| program.changed.iter().copied()).collect();
    changed.sort_unstable();
    changed.dedup();
    for program in &mut programs {
        program.keep_operands(&changed);
    }
    for &i in &changed {
        let after = |program: &Program<R>| {
            let outs = &program.closed.graph.outputs[program.results..];
            let at = changed.binary_search(&i).unwrap_or_default();
            program.closed.graph.aval(outs[at])
        };
        let first = after(&programs[0]);
        if let Some(other) = programs.iter().map(after).find(|aval| *aval != first) {
            let path = &found.paths(operands)[i];
            let message = format!(
                "the branches leave the Variable `{path}` with different shapes or dtypes: \
                 {first} and {other}"
            );
            invalid(op, message, location);
        }
    }
    let results = programs[0].results;
    let mut template = None;
    let closed = programs.into_iter().map(|program| {
        template.get_or_insert(program.result);
        program.closed
    });
    let closed = closed.collect();
    let (graphs, captures) = align(found.values.len(), closed);
    let branches = Cond { branches: graphs.into_iter().map(Body::from).collect(), linear: vec![] };
    let args: Vec<Array> =
        std::iter::once(which).chain(&found.values).chain(&captures).cloned().collect();
    let outs = or_raise(staged(op, &args, |args| {
        let mut ins = args.to_vec();
        ins[0] = index(&args[0]);
        branches.bind(&ins).to_vec()
    }));
    let (outs, updates) = outs.split_at(results);
    found.write_back(operands, changed.into_iter().zip(updates.iter().cloned()));
    match template {
        Some(template) => with_leaves(&template, outs),
        None => unreachable!("there is a branch"),
    }
}
