//! `scan`: a loop over the elements of arrays that carries a state along.

use super::axes::{IntoMapAxes, MapAxes};
use super::lend::{Argument, Owned, TransformCall, TransformProgram, Update};
use super::metadata::TransformMetadata;
use super::trees::{Compared, difference};
use super::vmap::{result_axes, without_axis};
use crate::graph::Array;
use crate::module::walk::{CollectLeaves, collect_leaves};
use crate::module::{Module, Path, PathKey, Seen, VarInfo};
use crate::ops::Scan;
use crate::value::Aval;

/// The inputs of [`scan`], with options; made by [`over`] and [`length`].
///
/// ```
/// use nnx::{Array, over, scan};
///
/// let xs = Array::from([1.0_f32, 2.0, 3.0]);
/// let sum = |c: Array, x: &Array| (&c + x, c);
/// let (_, before) = scan(sum, Array::scalar(0.0_f32), over(&xs));
/// assert_eq!(before.to_vec::<f32>(), [0.0, 1.0, 3.0]);
/// let (_, after) = scan(sum, Array::scalar(0.0_f32), over(&xs).reverse());
/// assert_eq!(after.to_vec::<f32>(), [5.0, 3.0, 0.0]);
/// ```
pub struct Over<X> {
    xs: X,
    axes: MapAxes,
    outputs: MapAxes,
    length: Option<usize>,
    reverse: bool,
    unroll: usize,
    metadata: TransformMetadata,
}

/// The arrays that [`scan`] takes slices of, to add options to: `over(&xs).reverse()`.
///
/// ```
/// use nnx::{Array, over, scan};
///
/// // Slices of two arrays, and one that every step gets whole.
/// let (x, y) = (Array::from([1.0_f32, 2.0]), Array::from([10.0_f32, 20.0]));
/// let scale = Array::scalar(0.5_f32);
/// let step = |c: Array, (x, y, scale): (&Array, &Array, &Array)| (c + x * y * scale, ());
/// let inputs = over((&x, &y, &scale)).in_axes((0, 0, None));
/// assert_eq!(scan(step, Array::scalar(0.0_f32), inputs).0.item::<f32>(), 25.0);
/// ```
pub fn over<X: Argument>(xs: X) -> Over<X> {
    Over {
        xs,
        axes: 0.into_map_axes(),
        outputs: 0.into_map_axes(),
        length: None,
        reverse: false,
        unroll: 1,
        metadata: TransformMetadata::default(),
    }
}

/// A number of iterations without slices; the function gets `()`.
///
/// ```
/// use nnx::{Array, length, scan};
///
/// let doubled = |x: Array, ()| (&x * 2, x);
/// let (end, powers) = scan(doubled, Array::scalar(1), length(4));
/// assert_eq!((end.item::<i32>(), powers.to_vec::<i32>()), (16, vec![1, 2, 4, 8]));
/// ```
pub fn length(n: usize) -> Over<()> {
    Over {
        xs: (),
        axes: 0.into_map_axes(),
        outputs: 0.into_map_axes(),
        length: Some(n),
        reverse: false,
        unroll: 1,
        metadata: TransformMetadata::default(),
    }
}

impl<X> Over<X> {
    /// Starts with the last elements; results take the places of their slices.
    ///
    /// ```
    /// use nnx::{Array, over, scan};
    ///
    /// // Discounted sums of the rewards to come.
    /// let rewards = Array::from([1.0_f32, 0.0, 4.0]);
    /// let step = |later: Array, r: &Array| {
    ///     let sum = later * 0.5 + r;
    ///     (sum.clone(), sum)
    /// };
    /// let (_, returns) = scan(step, Array::scalar(0.0_f32), over(&rewards).reverse());
    /// assert_eq!(returns.to_vec::<f32>(), [2.0, 2.0, 4.0]);
    /// ```
    pub fn reverse(mut self) -> Self {
        self.reverse = true;
        self
    }

