//! Functions of a batch, part by part, so that the memory of one part is enough.

use crate::array::AsArray;
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::module::walk::{Rebuild, copy, for_each_leaf, rebuild};
use crate::module::{Everything, Module, Path, PathKey, VarInfo};
use crate::transform::axes::{from_first, tuple_len};
use crate::transform::{
    Argument, Bound, IntoMapAxes, MapAxes, StateAxes, eval_shape, fori_loop, vmap,
};
use crate::value::{Aval, DType};
use std::collections::{BTreeMap, BTreeSet};

/// How the results of the parts of a batch become one. `optax.microbatching.AccumulationType`.
///
/// ```
/// use nnx::optim::{AccumulationType, microbatch, microbatches};
/// use nnx::{Array, DType, array::arange};
///
/// let x = arange(4, DType::F32);
/// let by = |how: AccumulationType| {
///     let parts = microbatches(2).accumulator(how);
///     microbatch(|x: &Array| x * 10.0, &x, parts).to_vec::<f32>()
/// };
/// // The parts are [0, 2] and [1, 3].
/// assert_eq!(by(AccumulationType::Sum), [10.0, 50.0]);
/// assert_eq!(by(AccumulationType::Mean), [5.0, 25.0]);
/// assert_eq!(by(AccumulationType::RunningMean), [5.0, 25.0]);
/// assert_eq!(by(AccumulationType::Concat), [0.0, 10.0, 20.0, 30.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccumulationType {
    /// Their sum, divided by the number of parts. Floats only.
    Mean,
    /// Their sum.
    Sum,
    /// The mean of those that were computed, kept up to date with each. Floats only.
    RunningMean,
    /// Put together along axis 0, in the order of the batch.
    Concat,
}

/// How each result is gathered: one way for all of them, or a tuple with one for each element of a tuple.
///
/// ```
/// use nnx::optim::{AccumulationType, Accumulators};
///
/// let both: Accumulators = (AccumulationType::Concat, AccumulationType::Sum).into();
/// assert_ne!(both, AccumulationType::Sum.into());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accumulators(Vec<AccumulationType>, bool);

impl From<AccumulationType> for Accumulators {
    fn from(how: AccumulationType) -> Self {
        Accumulators(vec![how], false)
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {$(
        impl From<($(tuples!(@type $name),)*)> for Accumulators {
            fn from(($($name,)*): ($(tuples!(@type $name),)*)) -> Self {
                Accumulators(vec![$($name),*], true)
            }
        }
    )*};
    (@type $name:ident) => { AccumulationType };
}
tuples! {
    a;
    a b;
    a b c;
    a b c d;
    a b c d e;
    a b c d e f;
}

impl Accumulators {
    fn of(&self, path: &Path) -> AccumulationType {
        let own = match path.keys().first() {
            Some(PathKey::Index(i)) if self.1 => self.0.get(*i),
            _ => self.0.first(),
        };
        own.copied().unwrap_or(AccumulationType::Sum)
    }
}

/// The parts of a batch: of which size, along which axes, and what becomes of their results. A number stands for parts
/// of that size; [`microbatches`] adds options.
///
/// ```
/// use nnx::optim::{Microbatches, microbatch, microbatches};
/// use nnx::{Array, DType, array::arange};
///
/// // Columns of the one, rows of the other.
/// let parts: Microbatches = microbatches(2).in_axes((1, 0));
/// let (x, y) = (arange(8, DType::F32).reshape([2, 4]), arange(4, DType::F32));
/// let product = microbatch(|(x, y): (&Array, &Array)| x.matmul(y), (&x, &y), parts);
/// assert_eq!(product.to_vec::<f32>(), x.matmul(&y).to_vec::<f32>());
/// ```
pub struct Microbatches {
    size: usize,
    accumulators: Option<Accumulators>,
    axes: MapAxes,
    real: Option<Bound>,
}

/// Parts of `size` elements along axis 0, to add options to.
///
/// ```
/// use nnx::optim::{AccumulationType, microbatch, microbatches};
/// use nnx::{Array, DType, array::arange};
///
/// let x = arange(6, DType::F32);
/// let mean = microbatches(3).accumulator(AccumulationType::Mean);
/// assert_eq!(microbatch(|x: &Array| x.mean(..), &x, mean).item::<f32>(), 2.5);
/// ```
pub fn microbatches(size: usize) -> Microbatches {
    Microbatches { size, accumulators: None, axes: 0.into_map_axes(), real: None }
}

impl From<usize> for Microbatches {
    fn from(size: usize) -> Self {
        microbatches(size)
    }
}

impl Microbatches {
    /// How the results of the parts are gathered; by default their sum, and for [`micro_vmap`] all of them.
    ///
    /// ```
    /// use nnx::optim::AccumulationType::{Concat, Sum};
    /// use nnx::optim::{microbatch, microbatches};
    /// use nnx::Array;
    ///
    /// let x = Array::from([1, 2, 3, 4]);
    /// let f = |x: &Array| (x + 1, (x * 3).sum(..));
    /// let (next, total) = microbatch(f, &x, microbatches(2).accumulator((Concat, Sum)));
    /// assert_eq!((next.to_vec::<i32>(), total.item::<i32>()), (vec![2, 3, 4, 5], 30));
    /// ```
    pub fn accumulator(mut self, how: impl Into<Accumulators>) -> Self {
        self.accumulators = Some(how.into());
        self
    }

