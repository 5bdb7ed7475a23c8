//! `cond` and `switch`.

use super::lend::{Argument, Changes, TransformCall, TransformProgram, Update, result_of};
use super::trees::{Compared, difference};
use crate::array::{AsArray, check_parts};
use crate::graph::{Array, Body, Value};
use crate::module::Module;
use crate::ops::Cond;
use crate::rewrite::align;
use crate::value::{Aval, DType};

/// Runs `on_true` or `on_false`, which both get `operands`. `jax.lax.cond`, `flax.nnx.cond`.
///
/// Both must return trees of one structure with equal shapes and dtypes. Variables that either sets
/// in an argument given as `&mut` are set in the caller's. Under [`vmap`](super::vmap()) over the
/// condition both run and the results are selected.
///
/// ```
/// use nnx::{Array, cond};
/// let x = Array::scalar(-3.0_f32);
/// let abs = cond(&x.lt(0.0), |x: &Array| -x, |x: &Array| x.clone(), &x);
/// assert_eq!(abs.item::<f32>(), 3.0);
/// ```
///
/// # Panics
/// Panics if `which` is not a scalar, or what the branches return differs in structure, shape or
/// dtype, with the place.
#[track_caller]
pub fn cond<A, R, T, F>(which: impl AsArray, on_true: T, on_false: F, operands: A) -> R
where
    A: Argument,
    R: Module,
    T: for<'t> FnOnce(A::Body<'t>) -> R,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let which = which.as_array();
    let mut operands = operands;
    let call = TransformCall::new("cond", &mut operands);
    check_scalar(&call, which);
    let no = call.trace(on_false, &call.avals);
    let yes = call.trace(on_true, &call.avals);
    let index = |which: &Array| {
        let which = if which.dtype() == DType::Bool { which.clone() } else { which.ne(0) };
        which.astype(DType::I32)
    };
    choose(call, which, &index, vec![no, yes])
}

/// Runs branch number `index`, an integer scalar, of `count` ones; what is below or above the range is
/// moved into it. `branch(k, operands)` is what branch `k` does. `jax.lax.switch`,
/// `flax.nnx.switch`.
///
/// See [`cond`] for what holds of branches.
///
/// ```
/// use nnx::{Array, switch};
/// let x = Array::scalar(3.0_f32);
/// let branch = |k: usize, x: &Array| match k {
///     0 => x + 1.0,
///     1 => x * 2.0,
///     _ => x.square(),
/// };
/// assert_eq!(switch(Array::scalar(2), 3, branch, &x).item::<f32>(), 9.0);
/// ```
///
/// # Panics
/// Panics if there is no branch or more than 16,384, `index` is not an integer scalar, or what the branches return differs
/// in structure, shape or dtype.
#[track_caller]
pub fn switch<A, R, F>(index: impl AsArray, count: usize, branch: F, operands: A) -> R
where
    A: Argument,
    R: Module,
    F: for<'t> Fn(usize, A::Body<'t>) -> R,
{
    let index = index.as_array();
    let mut operands = operands;
    let call = TransformCall::new("switch", &mut operands);
    check_scalar(&call, index);
    if !index.dtype().is_int() {
        call.invalid(format!("the index must be an integer scalar, got {}", index.aval()));
    }
    if count == 0 {
        call.invalid("there is no branch".into());
    }
    check_parts("switch", count);
    let mut programs = Vec::new();
    for k in 0..count {
        let branch = |body: A::Body<'_>| branch(k, body);
        programs.push(call.trace(branch, &call.avals));
    }
    let last = count as i32 - 1;
    let clamped = |index: &Array| {
        let signed = index.dtype().is_signed_int();
        let low = if signed { index.maximum(0) } else { index.clone() };
        if low.dtype().size() == 1 && last > 127 { low.astype(DType::I32) } else { low }
            .minimum(last)
            .astype(DType::I32)
    };
    choose(call, index, &clamped, programs)
}

fn check_scalar<A: Argument>(call: &TransformCall<'_, A>, which: &Array) {
    let aval: &Aval = which.aval();
    if aval.rank() != 0 {
        call.invalid(format!(
            "the first argument must be a scalar, got {aval}; to choose for each element use \
             `select` or `vmap`"
        ));
    }
}

