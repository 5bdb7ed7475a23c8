//! A call of a jitted function.

use super::arguments::Arguments;
use super::entry::{CacheKey, Entry, Parameter, ResultLeaf};
use super::explain::explain;
use super::function::Function;
use super::limit;
use super::nested::{called, inlined};
use super::output::Output;
use super::record::{Recorded, record};
use super::stage::{self, Lowered, wants_lowering};
use crate::array::Repr;
use crate::graph::{Aval, catching, escaped, is_tracing};
use crate::module::walk::{Statics, rebuild};
use crate::module::{StaticValue, Structure, VarMut, VarRef, Visitor, VisitorMut};
use crate::xla::{Buffer, Outputs};
use crate::{Array, Error, Result};
use rustc_hash::FxHasher;
use std::any::TypeId;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// Calls a jitted function: what the expansion of `#[nnx::jit]` does.
///
/// Inside another trace the body becomes part of it, and its updates reach the caller.
#[track_caller]
pub fn call<A, R, F>(function: &'static Function, mut arguments: A, body: F) -> R
where
    A: Arguments,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    if is_tracing() {
        return if function.options.inline {
            inlined(&mut arguments, body)
        } else {
            called(function, &mut arguments, body)
        };
    }
    if wants_lowering() {
        return match lower_only(function, &arguments, body) {
            Ok(result) => result,
            Err(error) => {
                stage::fail(error.clone());
                R::from_error(error)
            }
        };
    }
    match run(function, &mut arguments, body) {
        Ok(result) => result,
        Err(error) => R::from_error(error),
    }
}

#[track_caller]
fn run<A, R, F>(function: &'static Function, arguments: &mut A, body: F) -> Result<R>
where
    A: Arguments,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let mut start = Some(Instant::now());
    let outcome = {
        let leaves = Collected::of(function, arguments)?;
        // The body's type names the instance of a generic function, whatever lifetimes it has.
        let instance = typeid::of::<F>();
        let hash = leaves.hash(instance);
        let entry = match hit(function, hash, instance, &leaves, arguments) {
            Some(entry) => entry,
            None => {
                let _only_one = function.tracing.lock().unwrap_or_else(|e| e.into_inner());
                start = Some(Instant::now());
                match hit(function, hash, instance, &leaves, arguments) {
                    Some(entry) => entry,
                    None => match build(function, &*arguments, instance, &leaves, body)? {
                        Ok(entry) => {
                            start = None;
                            insert(function, hash, entry)
                        }
                        Err(error) => return Ok(error),
                    },
                }
            }
        };
        execute(&entry, &leaves).and_then(|mut outputs| {
            let tree = result::<R>(&entry, &leaves, &mut outputs)?;
            Ok((outputs, entry, tree))
        })
    };
    let (outputs, entry, tree) = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            arguments.flatten_mut(&mut MarkLost { function, error: &error });
            return Err(error);
        }
    };
    let mut write = WriteBack { updates: entry.updates.iter(), outputs, error: None };
    arguments.flatten_mut(&mut write);
    if let Some(start) = start {
        function.hit_nanos.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
    }
    match write.error {
        Some(error) => Err(error),
        None => Ok(R::from_tree(tree)),
    }
}

/// Traces and compiles the call. `Ok(Err(_))` is an error that the body itself returned.
#[track_caller]
fn build<A, R, F>(
    function: &'static Function,
    arguments: &A,
    instance: TypeId,
    leaves: &Collected<'_>,
    body: F,
) -> Result<Result<Entry, R>>
where
    A: Arguments,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let avals = leaves.avals();
    let miss = explain(function, arguments, instance, &avals);
    if let Some(miss) = &miss {
        miss.log(function);
    }
    limit::count(function, miss.as_ref().map(|miss| miss.message.as_str()))
        .map_err(|message| Error::Jit { function: function.name.into(), message })?;
    let recorded = match traced(function, arguments, &avals, body)? {
        Ok(recorded) => recorded,
        Err(error) => return Ok(Err(error)),
    };
    let statics = Statics::of(|v| arguments.flatten(function.parameters, v));
    recorded.compile(function, CacheKey { instance, avals, statics, device: leaves.device }).map(Ok)
}

/// [`record`], with mistakes in the body as errors where the function returns a `Result`.
#[track_caller]
pub(super) fn traced<A, R, F>(
    function: &'static Function,
    arguments: &A,
    avals: &[Option<Aval>],
    body: F,
) -> Result<Result<Recorded<R::Tree>, R>>
where
    A: Arguments,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    let location = Location::caller();
    if R::CATCHES {
        catching(|| record(function, location, arguments, avals, body)).and_then(|result| result)
    } else {
        record(function, location, arguments, avals, body)
    }
}

