//! Lists on Variables with an entry for each axis, where a transform takes an axis away or adds one.

use super::axes::from_first;
use super::lend::{Argument, TransformCall, TransformProgram};
use super::vmap::{VmapAxes, result_axes};
use crate::graph::Array;
use crate::module::partition::OUT_SHARDING;
use crate::module::{MetaValue, Metadata, Module, Seen, SharedNode, VarMut, VisitorMut};
use crate::rewrite::interpret;

/// The name under which the metadata of a transform has the name of its axis in
/// [`PartitionSpec`](crate::sharding::PartitionSpec)s. `flax.nnx.PARTITION_NAME`.
///
/// ```
/// use nnx::sharding::PARTITION_NAME;
/// use nnx::{Array, Param, in_axes, vmap};
///
/// let make = |x: &Array| Param::new(x * 2.0).with_out_sharding(["hidden"]);
/// let axes = in_axes(0).transform_metadata([(PARTITION_NAME, Some("layers"))]);
/// let all = vmap(make, &Array::from([[1.0_f32, 2.0], [3.0, 4.0]]), axes);
/// assert_eq!(all.metadata().out_sharding().unwrap().to_string(), "(layers, hidden)");
/// ```
pub const PARTITION_NAME: &str = "partition_name";

/// For lists on Variables that have an entry for each axis: the entry of the axis of a transform.
#[derive(Clone, Default)]
pub(super) struct TransformMetadata(Vec<(String, Option<String>)>);

impl TransformMetadata {
    pub(super) fn new<'a>(entries: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let name = |name: &str| match name {
            PARTITION_NAME => OUT_SHARDING.to_string(),
            other => other.to_string(),
        };
        let entry = |(list, of_axis): (&str, Option<&str>)| (name(list), of_axis.map(String::from));
        TransformMetadata(entries.into_iter().map(entry).collect())
    }

    /// The lists that `metadata` has, with the entry of the axis in each.
    fn lists<'m>(
        &'m self,
        metadata: &'m Metadata,
    ) -> impl Iterator<Item = (&'m str, Vec<MetaValue>, MetaValue)> {
        self.0.iter().filter_map(|(name, of_axis)| match metadata.get(name) {
            Some(MetaValue::List(entries)) if !entries.is_empty() => {
                let of_axis = of_axis.clone().map_or_else(nothing, MetaValue::Text);
                Some((name.as_str(), entries.clone(), of_axis))
            }
            _ => None,
        })
    }

    /// Without the entries of an axis, which must be the transform's.
    fn without(&self, metadata: &Metadata, axis: usize) -> Result<Metadata, String> {
        let mut left = metadata.clone();
        for (name, mut entries, of_axis) in self.lists(metadata) {
            let found = if axis < entries.len() { entries.remove(axis) } else { nothing() };
            if found != of_axis {
                let all = MetaValue::List(entries);
                return Err(format!(
                    "`{name}` has {found} for axis {axis}, beside {all}, where the transform's `transform_metadata` \
                     says {of_axis}"
                ));
            }
            left.set(name, MetaValue::List(entries));
        }
        Ok(left)
    }

    /// With entries for one axis more.
    fn with(&self, metadata: &Metadata, axis: usize) -> Metadata {
        let mut more = metadata.clone();
        for (name, mut entries, of_axis) in self.lists(metadata) {
            entries.resize(entries.len().max(axis), nothing());
            entries.insert(axis, of_axis);
            more.set(name, MetaValue::List(entries));
        }
        more
    }

    /// Lets the function of a call see its Variables without the axes along which they are mapped.
    pub(super) fn take_away<A: Argument>(
        &self,
        call: &mut TransformCall<'_, A>,
        mapped: &[Option<isize>],
    ) {
        if self.0.is_empty() {
            return;
        }
        let mut axes = mapped.iter();
        let of_twin = call.map(|path, leaf| {
            let axis = usize::try_from((*axes.next()?)?).ok()?;
            match self.without(leaf.metadata, axis) {
                Ok(metadata) => Some(metadata),
                Err(message) => call.invalid(format!("`{path}`: {message}")),
            }
        });
        call.of_twin = of_twin;
    }

    /// Gives the Variables of the argument their axes back, and those of `result` the ones that `axes` has for its
    /// leaves outside of the nodes that `known` has met.
    pub(super) fn give_back<A: Argument, R>(
        &self,
        call: &TransformCall<'_, A>,
        program: &mut TransformProgram<R>,
        mapped: &[Option<isize>],
        result: impl FnOnce(&mut R, &mut dyn VisitorMut),
        (known, axes): (Seen, &[Option<isize>]),
    ) {
        if self.0.is_empty() {
            return;
        }
        let before = call.map(|_, leaf| leaf.metadata.clone());
        program.changes.metadata.retain_mut(|(i, metadata)| {
            if let Some(axis) = mapped[*i].and_then(|axis| usize::try_from(axis).ok()) {
                *metadata = self.with(metadata, axis);
            }
            *metadata != before[*i]
        });
        result(&mut program.result, &mut AxisNaming { names: self, axes: axes.iter(), known });
    }
}

