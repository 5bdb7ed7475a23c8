//! `shard_map`: a function of the part of one device, for all devices of a mesh.

use super::axes::tuple_len;
use super::lend::{Argument, TransformCall};
use crate::graph::{Array, BatchAxis};
use crate::module::partition::StateSharding;
use crate::module::walk::for_each_leaf_of;
use crate::module::{Module, Path, PathKey, VarInfo};
use crate::rewrite::{batch_graph, interpret};
use crate::value::{Aval, Mesh, NamedSharding, PartitionSpec};

/// The spec of one argument or result: one for all of it, or by filter.
///
/// ```
/// use nnx::sharding::{ArgSpec, PartitionSpec, StateSharding};
///
/// let one: ArgSpec = PartitionSpec::from(["data"]).into();
/// let by: ArgSpec = StateSharding::new().with(nnx::Everything, ["data"]).into();
/// # let _ = (one, by);
/// ```
#[derive(Clone)]
pub enum ArgSpec {
    /// For all of it.
    Spec(PartitionSpec),
    /// By filter.
    State(StateSharding),
}

impl From<PartitionSpec> for ArgSpec {
    fn from(spec: PartitionSpec) -> Self {
        ArgSpec::Spec(spec)
    }
}

impl From<StateSharding> for ArgSpec {
    fn from(specs: StateSharding) -> Self {
        ArgSpec::State(specs)
    }
}

/// The specs of what a function takes or returns: one for all of it, or a tuple with one for each part.
///
/// ```
/// use nnx::sharding::{PartitionSpec, ShardSpecs, StateSharding};
///
/// let rows = PartitionSpec::from(["data"]);
/// let one: ShardSpecs = rows.clone().into();
/// let model = StateSharding::new().with(nnx::Everything, PartitionSpec::new());
/// let each: ShardSpecs = (model, rows).into();
/// # let _ = (one, each);
/// ```
#[derive(Clone)]
pub enum ShardSpecs {
    /// For every part.
    All(ArgSpec),
    /// One for each element of a tuple.
    Each(Vec<ArgSpec>),
}

impl<S: Into<ArgSpec>> From<S> for ShardSpecs {
    fn from(spec: S) -> Self {
        ShardSpecs::All(spec.into())
    }
}

macro_rules! from_tuples {
    ($(($($part:ident),+))+) => {$(
        impl<$($part: Into<ArgSpec>),+> From<($($part,)+)> for ShardSpecs {
            #[allow(non_snake_case)]
            fn from(($($part,)+): ($($part,)+)) -> Self {
                ShardSpecs::Each(vec![$($part.into()),+])
            }
        }
    )+};
}
from_tuples! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) }

impl ShardSpecs {
    /// How a leaf lies over `mesh`. The path of one of several arguments or results begins with its position.
    fn of(&self, mesh: &Mesh, path: &Path, leaf: &VarInfo<'_>) -> Result<NamedSharding, String> {
        let of_part = match self {
            ShardSpecs::All(spec) => Some(spec),
            ShardSpecs::Each(specs) => match path.keys().first() {
                Some(PathKey::Index(i)) => specs.get(*i),
                _ => specs.first(),
            },
        };
        let spec = of_part.and_then(|of_part| match of_part {
            ArgSpec::Spec(spec) => Some(spec),
            ArgSpec::State(specs) => specs.of(path, leaf),
        });
        let place = match path.to_string() {
            path if path.is_empty() => String::new(),
            path => format!("`{path}`: "),
        };
        let spec = spec.ok_or_else(|| format!("{place}there is no spec for it"))?;
        mesh.sharding(spec.clone()).map_err(|error| format!("{place}{error}"))
    }

    /// An error if there are not as many specs as elements of a tuple.
    fn check(&self, elements: Option<usize>) -> Result<(), String> {
        match self {
            ShardSpecs::Each(specs) if Some(specs.len()) != elements => Err(format!(
                "{} specs for {} parts; give one spec for all of them, or a tuple with one for each",
                specs.len(),
                elements.unwrap_or(1)
            )),
            _ => Ok(()),
        }
    }
}