/// Traces the call for [`lower`](super::lower); the result has shapes but no elements.
#[track_caller]
fn lower_only<A, R, F>(function: &'static Function, arguments: &A, body: F) -> Result<R>
where
    A: Arguments,
    R: Output + 'static,
    F: for<'t> FnOnce(A::Body<'t>) -> R,
{
    stage::begin(function.name)?;
    let leaves = Collected::of(function, arguments)?;
    let avals: Vec<_> = leaves.arrays.iter().map(|array| array.try_aval().ok()).collect();
    Ok(match traced(function, arguments, &avals, body)? {
        Ok(recorded) => {
            stage::keep(Lowered::new(
                function.name,
                recorded.graph,
                recorded.aliases,
                leaves.device,
            ));
            R::from_tree(recorded.template)
        }
        Err(error) => {
            stage::fail(Error::Jit {
                function: function.name.into(),
                message: "returned an error of its own, so there is no program".into(),
            });
            error
        }
    })
}

/// The leaves of a call's arguments, and a hash of everything else.
struct Collected<'a> {
    arrays: Vec<&'a Array>,
    hasher: FxHasher,
    /// Where the call runs: what the options say, or where the first array lies.
    device: usize,
    /// Whether arrays that lie elsewhere are copied there.
    moves: bool,
    error: Option<Error>,
}

impl<'a> Collected<'a> {
    fn of<A: Arguments>(function: &Function, arguments: &'a A) -> Result<Self> {
        let mut this = Collected {
            arrays: Vec::with_capacity(function.leaves.load(Relaxed)),
            hasher: FxHasher::default(),
            device: 0,
            moves: function.options.device.is_some(),
            error: None,
        };
        arguments.flatten(function.parameters, &mut this);
        let first = this.arrays.iter().find_map(|array| match &array.0 {
            Repr::Device(buffer) => Some(buffer.device()),
            _ => None,
        });
        this.device = function.options.device.or(first).unwrap_or(0);
        match this.error.take() {
            Some(error) => Err(error),
            None => Ok(this),
        }
    }

    fn hash(&self, instance: TypeId) -> u64 {
        let mut hasher = self.hasher.clone();
        instance.hash(&mut hasher);
        hasher.write_usize(self.device);
        hasher.finish()
    }

    fn avals(&self) -> Vec<Option<Aval>> {
        self.arrays.iter().map(|array| concrete_aval(array)).collect()
    }

    fn buffer(&self, index: usize) -> Result<&'a Arc<Buffer>> {
        crate::transform::eager::buffer(self.arrays[index])
    }
}

/// Shape and dtype of a concrete array.
#[inline]
fn concrete_aval(array: &Array) -> Option<Aval> {
    match &array.0 {
        Repr::Device(buffer) => Some(buffer.aval()),
        _ => None,
    }
}

impl<'a> Visitor<'a> for Collected<'a> {
    #[inline]
    fn variable(&mut self, v: VarRef<'a>) {
        if !v.metadata.is_empty() {
            // Which Variable it is noted on is part of the key.
            self.hasher.write_usize(self.arrays.len());
            v.metadata.hash(&mut self.hasher);
        }
        self.array(v.value);
    }
    #[inline]
    fn array(&mut self, array: &'a Array) {
        self.hasher.write_usize(concrete_aval(array).map_or(0, Aval::id));
        if let Repr::Traced(t) = &array.0 {
            self.error = Some(escaped(t));
        }
        self.arrays.push(array);
    }
    #[inline]
    fn static_value(&mut self, value: &dyn StaticValue) {
        value.hash_static(&mut self.hasher);
    }
    #[inline]
    fn structure(&mut self, structure: Structure) {
        match structure {
            Structure::Len(n) => self.hasher.write_usize(n),
            Structure::Some(some) => self.hasher.write_u8(u8::from(some)),
            Structure::Variant(i, _) => self.hasher.write_u32(i),
        }
    }
}

/// The executable for a call, if there is one already.
fn hit<A: Arguments>(
    function: &Function,
    hash: u64,
    instance: TypeId,
    leaves: &Collected<'_>,
    arguments: &A,
) -> Option<Arc<Entry>> {
    let entries = function.entries.read().unwrap_or_else(|e| e.into_inner());
    let entry = entries.get(&hash)?.iter().find(|entry| {
        let key = &entry.key;
        key.instance == instance
            && key.device == leaves.device
            && key.avals.len() == leaves.arrays.len()
            && key
                .avals
                .iter()
                .zip(&leaves.arrays)
                .all(|(aval, array)| *aval == concrete_aval(array))
            && key.statics.matches(|matcher| arguments.flatten(function.parameters, matcher))
    })?;
    function.hits.fetch_add(1, Relaxed);
    Some(entry.clone())
}

