//! How the Variables of a Module lie over the devices of a mesh, by what is noted on them.

use super::held::{hold_to_read, hold_to_write};
use super::walk::{for_each_leaf, for_each_leaf_mut};
use super::{
    Filter, MetaValue, Metadata, Module, Path, VarInfo, Variable, VariableKind, check_places,
};
use crate::error::{Error, Result, or_raise};
use crate::value::{Mesh, NamedSharding, PartitionSpec};
use std::cell::RefCell;
use std::sync::Arc;

/// The name under which a [`PartitionSpec`] is noted on a Variable, as in Flax.
pub(crate) const OUT_SHARDING: &str = "out_sharding";

impl Metadata {
    /// The same notes and `spec`, by which [`shard`] lays the Variable over a mesh. Flax's `out_sharding`.
    ///
    /// ```
    /// use nnx::module::Metadata;
    /// use nnx::{nn::Linear, random::Rngs};
    ///
    /// let columns = Metadata::default().with_out_sharding((None, "model"));
    /// let layer = Linear::builder(4, 8).kernel_metadata(columns).build(&mut Rngs::new(0));
    /// let spec = layer.kernel.metadata().out_sharding().unwrap();
    /// assert_eq!(spec.to_string(), "(None, model)");
    /// ```
    pub fn with_out_sharding(self, spec: impl Into<PartitionSpec>) -> Self {
        self.with(OUT_SHARDING, as_value(&spec.into()))
    }

    /// The spec that is noted, if there is one.
    pub fn out_sharding(&self) -> Option<PartitionSpec> {
        of_value(self.get(OUT_SHARDING)?)
    }

    /// The spec of what an optimizer remembers of the Variable: Flax's `optimizer_sharding`, else that of the
    /// Variable.
    pub(crate) fn optimizer_sharding(&self) -> Option<PartitionSpec> {
        if self.is_empty() {
            return None;
        }
        self.get("optimizer_sharding").and_then(of_value).or_else(|| self.out_sharding())
    }

    /// Notes another spec.
    pub(crate) fn set_out_sharding(&mut self, spec: &PartitionSpec) {
        self.set(OUT_SHARDING, as_value(spec));
    }
}

impl<K: VariableKind> Variable<K> {
    /// The same Variable with a spec noted on it, by which [`shard`] lays it over a mesh. Flax's
    /// `nnx.Param(value, out_sharding=…)` and `nnx.with_partitioning`.
    ///
    /// ```
    /// use nnx::{DType, Param, array};
    ///
    /// let kernel = Param::new(array::ones([4, 8], DType::F32)).with_out_sharding((None, "model"));
    /// assert_eq!(kernel.metadata().out_sharding().unwrap().to_string(), "(None, model)");
    /// ```
    pub fn with_out_sharding(mut self, spec: impl Into<PartitionSpec>) -> Self {
        self.metadata_mut().set_out_sharding(&spec.into());
        self
    }
}

/// A name for each axis, an empty list where it is whole, and a list of several.
fn as_value(spec: &PartitionSpec) -> MetaValue {
    let text = |name: &str| MetaValue::Text(name.into());
    let entry = |axes: &Vec<Box<str>>| match &axes[..] {
        [axis] => text(axis),
        axes => MetaValue::List(axes.iter().map(|axis| text(axis)).collect()),
    };
    MetaValue::List(spec.entries().iter().map(entry).collect())
}

fn of_value(value: &MetaValue) -> Option<PartitionSpec> {
    let MetaValue::List(entries) = value else { return None };
    let text = |value: &MetaValue| match value {
        MetaValue::Text(name) => Some(name.as_str().into()),
        _ => None,
    };
    let entry = |value: &MetaValue| match value {
        MetaValue::List(axes) => axes.iter().map(text).collect(),
        one => Some(vec![text(one)?]),
    };
    Some(PartitionSpec::of(entries.iter().map(entry).collect::<Option<Vec<Vec<Box<str>>>>>()?))
}

thread_local! {
    static RULES: RefCell<Vec<(String, Vec<Box<str>>)>> = const { RefCell::new(Vec::new()) };
}

/// Runs `body` where the names on the left, in specs that are noted on Variables, stand for the axes of the mesh on the
/// right: a model names its own axes, and a program says which of them are split. `flax.nnx.logical_axis_rules`.
///
/// ```
/// use nnx::sharding::{get_partition_spec, logical_axis_rules};
/// use nnx::{DType, Param, array};
///
/// let kernel = Param::new(array::ones([4, 8], DType::F32)).with_out_sharding(("embed", "hidden"));
/// let specs = logical_axis_rules([("hidden", Some("model")), ("embed", None)], || {
///     get_partition_spec(&kernel)
/// });
/// assert_eq!(specs[0].1.to_string(), "(None, model)");
/// ```
pub fn logical_axis_rules<'a, R>(
    rules: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    body: impl FnOnce() -> R,
) -> R {
    struct Restore(Vec<(String, Vec<Box<str>>)>);
    impl Drop for Restore {
        fn drop(&mut self) {
            RULES.replace(std::mem::take(&mut self.0));
        }
    }
    let axes = |on: Option<&str>| on.into_iter().map(Into::into).collect();
    let rules = rules.into_iter().map(|(name, on)| (name.to_string(), axes(on))).collect();
    let _restore = Restore(RULES.replace(rules));
    body()
}