    /// Along which axis the batch lies in each argument, by default 0; `None` for one that every part gets whole. As in
    /// [`vmap`](crate::transform::vmap()).
    ///
    /// ```
    /// use nnx::optim::{microbatch, microbatches};
    /// use nnx::{Array, DType, array::arange};
    ///
    /// let (x, scale) = (arange(4, DType::F32), Array::scalar(10.0_f32));
    /// let f = |(x, scale): (&Array, &Array)| (x * scale).sum(..);
    /// let parts = microbatches(2).in_axes((0, None));
    /// assert_eq!(microbatch(f, (&x, &scale), parts).item::<f32>(), 60.0);
    /// ```
    pub fn in_axes(mut self, axes: impl IntoMapAxes) -> Self {
        self.axes = axes.into_map_axes();
        self
    }

    /// How many parts are computed, from the first on: for batches of different sizes that are filled up to one, without
    /// another program for each. A mean is over the number of all parts, and a running mean over those computed.
    ///
    /// ```
    /// use nnx::optim::{microbatch, microbatches};
    /// use nnx::Array;
    ///
    /// // The first of the parts [1, 3] and [2, 4].
    /// let x = Array::from([1, 2, 3, 4]);
    /// let parts = microbatches(2).num_real_microbatches(Array::scalar(1));
    /// assert_eq!(microbatch(|x: &Array| x.sum(..), &x, parts).item::<i32>(), 4);
    /// ```
    pub fn num_real_microbatches(mut self, count: impl Into<Bound>) -> Self {
        self.real = Some(count.into());
        self
    }
}

/// `f` of the parts of a batch, one after the other, and their results as one: by default their sum. Where `f` of the
/// whole batch needs more memory than there is, as the gradient of a large model does. `optax.microbatch`.
///
/// Of n parts, the i-th has every n-th element of the batch from the i-th on, as in Optax. `f` is traced twice.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::optim::{AccumulationType, microbatch, microbatches};
/// use nnx::{Array, DType, array::ones, random::Rngs, value_and_grad};
///
/// let (model, x) = (Linear::new(3, 1, &mut Rngs::new(0)), ones([32, 3], DType::F32));
/// let loss = |model: &Linear, x: &Array| (model.forward(x) - 1.0).square().mean(..);
/// let gradient = |x: &Array| value_and_grad(|model: &Linear| loss(model, x), &model);
/// let parts = microbatches(8).accumulator(AccumulationType::Mean);
/// let (mean, gradients) = microbatch(gradient, &x, parts);
///
/// let (whole, all) = gradient(&x);
/// assert!((mean.item::<f32>() - whole.item::<f32>()).abs() < 1e-5);
/// assert!((gradients.kernel - all.kernel.value()).abs().max(..).item::<f32>() < 1e-5);
/// ```
///
/// # Panics
/// Panics if arguments differ in the size of the batch, the parts do not divide it, or a mean is to be taken of
/// anything but floats.
#[track_caller]
pub fn microbatch<A, R, F>(f: F, batch: A, microbatches: impl Into<Microbatches>) -> R
where
    A: Argument + Copy,
    R: Module,
    F: for<'t> Fn(A::Body<'t>) -> R,
{
    let parts = BatchParts::of("microbatch", &batch, microbatches.into(), AccumulationType::Sum);
    parts.gather(|part| f(A::lend(&mut copy(part))))
}