/// Runs one of several programs over the same operands.
fn choose<A: Argument, R: Module>(
    mut call: TransformCall<'_, A>,
    which: &Array,
    index: &dyn Fn(&Array) -> Array,
    mut programs: Vec<TransformProgram<R>>,
) -> R {
    let name = |i: usize| match (call.op, i) {
        ("cond", 0) => "`on_false`".to_owned(),
        ("cond", _) => "`on_true`".to_owned(),
        _ => format!("branch {i}"),
    };
    for (i, program) in programs.iter().enumerate().skip(1) {
        let names = [name(0), name(i)];
        let [before, after] =
            [(&programs[0], &names[0]), (program, &names[1])].map(|(program, place)| Compared {
                tree: &program.result,
                place,
                nodes: program.twins.known(),
            });
        if let Some(what) = difference(&before, &after, &|number| call.node_name(number)) {
            call.invalid(format!("the branches must return the same shapes and dtypes: {what}"));
        }
    }
    let changes = agree(&call, &mut programs, &name);
    let (mut branches, mut rest) = (Vec::new(), Vec::new());
    for TransformProgram { closed, result, results, twins, .. } in programs {
        branches.push(closed);
        rest.push((result, results, twins));
    }
    let (graphs, captures, scopes) = align(call.values.len(), branches);
    let op = Cond { branches: graphs.into_iter().map(Body::from).collect(), linear: vec![] };
    let args: Vec<Array> =
        std::iter::once(which).chain(&call.values).chain(&captures).cloned().collect();
    let outs = call.staged(&args, |args| {
        let mut ins = args.to_vec();
        ins[0] = index(&args[0]);
        op.bind(&ins).to_vec()
    });
    call.write_back(&changes, &outs);
    let Some((first, results, twins)) = rest.first() else { unreachable!("there is a branch") };
    let result = result_of(first, results, twins, &outs);
    drop(rest);
    scopes.iter().for_each(|scope| call.check_left(scope));
    result
}

/// Brings the branches to the same updates: each gives a value of every leaf that any of them sets.
fn agree<A: Argument, R>(
    call: &TransformCall<'_, A>,
    programs: &mut [TransformProgram<R>],
    name: &dyn Fn(usize) -> String,
) -> Changes {
    let mut updates = vec![Update::Kept; call.leaves];
    let results = programs.first().map_or(0, TransformProgram::result_count);
    // The values that each branch leaves in the leaves that some branch sets.
    let mut values: Vec<Vec<Value>> = vec![Vec::new(); programs.len()];
    for (i, update) in updates.iter_mut().enumerate() {
        let of = |program: &TransformProgram<R>| match &program.changes.updates[i] {
            Update::Kept => call.operand(i).map(|operand| program.closed.graph.inputs[operand]),
            Update::Set(output) => Some(program.closed.graph.outputs[*output]),
            Update::Emptied(_) => None,
        };
        let Some(by) = programs.iter().find(|p| !matches!(p.changes.updates[i], Update::Kept))
        else {
            continue;
        };
        let left: Vec<Option<Value>> = programs.iter().map(of).collect();
        let aval = |k: usize| left[k].map(|value| programs[k].closed.graph.aval(value));
        if let Some(other) = (1..left.len()).find(|&k| aval(k) != aval(0)) {
            let show = |k| aval(k).map_or("without a value".into(), |aval| aval.to_string());
            call.invalid(format!(
                "the branches leave the Variable {} with different shapes or dtypes: {} in {}, {} \
                 in {}",
                call.path(i),
                show(0),
                name(0),
                show(other),
                name(other)
            ));
        }
        match left[0] {
            None => *update = by.changes.updates[i].clone(),
            Some(_) => {
                *update = Update::Set(results + values[0].len());
                for (values, left) in values.iter_mut().zip(left) {
                    values.extend(left);
                }
            }
        }
    }
    for (program, values) in programs.iter_mut().zip(values) {
        let graph = &mut program.closed.graph;
        graph.outputs.truncate(results);
        graph.outputs.extend(values);
        graph.eliminate_dead_code();
    }
    let metadata = programs[0].changes.metadata.clone();
    if let Some(other) = (1..programs.len()).find(|&k| programs[k].changes.metadata != metadata) {
        call.invalid(format!(
            "{} and {} leave different metadata on a Variable, and metadata is part of the program: \
             note the same in both",
            name(0),
            name(other)
        ));
    }
    Changes { updates, metadata, rebuilt: Vec::new() }
}