fn insert(function: &'static Function, hash: u64, entry: Entry) -> Arc<Entry> {
    function.leaves.store(entry.key.avals.len(), Relaxed);
    let entry = Arc::new(entry);
    let mut entries = function.entries.write().unwrap_or_else(|e| e.into_inner());
    entries.entry(hash).or_default().push(entry.clone());
    entry
}

fn execute(entry: &Entry, leaves: &Collected<'_>) -> Result<Outputs> {
    let moved = if leaves.moves { moved(entry, leaves)? } else { Vec::new() };
    let mut call = entry.executable.call();
    for parameter in &entry.parameters {
        match parameter {
            Parameter::Leaf { index, donate } => {
                if let Some((_, copy)) = moved.iter().find(|(at, _)| at == index) {
                    call.arg(copy, true)?;
                    continue;
                }
                let buffer = leaves.buffer(*index)?;
                // Nobody else can see a buffer whose only handle lies in an argument that is
                // updated or consumed by this call.
                call.arg(buffer, !donate || Arc::strong_count(buffer) == 1)?;
            }
            Parameter::Capture(array) => {
                call.arg(crate::transform::eager::buffer(array)?, true)?;
            }
        }
    }
    call.run()
}

/// Copies of the arguments that lie on another device than the function was told to run on.
fn moved(entry: &Entry, leaves: &Collected<'_>) -> Result<Vec<(usize, Buffer)>> {
    let mut moved = Vec::new();
    for parameter in &entry.parameters {
        let Parameter::Leaf { index, .. } = parameter else { continue };
        let buffer = leaves.buffer(*index)?;
        if buffer.device() != entry.key.device {
            moved.push((*index, buffer.copy_to_device(entry.key.device)?));
        }
    }
    Ok(moved)
}

/// The function's result from the program's outputs.
fn result<R: Output>(
    entry: &Entry,
    leaves: &Collected<'_>,
    outputs: &mut Outputs,
) -> Result<R::Tree> {
    let Some(template) = entry.template.downcast_ref::<R::Tree>() else {
        unreachable!("the key holds the type of the result");
    };
    // An output that several leaves of the result share.
    let mut shared: Vec<(usize, Array)> = Vec::new();
    let mut error = None;
    let tree = rebuild(template, |i, absent| match entry.results[i] {
        ResultLeaf::Leaf(index) => leaves.arrays[index].clone(),
        ResultLeaf::Absent => absent.clone(),
        ResultLeaf::Output { index, last } => {
            if let Some((_, array)) = shared.iter().find(|(at, _)| *at == index) {
                return array.clone();
            }
            match outputs.take(index) {
                Ok(buffer) => {
                    let array = Array::from_buffer(buffer);
                    if !last {
                        shared.push((index, array.clone()));
                    }
                    array
                }
                Err(e) => {
                    error = Some(e);
                    absent.clone()
                }
            }
        }
    });
    error.map_or(Ok(tree), Err)
}

/// Puts the new values into the Variables behind `&mut`.
struct WriteBack<'e> {
    updates: std::slice::Iter<'e, Option<usize>>,
    outputs: Outputs,
    error: Option<Error>,
}

impl WriteBack<'_> {
    #[inline]
    fn write(&mut self, array: &mut Array, output: usize) -> Result<()> {
        if let Repr::Device(buffer) = &mut array.0
            && let Some(buffer) = Arc::get_mut(buffer)
        {
            // The handle stays where it is: nothing is allocated.
            return self.outputs.replace(output, buffer);
        }
        *array = Array::from_buffer(self.outputs.take(output)?);
        Ok(())
    }
}

impl VisitorMut for WriteBack<'_> {
    #[inline]
    fn variable(&mut self, v: VarMut<'_>) {
        self.array(v.value);
    }
    #[inline]
    fn array(&mut self, array: &mut Array) {
        if let Some(Some(output)) = self.updates.next()
            && let Err(error) = self.write(array, *output)
        {
            self.error = Some(error);
        }
    }
}

/// Says in the Variables whose memory a failed run had taken already that they are lost, and why.
struct MarkLost<'e> {
    function: &'static Function,
    error: &'e Error,
}

impl VisitorMut for MarkLost<'_> {
    fn variable(&mut self, v: VarMut<'_>) {
        self.array(v.value);
    }
    fn array(&mut self, array: &mut Array) {
        if matches!(&array.0, Repr::Device(buffer) if buffer.is_deleted()) {
            *array = Array::absent(format!(
                "the value was lost: `{}` had taken over its memory when it failed: {}",
                self.function.name, self.error
            ));
        }
    }
}