    /// The copies of the body in one iteration of the compiled loop, at most 16,384: more is faster to run
    /// and slower to compile.
    ///
    /// ```
    /// use nnx::{Array, DType, array::arange, over, scan};
    ///
    /// let sum = |c: Array, x: &Array| (c + x, ());
    /// let xs = arange(10, DType::F32);
    /// // 4 need not divide 10.
    /// let (total, ()) = scan(sum, Array::scalar(0.0_f32), over(&xs).unroll(4));
    /// assert_eq!(total.item::<f32>(), 45.0);
    /// ```
    pub fn unroll(mut self, n: usize) -> Self {
        self.unroll = n.max(1);
        self
    }

    /// Along which axis each argument is sliced, by default 0; `None` for one that every
    /// iteration gets whole. As in [`vmap`](super::vmap()).
    ///
    /// ```
    /// use nnx::{Array, DType, array::arange, over, scan};
    ///
    /// // Columns of a matrix, one after the other.
    /// let x = arange(6, DType::F32).reshape([2, 3]);
    /// let step = |c: Array, column: &Array| (c + column, column.sum(..));
    /// let (sums, each) = scan(step, Array::from([0.0_f32, 0.0]), over(&x).in_axes(1));
    /// assert_eq!(sums.to_vec::<f32>(), [3.0, 12.0]);
    /// assert_eq!(each.to_vec::<f32>(), [3.0, 5.0, 7.0]);
    /// ```
    pub fn in_axes(mut self, axes: impl IntoMapAxes) -> Self {
        self.axes = axes.into_map_axes();
        self
    }

    /// Along which axis the results of the iterations are stacked, by default 0; a tuple has one for each element of a
    /// tuple of results. As in [`vmap`](super::vmap()), but each result has an axis.
    ///
    /// ```
    /// use nnx::{Array, DType, array::arange, over, scan};
    /// let xs = arange(6, DType::F32).reshape([3, 2]);
    /// let body = |c: Array, x: &Array| (c + x, x * 2.0);
    /// let (_, columns) = scan(body, arange(2, DType::F32), over(&xs).out_axes(1));
    /// assert_eq!(columns.to_vec::<f32>(), [0.0, 4.0, 8.0, 2.0, 6.0, 10.0]); // [2, 3]
    /// ```
    pub fn out_axes(mut self, axes: impl IntoMapAxes) -> Self {
        self.outputs = axes.into_map_axes();
        self
    }

    /// Number of iterations; needed where no argument is sliced.
    ///
    /// ```
    /// use nnx::{Array, over, scan};
    ///
    /// let x = Array::scalar(3.0_f32);
    /// let step = |c: Array, x: &Array| (c + x, ());
    /// let inputs = over(&x).in_axes(None).length(4); // nothing is sliced
    /// assert_eq!(scan(step, Array::scalar(0.0_f32), inputs).0.item::<f32>(), 12.0);
    /// ```
    pub fn length(mut self, n: usize) -> Self {
        self.length = Some(n);
        self
    }

    /// For lists that are noted on Variables with an entry for each axis: the entry of the axis that is looped over, which
    /// an iteration does not see, and which stacked results get. As in
    /// [`VmapAxes::transform_metadata`](super::VmapAxes::transform_metadata).
    ///
    /// ```
    /// use nnx::sharding::PARTITION_NAME;
    /// use nnx::{Array, Param, over, scan};
    ///
    /// let layers = Param::new(Array::from([[1.0_f32], [2.0]])).with_out_sharding(("layers", "hidden"));
    /// let step = |x: Array, layer: &Param| {
    ///     assert_eq!(layer.metadata().out_sharding().unwrap().to_string(), "(hidden)");
    ///     (x * layer, ())
    /// };
    /// let layers = over(&layers).transform_metadata([(PARTITION_NAME, Some("layers"))]);
    /// assert_eq!(scan(step, Array::from([3.0_f32]), layers).0.item::<f32>(), 6.0);
    /// ```
    pub fn transform_metadata<'a>(
        mut self,
        entries: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Self {
        self.metadata = TransformMetadata::new(entries);
        self
    }
}