/// A spec with the axes of the mesh in place of the names that rules are for.
fn by_rules(spec: &PartitionSpec) -> PartitionSpec {
    RULES.with_borrow(|rules| {
        let axes = |name: &str| match rules.iter().find(|(own, _)| own == name) {
            Some((_, axes)) => axes.clone(),
            None => vec![name.into()],
        };
        PartitionSpec::of(
            spec.entries()
                .iter()
                .map(|entry| entry.iter().flat_map(|name| axes(name)).collect::<Vec<_>>()),
        )
    })
}

fn spec_of(metadata: &Metadata) -> PartitionSpec {
    metadata.out_sharding().map_or_else(PartitionSpec::new, |spec| by_rules(&spec))
}

/// The spec of each Variable, by its path: the one that is noted on it, else nothing is split.
/// `flax.nnx.get_partition_spec`.
///
/// ```
/// use nnx::module::Metadata;
/// use nnx::sharding::get_partition_spec;
/// use nnx::{nn::Linear, random::Rngs};
///
/// let columns = Metadata::default().with_out_sharding((None, "model"));
/// let layer = Linear::builder(4, 8).kernel_metadata(columns).build(&mut Rngs::new(0));
/// let specs: Vec<String> =
///     get_partition_spec(&layer).iter().map(|(path, spec)| format!("{path}: {spec}")).collect();
/// assert_eq!(specs, ["kernel: (None, model)", "bias: ()"]);
/// ```
///
/// # Panics
/// Panics if this thread holds a guard of a shared node of the Module.
#[track_caller]
pub fn get_partition_spec<M: Module>(module: &M) -> Vec<(Path, PartitionSpec)> {
    let _held = hold_to_read("get_partition_spec", module);
    let mut specs = Vec::new();
    for_each_leaf(module, |path, leaf| specs.push((path.clone(), spec_of(leaf.metadata))));
    specs
}

/// How each Variable lies over `mesh`, by its path and what is noted on it. `flax.nnx.get_named_sharding`.
///
/// ```
/// use nnx::sharding::{Mesh, get_named_sharding};
/// use nnx::{DType, Param, array};
///
/// let kernel = Param::new(array::ones([4, 8], DType::F32)).with_out_sharding((None, "model"));
/// let mesh = Mesh::new([("model", 2)])?;
/// let shardings = get_named_sharding(&kernel, &mesh)?;
/// assert_eq!(shardings[0].1, mesh.sharding((None, "model"))?);
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// Returns an error that names the Variable if its spec names an axis that the mesh does not have.
///
/// # Panics
/// As [`get_partition_spec`].
#[track_caller]
pub fn get_named_sharding<M: Module>(
    module: &M,
    mesh: &Mesh,
) -> Result<Vec<(Path, NamedSharding)>> {
    let named = |(path, spec): (Path, PartitionSpec)| match mesh.sharding(spec) {
        Ok(sharding) => Ok((path, sharding)),
        Err(error) => Err(of_path(&path, &error)),
    };
    get_partition_spec(module).into_iter().map(named).collect()
}

fn of_path(path: &Path, error: &Error) -> Error {
    Error::Invalid(format!("`{path}`: {error}"))
}

/// Lays the Variables of a Module over a mesh, by the specs noted on them; what has none is whole on each device. An
/// [`Optimizer`](crate::optim::Optimizer) is a Module too, whose moments have the notes of their parameters. The
/// counterpart of Flax's models that are made where a mesh is set.
///
/// ```no_run
/// use nnx::module::Metadata;
/// use nnx::optim::{Optimizer, adam};
/// use nnx::sharding::{Mesh, shard};
/// use nnx::xla::{ClientOptions, init};
/// use nnx::{nn::Linear, random::Rngs};
///
/// init(ClientOptions::new().cpu_devices(2))?; // on CPUs, before anything else
/// let columns = Metadata::default().with_out_sharding((None, "model"));
/// let mut layer = Linear::builder(4, 8).kernel_metadata(columns).build(&mut Rngs::new(0));
/// let mut optimizer = Optimizer::new(&layer, adam(1e-3));
/// let mesh = Mesh::new([("model", 2)])?;
/// shard(&mut layer, &mesh)?;
/// shard(&mut optimizer, &mesh)?;
/// assert_eq!(layer.kernel.shards()?[0].shape(), [4, 4]);
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// Returns an error that names the Variable if its spec names an axis that the mesh does not have, an axis does not
/// split into equal parts, or it has no value; if the mesh has a device that does not exist. The Module is then as it
/// was.
///
/// # Panics
/// Panics if this thread holds a guard of a shared node of the Module.
#[track_caller]
pub fn shard<M: Module>(module: &mut M, mesh: &Mesh) -> Result<()> {
    move_leaves("shard", module, |_, leaf| mesh.sharding(spec_of(leaf.metadata)))
}