/// [`vmap`](crate::transform::vmap()) over the elements of a batch, part by part: `f` is a function of one element. By
/// default the results of all elements are put together, as there; a sum or mean of them needs no memory for all.
/// `optax.microbatching.micro_vmap`.
///
/// ```
/// use nnx::optim::{AccumulationType, micro_vmap, microbatches};
/// use nnx::{Array, DType, array::arange};
///
/// let x = arange(8, DType::I32);
/// let squares = micro_vmap(|x: &Array| x.square(), &x, 2);
/// assert_eq!(squares.to_vec::<i32>(), [0, 1, 4, 9, 16, 25, 36, 49]);
/// let sum = microbatches(2).accumulator(AccumulationType::Sum);
/// assert_eq!(micro_vmap(|x: &Array| x.square(), &x, sum).item::<i32>(), 140);
/// ```
///
/// # Panics
/// As [`microbatch`].
#[track_caller]
pub fn micro_vmap<A, R, F>(f: F, batch: A, microbatches: impl Into<Microbatches>) -> R
where
    A: Argument + Copy,
    R: Module,
    F: for<'t> Fn(A::Body<'t>) -> R,
{
    let parts = BatchParts::of("micro_vmap", &batch, microbatches.into(), AccumulationType::Concat);
    let axes = parts.state_axes();
    parts.gather(|part| {
        let of_one = |element: &A::Tree| f(A::lend(&mut copy(element)));
        let all = vmap(of_one, part, axes.clone());
        let ways = parts.ways(&all);
        let mut ways = ways.into_iter();
        rebuild(&all, |_, array| {
            // A leaf without a value is not among them.
            match array.try_aval().ok().and_then(|_| ways.next()) {
                None | Some(AccumulationType::Concat) => array.clone(),
                Some(AccumulationType::Sum) => array.sum(0),
                Some(_) => array.mean(0),
            }
        })
    })
}

/// The axis `axis` of `x`, of the size n · `microbatch_size`, as two: the number of the part, and the place in it. The
/// i-th part has every n-th element from the i-th on. `optax.microbatching.reshape_batch_axis`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::reshape_batch_axis;
///
/// let x = Array::from([0, 1, 2, 3, 4, 5]);
/// let parts = reshape_batch_axis(&x, 2, 0);
/// assert_eq!(parts.shape(), [3, 2]);
/// assert_eq!(parts.to_vec::<i32>(), [0, 3, 1, 4, 2, 5]);
/// ```
///
/// # Panics
/// Panics if there is no such axis, or the size does not divide it.
#[track_caller]
pub fn reshape_batch_axis(x: impl AsArray, microbatch_size: usize, axis: isize) -> Array {
    let (op, x) = ("reshape_batch_axis", x.as_array());
    let d = crate::array::dim(op, axis, x.aval());
    let parts = divided(op, x.shape()[d], microbatch_size);
    let mut shape = x.shape().to_vec();
    shape.splice(d..=d, [microbatch_size, parts]);
    x.reshape(shape).swapaxes(d as isize, d as isize + 1)
}

#[track_caller]
fn invalid(op: &str, why: String) -> ! {
    raise(Error::Invalid(format!("{op}: {why}")))
}

/// The number of parts.
#[track_caller]
fn divided(op: &str, batch: usize, size: usize) -> usize {
    if size == 0 || !batch.is_multiple_of(size) {
        raise(Error::Invalid(format!(
            "{op}: a batch of {batch} has no whole number of parts of {size}\nfix: give a size that divides the batch"
        )));
    }
    batch / size
}

/// A batch in parts.
struct BatchParts<T> {
    op: &'static str,
    tree: T,
    /// Of each leaf that has the batch, by its number: the parts along a new axis 0.
    split: BTreeMap<usize, Array>,
    /// The paths of these, by their axes.
    axes: BTreeMap<isize, BTreeSet<Path>>,
    count: usize,
    real: Bound,
    accumulators: Accumulators,
}