/// The inputs that [`scan`] takes: an [`Argument`] or an [`Over`].
///
/// ```
/// use nnx::transform::ScanInputs;
/// use nnx::{Argument, Array, over, scan};
///
/// // A loop of one's own, over all that `scan` takes.
/// fn total<X, F>(f: F, xs: X) -> f32
/// where
///     X: ScanInputs,
///     F: for<'t> FnOnce(<X::Xs as Argument>::Body<'t>) -> Array,
/// {
///     scan(|c: Array, x| (c + f(x), ()), Array::scalar(0.0_f32), xs).0.item::<f32>()
/// }
/// let xs = Array::from([1.0_f32, 2.0, 3.0]);
/// assert_eq!(total(|x: &Array| x.square(), &xs), 14.0);
/// assert_eq!(total(|x: &Array| x.square(), over(&xs).unroll(2)), 14.0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be what a loop goes over",
    label = "not `&M`, a tuple of such references, or `over(…)` of one",
    note = "write `&xs` for the arrays whose slices each step gets, `(&xs, &ys)` for several, `length(n)` for steps without inputs"
)]
pub trait ScanInputs {
    /// The argument that the function gets slices of.
    type Xs: Argument;
    #[doc(hidden)]
    fn into_over(self) -> Over<Self::Xs>;
}

#[diagnostic::do_not_recommend]
impl<X: Argument> ScanInputs for X {
    type Xs = X;
    fn into_over(self) -> Over<X> {
        over(self)
    }
}

#[diagnostic::do_not_recommend]
impl<X: Argument> ScanInputs for Over<X> {
    type Xs = X;
    fn into_over(self) -> Over<X> {
        self
    }
}

/// Runs `f` over the slices of `xs` along their first axis, one after the other: `f` gets the carry
/// and a slice, and returns the next carry and a result; the results are stacked. `jax.lax.scan`,
/// `flax.nnx.scan`.
///
/// The program holds `f` once, whatever the number of iterations. The carry is any tree (a Module
/// too) and keeps its structure, shapes and dtypes. Variables that `f` sets in slices of an argument
/// given as `&mut` are set, stacked, in the caller's; in an argument that is not sliced they are
/// carried from step to step. Whatever `f` captures from outside is the same
/// in every iteration. For options (`reverse`, `unroll`, other axes, arguments that are not sliced,
/// a length alone) see [`over`] and [`length`].
///
/// In reverse mode the loop keeps, of every iteration, what the backward pass needs and no more;
/// with [`remat`](super::remat()) around the body it keeps the carries only.
///
/// ```
/// use nnx::{Array, DType, array::arange, scan};
/// let xs = arange(5, DType::F32);
/// let (sum, sums) = scan(|c: Array, x: &Array| { let c = c + x; (c.clone(), c) },
///     Array::scalar(0.0_f32), &xs);
/// assert_eq!(sum.item::<f32>(), 10.0);
/// assert_eq!(sums.to_vec::<f32>(), [0.0, 1.0, 3.0, 6.0, 10.0]);
/// ```
///
/// # Panics
/// Panics if the arrays differ in length, there are more than 2^31 − 1 iterations or 16,384 copies of the body,
/// or the carry, or a Variable that is set in an argument
/// that is not sliced, changes its structure, shape or dtype.
#[track_caller]
pub fn scan<C, X, Y, F>(f: F, init: C, xs: X) -> (C, Y)
where
    C: Module,
    X: ScanInputs,
    Y: Module,
    F: for<'t> FnOnce(C, <X::Xs as Argument>::Body<'t>) -> (C, Y),
{
    scanned("scan", f, init, xs.into_over())
}

/// Each copy of a body is a part of the program.
const MOST_COPIES: usize = 1 << 14;

/// The name of the loop that has no carry.
pub(super) const MAP: &str = "map_slices";