/// The entry of an axis without a name.
fn nothing() -> MetaValue {
    MetaValue::List(Vec::new())
}

/// Adds the entries of an axis to the leaves of a result.
struct AxisNaming<'n> {
    names: &'n TransformMetadata,
    axes: std::slice::Iter<'n, Option<isize>>,
    known: Seen,
}

impl VisitorMut for AxisNaming<'_> {
    fn variable(&mut self, variable: VarMut<'_>) {
        let Some(Some(axis)) = self.axes.next() else { return };
        let rank = variable.value.try_aval().map_or(0, |aval| aval.rank() as isize + 1);
        let axis = if *axis < 0 { axis + rank } else { *axis };
        if let Ok(axis) = usize::try_from(axis) {
            *variable.metadata = self.names.with(variable.metadata, axis);
        }
    }
    fn array(&mut self, _: &mut Array) {
        self.axes.next();
    }
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.known.is_new(node) {
            node.flatten_mut(self);
        }
    }
}

/// Calls `f` with the argument's Variables as a transform over an axis would let it see them: the entries that
/// `axes.transform_metadata(…)` names are taken from the lists on them, and given to those of the result; their values
/// stay as they are. `flax.nnx.transform_metadata`.
///
/// ```
/// use nnx::sharding::{PARTITION_NAME, transform_metadata};
/// use nnx::{Array, Param, in_axes};
///
/// let f = |v: &Param| {
///     assert_eq!(v.metadata().out_sharding().unwrap().to_string(), "(out)");
///     Param::new(v.value() + 1.0).with_out_sharding(("middle", "out"))
/// };
/// let v = Param::new(Array::scalar(1.0_f32)).with_out_sharding(("layers", "out"));
/// let axes = in_axes(0).out_axes(1).transform_metadata([(PARTITION_NAME, Some("layers"))]);
/// let result = transform_metadata(f, &v, axes);
/// assert_eq!(result.metadata().out_sharding().unwrap().to_string(), "(middle, layers, out)");
/// ```
///
/// # Panics
/// Panics if a list has another entry for the axis than the one that is named.
#[track_caller]
pub fn transform_metadata<A, R, F>(f: F, mut argument: A, axes: VmapAxes) -> R
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let mut call = TransformCall::new("transform_metadata", &mut argument);
    let mapped = call.map(|path, leaf| from_first(axes.inputs.of(path, leaf), leaf, 0));
    axes.metadata.take_away(&mut call, &mapped);
    let mut program = call.trace_sowing(f, &call.avals);
    let of_leaf = result_axes(&call, &program.seen(), &program.result, &axes.outputs);
    let known = program.seen();
    axes.metadata.give_back(
        &call,
        &mut program,
        &mapped,
        |result, mut visitor| result.flatten_mut(&mut visitor),
        (known, &of_leaf),
    );
    let outs =
        call.staged(&call.arguments(&program), |args| interpret(&program.closed.graph, args));
    call.finish(program, &outs)
}