/// Calls `f`, a function of the part that one device of a mesh has, on all devices: its operations see the parts, and what
/// it needs of other devices it asks for by the names of the mesh's axes, with [`psum`](super::psum()),
/// [`all_gather`](super::all_gather()), [`ppermute`](super::ppermute()) and the like. `jax.shard_map`.
///
/// `in_specs` says how the argument is split, `out_specs` how the parts of the result are put together. What a spec does
/// not name is the same for all devices along that axis.
///
/// ```no_run
/// use nnx::sharding::{Mesh, PartitionSpec, shard_map};
/// use nnx::xla::{ClientOptions, init};
/// use nnx::{Array, DType, array, psum};
///
/// init(ClientOptions::new().cpu_devices(2))?; // on CPUs, before anything else
/// let mesh = Mesh::new([("data", 2)])?;
/// // The rows of a batch less their mean, which is that of all devices.
/// let centered = |x: &Array| x - psum(&x.mean(0), "data") / 2.0;
/// let rows = PartitionSpec::from(["data"]);
/// let x = array::arange(8, DType::F32).reshape([4, 2]);
/// let y = shard_map(centered, &x, &mesh, rows.clone(), rows);
/// assert_eq!(y.to_vec::<f32>(), [-3.0, -3.0, -1.0, -1.0, 1.0, 1.0, 3.0, 3.0]);
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Panics
/// Panics if a spec names an axis that the mesh does not have, an array does not split into equal parts, a part of the
/// argument or result has no spec, or a result, or a Variable that is set, differs among the devices along an axis that its
/// spec does not name.
#[track_caller]
pub fn shard_map<A, R, F>(
    f: F,
    mut argument: A,
    mesh: &Mesh,
    in_specs: impl Into<ShardSpecs>,
    out_specs: impl Into<ShardSpecs>,
) -> R
where
    A: Argument,
    R: Module,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let (in_specs, out_specs) = (in_specs.into(), out_specs.into());
    let call = TransformCall::new("shard_map", &mut argument);
    let told = |what: &str, result: Result<NamedSharding, String>| {
        result.unwrap_or_else(|message| call.invalid(format!("{what}: {message}")))
    };
    if let Err(message) = in_specs.check(A::TUPLE) {
        call.invalid(format!("in_specs: {message}"));
    }
    let of_place =
        |path: &Path, leaf: &VarInfo<'_>| told("in_specs", in_specs.of(mesh, path, leaf));
    call.check_places("specs", of_place, |sharding| sharding.spec().to_string());
    let of_leaves = call.map(of_place);
    let of_operands = call.of_operands(&of_leaves);
    let part = |(sharding, aval): (&NamedSharding, &Aval)| match sharding.shard_aval(aval) {
        Ok(part) => part,
        Err(error) => call.invalid(error.to_string()),
    };
    let avals: Vec<Aval> = of_operands.iter().zip(&call.avals).map(part).collect();

    // An axis of the mesh is a batch, whose elements the compiler lays over the devices.
    let names: Vec<&str> = mesh.axis_names().collect();
    let axes: Vec<BatchAxis> = mesh
        .shape()
        .into_iter()
        .zip(&names)
        .map(|(n, name)| BatchAxis::new(n, Some(name)))
        .collect();
    let program = bind_all(&axes, || call.trace(f, &avals));

    if let Err(message) = out_specs.check(tuple_len::<R>()) {
        call.invalid(format!("out_specs: {message}"));
    }
    let mut of_results = Vec::new();
    for_each_leaf_of(
        &program.seen(),
        |v| program.result.flatten(v),
        |path, leaf| of_results.push(told("out_specs", out_specs.of(mesh, path, &leaf))),
    );
    let present = of_results.iter().zip(&program.results).filter(|(_, output)| output.is_some());
    let set = program.set_leaves();
    let of_outputs: Vec<NamedSharding> = present
        .map(|(sharding, _)| sharding.clone())
        .chain(set.iter().map(|&i| of_leaves[i].clone()))
        .collect();
    let place = |output: usize| match output.checked_sub(program.result_count()) {
        None => "the result".to_owned(),
        Some(i) => format!("the Variable {}", call.path(set[i])),
    };

    // From the innermost axis to the outermost, each of which adds a dimension before the others.
    let mut graph = program.closed.graph.clone();
    let always = vec![false; graph.outputs.len()];
    let mut varies = vec![Vec::new(); names.len()];
    for (axis, (batch, name)) in axes.iter().zip(&names).enumerate().rev() {
        let mut split: Vec<bool> = of_operands.iter().map(|own| is_split(own, name)).collect();
        split.resize(graph.inputs.len(), false);
        (graph, varies[axis]) = batch_graph(&graph, &split, batch, &always);
    }
    for (output, sharding) in of_outputs.iter().enumerate() {
        let differs = |axis: &usize| varies[*axis][output] && !is_split(sharding, names[*axis]);
        if let Some(axis) = (0..names.len()).find(differs) {
            call.invalid(format!(
                "{} differs among the devices along `{name}`, which its spec {} does not name\n\
                 fixes:\n  \
                 1. name the axis in the spec\n  \
                 2. combine the parts before: `psum(x, \"{name}\")`, `pmean`, `all_gather`, …",
                place(output),
                sharding.spec(),
                name = names[axis]
            ));
        }
    }
    let outs = call.staged(&call.arguments(&program), |args| {
        let (operands, captures) = args.split_at(of_operands.len());
        let parts = operands.iter().zip(&of_operands).map(|(array, own)| taken_apart(array, own));
        let ins: Vec<Array> = parts.chain(captures.iter().cloned()).collect();
        let outs = interpret(&graph, &ins).into_iter().zip(&of_outputs).enumerate();
        outs.map(|(output, (out, own))| {
            let varies: Vec<bool> = varies.iter().map(|of_axis| of_axis[output]).collect();
            put_together(&out, own, &varies)
        })
        .collect()
    });
    call.finish(program, &outs)
}