impl<T: Module> BatchParts<T> {
    #[track_caller]
    fn of<A: Argument<Tree = T>>(
        op: &'static str,
        batch: &A,
        how: Microbatches,
        default: AccumulationType,
    ) -> Self {
        let tree = batch.twin(&mut Rebuild::new(|_, array: &Array| array.clone()));
        if let Err(why) = how.axes.check(A::TUPLE) {
            invalid(op, format!("in_axes: {why}"));
        }
        let (mut found, mut number) = (Vec::new(), 0);
        for_each_leaf(&tree, |path, leaf| {
            if let Some(mapped) = mapped_axis(op, &how.axes, path, &leaf) {
                found.push((number, path.clone(), mapped, leaf.value.clone()));
            }
            number += 1;
        });
        let size_of = |(_, _, axis, array): &(_, _, isize, Array)| array.shape()[*axis as usize];
        let Some(batch) = found.first().map(size_of) else {
            invalid(op, "no argument has a batch\nfix: give the axis of one in `in_axes`".into())
        };
        if let Some(other) = found.iter().find(|leaf| size_of(leaf) != batch) {
            let first = &found[0];
            invalid(
                op,
                format!(
                    "the batches differ in size: `{}` {} has {batch}, `{}` {} has {}",
                    first.1,
                    first.3.aval(),
                    other.1,
                    other.3.aval(),
                    size_of(other)
                ),
            );
        }
        let count = divided(op, batch, how.size);
        let mut axes = BTreeMap::<isize, BTreeSet<Path>>::new();
        let mut split = BTreeMap::new();
        for (number, path, axis, array) in found {
            let parts = reshape_batch_axis(array, how.size, axis).moveaxis(axis, 0);
            split.insert(number, parts);
            axes.entry(axis).or_default().insert(path);
        }
        let real = match how.real {
            None => Bound::from(count),
            Some(Bound::Known(n)) if !(0..=count as i64).contains(&n) => invalid(
                op,
                format!(
                    "{n} parts cannot be computed: there are {count} of {} elements each",
                    how.size
                ),
            ),
            Some(Bound::Known(n)) => Bound::Known(n),
            Some(Bound::Computed(n)) => Bound::Computed(n.minimum(count)),
        };
        let accumulators = how.accumulators.unwrap_or(default.into());
        BatchParts { op, tree, split, axes, count, real, accumulators }
    }

    /// The axes of a part, for `vmap` over its elements.
    fn state_axes(&self) -> StateAxes {
        let mut all = StateAxes::new();
        for (&axis, paths) in &self.axes {
            let paths = paths.clone();
            let takes = move |path: &Path, _: &VarInfo<'_>| paths.contains(path);
            all = all.with(takes, Some(axis));
        }
        all.with(Everything, None)
    }

    /// How each leaf of a result is gathered, of those that have a value.
    #[track_caller]
    fn ways<R: Module>(&self, result: &R) -> Vec<AccumulationType> {
        let Accumulators(all, each) = &self.accumulators;
        if *each && tuple_len::<R>() != Some(all.len()) {
            raise(Error::Invalid(format!(
                "{}: there are accumulators for {} results, and the function returns {}\n\
                 fix: give one for all, or a tuple with one for each element of the tuple that it returns",
                self.op,
                all.len(),
                std::any::type_name::<R>()
            )));
        }
        let mut ways = Vec::new();
        for_each_leaf(result, |path, leaf| {
            if leaf.value.try_aval().is_ok() {
                ways.push(self.accumulators.of(path));
            }
        });
        ways
    }