/// A loop over slices, called `op` in messages.
#[track_caller]
pub(super) fn scanned<C, X, Y, F>(op: &'static str, f: F, init: C, over: Over<X>) -> (C, Y)
where
    C: Module,
    X: Argument,
    Y: Module,
    F: for<'t> FnOnce(C, X::Body<'t>) -> (C, Y),
{
    let Over { xs, axes, outputs: out_axes, length, reverse, unroll, metadata } = over;
    let mut lent = (Owned::new(init), xs);
    let mut call = TransformCall::new(op, &mut lent);
    if op == MAP {
        // There is no carry that would be the argument's first part.
        call.name = |path| path.below_first().to_string();
    }
    let carry_leaves = collect_leaves(&call.argument.0).len();
    let (sliced, length) = match slices(&call, carry_leaves, &axes, length) {
        Ok(found) => found,
        Err(message) => call.invalid(message),
    };
    let copies = unroll.min(length);
    if copies > MOST_COPIES {
        call.invalid(format!(
            "{copies} copies of the body in one iteration are more than {MOST_COPIES}, which take minutes to compile"
        ));
    }
    let avals: Vec<Aval> = call
        .of_operands(&sliced)
        .into_iter()
        .zip(&call.avals)
        .map(|(axis, aval)| {
            axis.map_or_else(|| aval.clone(), |axis| without_axis(aval, axis as usize))
        })
        .collect();
    metadata.take_away(&mut call, &sliced);
    let body = |(carry, xs): (C, X::Body<'_>)| f(carry, xs);
    let mut program = call.trace_sowing(body, &avals);
    let start = Compared {
        tree: &call.argument.0,
        place: "the carry at the start",
        nodes: program.twins.originals(),
    };
    let place = "the carry that the function returns";
    let end = Compared { tree: &program.result.0, place, nodes: program.twins.known() };
    if let Some(what) = difference(&start, &end, &|number| call.node_name(number)) {
        call.invalid(format!(
            "the carry must keep its structure, shapes and dtypes: {what}. Convert with \
             `.astype(…)` or start with an array of the right shape"
        ));
    }

    call.check_result_axes(&program, &sliced, |path, leaf| {
        // The carry is not put together, the results are.
        let is_result = path.keys().first() == Some(&PathKey::Index(1));
        is_result.then(|| out_axes.of(&path.below_first(), leaf)).flatten()
    });
    let (known, found) = axes_of_results(&call, &program, &out_axes);
    let stacked_along = stacked_along(&call, &program, &found);
    metadata.give_back(
        &call,
        &mut program,
        &sliced,
        |result, mut visitor| result.1.flatten_mut(&mut visitor),
        (known, &found),
    );

    // Variables that are set without being sliced are carried from step to step.
    let wiring = Wiring::of(&call, &mut program, carry_leaves, &sliced);
    let mut graph = std::mem::take(&mut program.closed.graph);
    let inputs = std::mem::take(&mut graph.inputs);
    let order = |i: &usize| inputs[*i];
    graph.inputs =
        wiring.inputs().map(order).chain(inputs[call.values.len()..].iter().copied()).collect();
    let outputs = std::mem::take(&mut graph.outputs);
    graph.outputs = wiring.outputs().map(|o| outputs[o]).collect();
    let op = Scan {
        body: graph.into(),
        carry: wiring.carry.len(),
        xs: wiring.sliced.len(),
        length,
        reverse,
        unroll,
        linear: vec![],
    };
    let operand_axes = call.of_operands(&sliced);
    let outs = call.staged(&call.arguments(&program), |args| {
        let (operands, captures) = args.split_at(call.values.len());
        let ins: Vec<Array> = wiring
            .inputs()
            .map(|&i| match operand_axes[i] {
                Some(axis) => operands[i].moveaxis(axis, 0),
                None => operands[i].clone(),
            })
            .chain(captures.iter().cloned())
            .collect();
        let mut outs = vec![None; outputs.len()];
        for (output, out) in wiring.outputs().zip(op.bind(&ins)) {
            outs[output] = Some(out);
        }
        let of_leaves =
            wiring.stacked.iter().map(|&(leaf, output)| (output, sliced[leaf].unwrap_or_default()));
        let of_results = wiring.results.iter().copied().zip(stacked_along.iter().copied());
        for (output, axis) in of_leaves.chain(of_results) {
            outs[output] = outs[output].take().map(|out| out.moveaxis(0, axis));
        }
        // All outputs are in the wiring: none may take the place of another.
        let missing = || Array::absent("no output of a step");
        outs.into_iter().map(|out| out.unwrap_or_else(missing)).collect()
    });
    call.finish(program, &outs)
}

/// For each result of an iteration the axis that is given for it, and the nodes that are not part of the results.
fn axes_of_results<A: Argument, C: Module, Y: Module>(
    call: &TransformCall<'_, A>,
    program: &TransformProgram<(C, Y)>,
    axes: &MapAxes,
) -> (Seen, Vec<Option<isize>>) {
    // A node of the carry counts there.
    let mut of_carry = CollectLeaves::of_others(program.seen());
    program.result.0.flatten(&mut of_carry);
    let (_, known) = of_carry.into_parts();
    let found = result_axes(call, &known, &program.result.1, axes);
    (known, found)
}

/// For each result of an iteration that has a value, the axis along which all of them are stacked.
fn stacked_along<A: Argument, R>(
    call: &TransformCall<'_, A>,
    program: &TransformProgram<R>,
    found: &[Option<isize>],
) -> Vec<isize> {
    let of_results = program.results.len() - found.len();
    let graph = &program.closed.graph;
    let axis_of = |(axis, output): (&Option<isize>, &Option<usize>)| {
        let rank = graph.aval(graph.outputs[(*output)?]).rank() as isize + 1;
        Some(match axis {
            Some(axis) if (-rank..rank).contains(axis) => *axis,
            Some(axis) => call.invalid(format!(
                "out_axes: there is no axis {axis} to stack along: a stacked result has {rank} axes"
            )),
            None => call.invalid(
                "out_axes: a result has axis None, but each iteration has a result of its own\n\
                 fix: give it an axis, as `0`, or return what all share in the carry"
                    .into(),
            ),
        })
    };
    found.iter().zip(&program.results[of_results..]).filter_map(axis_of).collect()
}

/// Where the operands and outputs of a loop's body are in the loop.
struct Wiring {
    /// The operands that are carried along, and the outputs that are their next values.
    carry: Vec<(usize, usize)>,
    /// The operands of which an iteration gets a slice.
    sliced: Vec<usize>,
    /// The operands that every iteration gets whole.
    whole: Vec<usize>,
    /// The outputs that are results of an iteration.
    results: Vec<usize>,
    /// The sliced leaves that the function sets, and the outputs that are their values.
    stacked: Vec<(usize, usize)>,
    /// The outputs that an iteration sows.
    sown: Vec<usize>,
    /// The operands in the order of the loop.
    operands: Vec<usize>,
}

impl Wiring {
    fn of<A: Argument, R>(
        call: &TransformCall<'_, A>,
        program: &mut TransformProgram<R>,
        carry_leaves: usize,
        sliced: &[Option<isize>],
    ) -> Self {
        let carry = call.carried(program, carry_leaves);
        // Leaves in nodes are not part of the result.
        let of_carry = call.in_nodes()[..carry_leaves].iter().filter(|in_node| !**in_node).count();
        let results = &program.results[of_carry..];
        let mut wiring = Wiring {
            carry,
            sliced: vec![],
            whole: vec![],
            results: results.iter().copied().flatten().collect(),
            stacked: vec![],
            sown: program.sown.iter().map(|(output, _)| *output).collect(),
            operands: vec![],
        };
        for (i, axis) in sliced.iter().enumerate().skip(carry_leaves) {
            let operand = call.operand(i);
            match (&program.changes.updates[i], axis) {
                (Update::Set(output), Some(_)) => wiring.stacked.push((i, *output)),
                (Update::Set(output), None) => {
                    let graph = &program.closed.graph;
                    let now = graph.aval(graph.outputs[*output]);
                    match operand {
                        Some(operand) if call.avals[operand] == *now => {
                            wiring.carry.push((operand, *output));
                            continue;
                        }
                        _ => {
                            let before = operand.map(|o| call.avals[o].to_string());
                            call.invalid(format!(
                                "the Variable `{}` is not sliced, so that it is carried from step \
                                 to step and must keep its shape and dtype, but it is {} before a \
                                 step and {now} after it\n\
                                 fixes:\n  \
                                 1. start with a value of the right shape\n  \
                                 2. give it an axis",
                                call.paths()[i].below_first(),
                                before.unwrap_or_else(|| "without a value".into()),
                            ))
                        }
                    }
                }
                (Update::Emptied(_), None) => call.invalid(format!(
                    "the function takes the value out of the Variable `{}`, which is not sliced, so \
                     that the next step would find none",
                    call.paths()[i].below_first()
                )),
                (Update::Kept | Update::Emptied(_), _) => {}
            }
            if let Some(operand) = operand {
                let list = if axis.is_some() { &mut wiring.sliced } else { &mut wiring.whole };
                list.push(operand);
            }
        }
        let carried = wiring.carry.iter().map(|(operand, _)| *operand);
        wiring.operands =
            carried.chain(wiring.sliced.iter().chain(&wiring.whole).copied()).collect();
        wiring
    }

    /// The operands in the order of the loop.
    fn inputs(&self) -> impl Iterator<Item = &usize> {
        self.operands.iter()
    }

    /// The outputs in the order of the loop.
    fn outputs(&self) -> impl Iterator<Item = usize> {
        let carried = self.carry.iter().map(|(_, output)| *output);
        let stacked = self.stacked.iter().map(|(_, output)| *output);
        carried.chain(self.results.iter().copied()).chain(stacked).chain(self.sown.iter().copied())
    }
}

/// For each leaf of the carry and the arguments the axis along which it is sliced, and the number of
/// slices.
fn slices<C: Module, X: Argument>(
    call: &TransformCall<'_, (Owned<C>, X)>,
    carry_leaves: usize,
    axes: &MapAxes,
    given: Option<usize>,
) -> Result<(Vec<Option<isize>>, usize), String> {
    axes.check(X::TUPLE).map_err(|message| format!("in_axes: {message}"))?;
    let axis_at = |path: &Path, leaf: &VarInfo<'_>| match path.keys().first() {
        Some(PathKey::Index(0)) => None,
        _ => axes.of(&path.below_first(), leaf),
    };
    call.check_places("axes", axis_at, |axis| {
        axis.map_or("None".to_owned(), |axis| axis.to_string())
    });
    let mut lengths: Vec<(String, usize)> = Vec::new();
    let mut at = 0;
    let found = call.map(|path, leaf| -> Result<Option<isize>, String> {
        at += 1;
        if at <= carry_leaves {
            return Ok(None);
        }
        let path = path.below_first();
        axes.check_taken(&path, leaf).map_err(|message| format!("in_axes: {message}"))?;
        let Some(axis) = axes.of(&path, leaf) else { return Ok(None) };
        let Ok(aval) = leaf.value.try_aval() else { return Ok(Some(axis)) };
        let rank = aval.rank() as isize;
        let path = path.to_string();
        let path = if path.is_empty() { "xs".to_owned() } else { path };
        if axis < -rank || axis >= rank {
            return Err(format!("`{path}` is {aval} and has no axis {axis} to take slices along"));
        }
        let axis = if axis < 0 { axis + rank } else { axis };
        lengths.push((format!("`{path}` {aval}"), aval.shape()[axis as usize]));
        Ok(Some(axis))
    });
    let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    let Some(length) = given.or_else(|| lengths.first().map(|(_, n)| *n)) else {
        return Err("nothing is sliced, so the number of iterations is not known; give it with \
                    `length(n)` or `over(…).length(n)`"
            .into());
    };
    if lengths.iter().any(|(_, n)| *n != length) {
        let all: Vec<String> = lengths.iter().map(|(x, n)| format!("{x} has {n}")).collect();
        let given = given.map_or(String::new(), |n| format!("length is {n}; "));
        return Err(format!("the numbers of slices differ: {given}{}", all.join("; ")));
    }
    if i32::try_from(length).is_err() {
        return Err(format!(
            "{length} iterations are more than the {} to which a loop counts",
            i32::MAX
        ));
    }
    Ok((found, length))
}