/// While `f` runs, all these axes can be found by their names.
fn bind_all<R>(axes: &[BatchAxis], f: impl FnOnce() -> R) -> R {
    let mut f = Some(f);
    fn go<R>(axes: &[BatchAxis], f: &mut dyn FnMut() -> R) -> R {
        match axes {
            [] => f(),
            [first, rest @ ..] => first.bind(|| go(rest, f)),
        }
    }
    go(axes, &mut || match f.take() {
        Some(f) => f(),
        None => unreachable!("it runs once"),
    })
}

fn is_split(sharding: &NamedSharding, name: &str) -> bool {
    sharding.spec().entries().iter().flatten().any(|own| **own == *name)
}

/// The mesh's axes along which an array is split, in the order of the mesh.
fn axes_of(sharding: &NamedSharding) -> Vec<&str> {
    sharding.mesh().axis_names().filter(|name| is_split(sharding, name)).collect()
}

/// An array with a dimension for each axis of the mesh along which it is split, before the others.
fn taken_apart(array: &Array, sharding: &NamedSharding) -> Array {
    let (mesh, names) = (sharding.mesh(), axes_of(sharding));
    if names.is_empty() {
        return array.clone();
    }
    let (mut sizes, mut order) = (Vec::new(), vec![0; names.len()]);
    let mut inner = Vec::new();
    for (axis, &size) in array.shape().iter().enumerate() {
        let mut rest = size;
        for name in sharding.spec().along(axis) {
            if let (Some(at), Some(n)) = (position(&names, name), mesh.axis_size(name)) {
                order[at] = sizes.len() as isize;
                sizes.push(n);
                rest /= n;
            }
        }
        inner.push(sizes.len() as isize);
        sizes.push(rest);
    }
    order.extend(inner);
    let apart = array.reshape(sizes).transpose(order);
    match NamedSharding::new(mesh, PartitionSpec::of(names)) {
        Ok(first) => apart.with_sharding_constraint(&first),
        Err(_) => unreachable!("the axes are the mesh's"),
    }
}

/// The reverse of [`taken_apart`]; `varies` says which axes of the mesh the array has dimensions for.
fn put_together(array: &Array, sharding: &NamedSharding, varies: &[bool]) -> Array {
    let (mesh, names) = (sharding.mesh(), axes_of(sharding));
    let mut whole = array.clone();
    for ((name, size), &varies) in mesh.axis_names().zip(mesh.shape()).zip(varies) {
        if let (Some(at), false) = (position(&names, name), varies) {
            whole = whole.repeated(size).moveaxis(0, at as isize);
        }
    }
    let (mut order, mut sizes) = (Vec::new(), Vec::new());
    for (axis, &size) in whole.shape().iter().skip(names.len()).enumerate() {
        let along = sharding.spec().along(axis);
        let parts = along.iter().filter_map(|name| position(&names, name));
        order.extend(parts.map(|at| at as isize));
        order.push((names.len() + axis) as isize);
        let count: usize = along.iter().filter_map(|name| mesh.axis_size(name)).product();
        sizes.push(size * count);
    }
    whole.transpose(order).reshape(sizes).with_sharding_constraint(sharding)
}

fn position(names: &[&str], name: &str) -> Option<usize> {
    names.iter().position(|own| *own == name)
}