    /// The results of `f` for all parts as one.
    #[track_caller]
    fn gather<R: Module>(&self, f: impl Fn(&T) -> R) -> R {
        let at = |i: &Array| {
            rebuild(&self.tree, |number, array| match self.split.get(&number) {
                Some(parts) => parts.dynamic_index(i, 0),
                None => array.clone(),
            })
        };
        let values = |result: &R| -> Vec<Array> {
            let mut found = Vec::new();
            for_each_leaf(result, |_, leaf| {
                found.extend(leaf.value.try_aval().is_ok().then(|| leaf.value.clone()));
            });
            found
        };
        let mut form = None;
        let shapes = eval_shape(
            |i: &Array| {
                let result = f(&at(i));
                // Without the values of the trace, which ends here.
                form = Some(rebuild(&result, |_, array| match array.try_aval() {
                    Ok(aval) => Array::of_aval(aval),
                    Err(_) => array.clone(),
                }));
                values(&result)
            },
            &Array::scalar(0_i32),
        );
        let Some(form) = form else { unreachable!("the function was traced") };
        let ways = self.ways(&form);
        let starts: Vec<Array> =
            shapes.iter().zip(&ways).map(|(shape, way)| self.start(*way, shape.aval())).collect();
        let real = match &self.real {
            Bound::Known(n) => Bound::Known(*n),
            Bound::Computed(n) => Bound::Computed(n.clone()),
        };
        let step = |i: Array, sums: Vec<Array>| -> Vec<Array> {
            let made = values(&f(&at(&i)));
            let with = |((way, sum), value)| next(way, sum, value, &i);
            ways.iter().copied().zip(&sums).zip(&made).map(with).collect()
        };
        let sums = fori_loop(0, real, step, starts);
        let mut ends = ways.iter().zip(sums).map(|(way, sum)| match way {
            AccumulationType::Mean => sum / self.count as f64,
            AccumulationType::Concat if sum.rank() > 1 => {
                let shape = sum.shape();
                let (all, rest) = (shape[0] * shape[1], shape[2..].to_vec());
                sum.swapaxes(0, 1).reshape([&[all], &rest[..]].concat())
            }
            _ => sum,
        });
        rebuild(&form, |_, array| match array.try_aval() {
            Ok(_) => ends.next().unwrap_or_else(|| array.clone()),
            Err(_) => array.clone(),
        })
    }

    /// Before the first part.
    #[track_caller]
    fn start(&self, way: AccumulationType, aval: &Aval) -> Array {
        match way {
            AccumulationType::Sum => Array::zeros_aval(aval),
            AccumulationType::Concat => {
                Array::zeros_aval(&aval.with_shape(&[&[self.count], aval.shape()].concat()))
            }
            AccumulationType::Mean | AccumulationType::RunningMean => {
                if !aval.dtype().is_float() {
                    raise(Error::Invalid(format!(
                        "{}: a mean needs floats, and a result is {aval}\n\
                         fix: convert it with `astype`, or take the sum",
                        self.op
                    )));
                }
                Array::zeros_aval(aval)
            }
        }
    }
}

/// After the part `i`, whose result is `value`.
fn next(way: AccumulationType, sum: &Array, value: &Array, i: &Array) -> Array {
    match way {
        AccumulationType::Sum | AccumulationType::Mean => (sum + value).astype(sum.dtype()),
        AccumulationType::RunningMean => {
            let before = i.astype(DType::F32) / (i + 1);
            (sum * &before + value * (1.0 - &before)).astype(sum.dtype())
        }
        AccumulationType::Concat => {
            let zero = Array::scalar(0_i32);
            let starts: Vec<&Array> =
                (0..sum.rank()).map(|d| if d == 0 { i } else { &zero }).collect();
            sum.dynamic_update_slice(value.expand_dims(0), starts)
        }
    }
}

/// The axis of the batch in a leaf, counted from the first, if it has one.
#[track_caller]
fn mapped_axis(op: &str, axes: &MapAxes, path: &Path, leaf: &VarInfo<'_>) -> Option<isize> {
    if let Err(why) = axes.check_taken(path, leaf) {
        raise(Error::Invalid(format!("{op}: in_axes: {why}")));
    }
    let axis = from_first(axes.of(path, leaf), leaf, 0)?;
    let aval = leaf.value.try_aval().ok()?;
    if !(0..aval.rank() as isize).contains(&axis) {
        let path = path.to_string();
        let place = if path.is_empty() { "the argument".into() } else { format!("`{path}`") };
        raise(Error::Invalid(format!(
            "{op}: {place} is {aval}, and has no such axis for the batch"
        )));
    }
    Some(axis)
}