/// Specs by filter: the first filter that takes a leaf decides. `flax.nnx.StateSharding`.
///
/// ```
/// use nnx::path_contains;
/// use nnx::sharding::{PartitionSpec, StateSharding};
///
/// let columns = StateSharding::new()
///     .with(path_contains("kernel"), (None, "model"))
///     .with(nnx::Everything, PartitionSpec::new()); // the rest is whole
/// ```
#[derive(Clone, Default)]
pub struct StateSharding(Vec<(Arc<dyn Filter>, PartitionSpec)>);

impl StateSharding {
    /// No filter yet.
    pub fn new() -> Self {
        StateSharding::default()
    }

    /// Adds a filter: leaves that it takes, and no filter before, have this spec.
    pub fn with(mut self, filter: impl Filter + 'static, spec: impl Into<PartitionSpec>) -> Self {
        self.0.push((Arc::new(filter), spec.into()));
        self
    }

    /// The spec of a leaf; `None` if no filter takes it.
    pub(crate) fn of(&self, path: &Path, leaf: &VarInfo<'_>) -> Option<&PartitionSpec> {
        self.0.iter().find(|(filter, _)| filter.matches(path, leaf)).map(|(_, spec)| spec)
    }
}

/// Lays the Variables of a Module over a mesh by filters, whatever is noted on them. The counterpart of
/// `in_shardings`: a jitted function takes its arguments as they lie.
///
/// ```no_run
/// use nnx::sharding::{Mesh, PartitionSpec, StateSharding, shard_by};
/// use nnx::xla::{ClientOptions, init};
/// use nnx::{Everything, nn::Linear, path_contains, random::Rngs};
///
/// init(ClientOptions::new().cpu_devices(2))?; // on CPUs, before anything else
/// let mut layer = Linear::new(4, 8, &mut Rngs::new(0));
/// let columns = StateSharding::new()
///     .with(path_contains("kernel"), (None, "model"))
///     .with(Everything, PartitionSpec::new());
/// shard_by(&mut layer, &Mesh::new([("model", 2)])?, &columns)?;
/// assert_eq!(layer.kernel.shards()?[0].shape(), [4, 4]);
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// As [`shard`]; if no filter takes a leaf, or a shared node has places of different specs, which are listed.
///
/// # Panics
/// As [`shard`].
#[track_caller]
pub fn shard_by<M: Module>(module: &mut M, mesh: &Mesh, specs: &StateSharding) -> Result<()> {
    let spec = |path: &Path, leaf: &VarInfo<'_>| specs.of(path, leaf).cloned();
    let show = |spec: &Option<PartitionSpec>| {
        spec.as_ref().map_or("none".into(), PartitionSpec::to_string)
    };
    check_places(|mut v| module.flatten(&mut v), "specs", Path::to_string, spec, show)
        .map_err(|why| Error::Invalid(format!("shard_by: {why}")))?;
    move_leaves("shard_by", module, |path, leaf| {
        match specs.of(path, leaf) {
            Some(spec) => mesh.sharding(by_rules(spec)),
            None => Err(Error::Invalid(
                "no filter of the `StateSharding` takes it; `with(Everything, PartitionSpec::new())` at the end \
                 takes the rest"
                    .into(),
            )),
        }
    })
}

/// Puts each leaf where `of` says; all of them, or none if there is an error.
#[track_caller]
fn move_leaves<M: Module>(
    op: &'static str,
    module: &mut M,
    mut of: impl FnMut(&Path, &VarInfo<'_>) -> Result<NamedSharding>,
) -> Result<()> {
    let _held = or_raise(hold_to_write(op, module));
    let mut moved = Vec::new();
    let mut failure = None;
    for_each_leaf(module, |path, leaf| {
        if failure.is_some() {
            return;
        }
        match of(path, &leaf).and_then(|sharding| leaf.value.to_sharding(&sharding)) {
            Ok(array) => moved.push(array),
            Err(error) => failure = Some(of_path(path, &error)),
        }
    });
    if let Some(error) = failure {
        return Err(error);
    }
    let mut moved = moved.into_iter();
    for_each_leaf_mut(module, |_, leaf| {
        if let Some(array) = moved.next() {
            *leaf.value = array;
        }
    });
    Ok(())
}
