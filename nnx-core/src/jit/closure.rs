//! Jitted closures: values that hold their own programs.

use super::call::call;
use super::function::{Function, Options, take_entries};
use super::output::Output;
use crate::module::RefusingCaptured;
use crate::transform::lend::Argument;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::any::TypeId;
use std::panic::Location;
use std::sync::{Mutex, OnceLock};

/// A jitted closure, as [`jit`](jit()) makes it: it compiles what it is called with, and keeps the programs until it is
/// dropped.
///
/// ```
/// use nnx::jit::{Jitted, jit};
/// use nnx::Array;
///
/// let offset = Array::scalar(1.0_f32);
/// let shifted: Jitted<_> = jit(|x: &Array| x + &offset); // a constant of its program
/// let y: Array = shifted.call(&Array::from([1.0_f32, 2.0]));
/// assert_eq!(y.to_vec::<f32>(), [2.0, 3.0]);
/// ```
pub struct Jitted<F> {
    f: F,
    name: &'static str,
    file: &'static str,
    options: Options,
    programs: Programs,
}

/// The programs of a closure.
struct Programs {
    /// The closure's type, which its place in the source has to itself.
    of: TypeId,
    /// Made by the first call.
    function: OnceLock<&'static Function>,
}

/// Functions without programs, of closures that were dropped, for others of their types: a function stays for ever,
/// because its statistics do.
static FREE: Mutex<FxHashMap<TypeId, Vec<&'static Function>>> =
    Mutex::new(FxHashMap::with_hasher(FxBuildHasher));

impl Programs {
    fn of<F>() -> Self {
        Programs { of: typeid::of::<F>(), function: OnceLock::new() }
    }

    /// A function without programs.
    fn new_function<F>(&self, jitted: &Jitted<F>) -> &'static Function {
        let mut free = FREE.lock().unwrap_or_else(|e| e.into_inner());
        let free = free.entry(self.of).or_default();
        let fits = |f: &&'static Function| f.name == jitted.name && f.options == jitted.options;
        match free.iter().position(fits) {
            Some(at) => free.swap_remove(at),
            None => {
                Box::leak(Box::new(Function::new(jitted.name, jitted.file, &[], jitted.options)))
            }
        }
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        let Some(function) = self.function.take() else { return };
        drop(take_entries(function));
        let mut free = FREE.lock().unwrap_or_else(|e| e.into_inner());
        free.entry(self.of).or_default().push(function);
    }
}

/// The name of a closure of which nothing but its place is known, made once for each.
fn name_at(place: &'static Location<'static>) -> &'static str {
    static NAMES: Mutex<FxHashMap<&'static Location<'static>, &'static str>> =
        Mutex::new(FxHashMap::with_hasher(FxBuildHasher));
    let mut names = NAMES.lock().unwrap_or_else(|e| e.into_inner());
    names.entry(place).or_insert_with(|| format!("closure at {place}").leak())
}

/// Compiles a closure: `#[nnx::jit]` for what is not worth a function with all its types written out, or for what
/// depends on values around it. `jax.jit` of a function.
///
/// The closure takes one argument, or a tuple of several, as the functions that [`vmap`](crate::vmap()) and
/// [`grad`](crate::grad) take do: `&M` is read, `&mut M` updated, and [`Owned`](crate::transform::Owned) given away.
/// References have to be written out in the closure's head, what is in them may be left open (`&mut Optimizer<_>`).
/// It works in graph mode.
///
/// All values around the closure are constants for it: arrays become parts of its programs, numbers decide how these
/// look, and two closures share none. A shared node that is captured cannot be read, because its value may change from
/// one call to the next; nor may the closure set what it captured.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::optim::{Optimizer, adam};
/// use nnx::random::Rngs;
/// use nnx::{Array, DType, array, jit, value_and_grad};
///
/// let mut model = Linear::new(4, 1, &mut Rngs::new(0));
/// let mut optimizer = Optimizer::new(&model, adam(1e-2));
/// let decay = 1e-4;
/// let step = jit(|(model, optimizer, x): (&mut Linear, &mut Optimizer<_>, &Array)| {
///     let loss = |model: &mut Linear| {
///         let kernel = model.kernel.value();
///         model.forward(x).square().mean(..) + kernel.square().sum(..) * decay
///     };
///     let (loss, gradients) = value_and_grad(loss, &mut *model);
///     optimizer.update(model, &gradients);
///     loss
/// });
/// let x = array::ones([8, 4], DType::F32);
/// let losses = [(); 20].map(|()| step.call((&mut model, &mut optimizer, &x)).item::<f32>());
/// assert!(losses[19] < losses[0]);
/// ```
#[track_caller]
pub fn jit<F>(f: F) -> Jitted<F> {
    let location = Location::caller();
    let options = Options { captures: true, ..Options::DEFAULT.graph_updates(true) };
    let (name, file) = (name_at(location), location.file());
    Jitted { f, name, file, options, programs: Programs::of::<F>() }
}

impl<F> Jitted<F> {
    /// Calls the closure.
    ///
    /// ```
    /// use nnx::{Array, Param, jit};
    ///
    /// let add = jit(|(sum, x): (&mut Param, &Array)| {
    ///     sum.set(sum.value() + x);
    ///     x * 2.0
    /// });
    /// let mut sum = Param::new(Array::scalar(1.0_f32));
    /// let doubled: Array = add.call((&mut sum, &Array::scalar(3.0_f32)));
    /// assert_eq!((sum.item::<f32>(), doubled.item::<f32>()), (4.0, 6.0));
    /// ```
    ///
    /// # Panics
    /// As a function under `#[nnx::jit]` does; one that returns a `Result` gets mistakes in shapes, of the compiler and
    /// of the device as its error.
    #[track_caller]
    pub fn call<A, R>(&self, arguments: A) -> R
    where
        A: Argument,
        R: Output + 'static,
        F: for<'t> Fn(A::Body<'t>) -> R,
    {
        let function = self.programs.function.get_or_init(|| self.programs.new_function(self));
        call(function, arguments, |arguments: A::Body<'_>| {
            let _refusing = RefusingCaptured::new();
            (self.f)(arguments)
        })
    }

    /// With a name for messages and [`functions`](super::functions), in place of where the closure is.
    ///
    /// ```
    /// use nnx::jit::{functions, jit};
    /// use nnx::Array;
    ///
    /// let double = jit(|x: &Array| x * 2.0).name("double");
    /// let _: Array = double.call(&Array::scalar(3.0_f32));
    /// assert!(functions().iter().any(|function| function.name == "double"));
    /// ```
    pub fn name(self, name: &'static str) -> Self {
        Jitted { name, programs: Programs::of::<F>(), ..self }
    }

    /// Whether buffers of old values may be reused, as they are without this.
    ///
    /// ```
    /// use nnx::{Array, Param, jit};
    ///
    /// // The old values stay readable at other places without a copy.
    /// let double = jit(|p: &mut Param| p.set(p.value() * 2.0)).donate(false);
    /// let mut param = Param::new(Array::scalar(3.0_f32));
    /// let old = param.value().clone();
    /// double.call::<_, ()>(&mut param);
    /// assert_eq!((old.item::<f32>(), param.item::<f32>()), (3.0, 6.0));
    /// ```
    pub fn donate(self, donate: bool) -> Self {
        self.with(|options| options.donate(donate))
    }

    /// The device to run on; without it, where the arguments lie.
    ///
    /// ```
    /// use nnx::{Array, jit};
    ///
    /// let double = jit(|x: &Array| x * 2.0).device(0);
    /// let y: Array = double.call(&Array::scalar(3.0_f32));
    /// assert_eq!(y.device().unwrap(), 0);
    /// ```
    pub fn device(self, device: usize) -> Self {
        self.with(|options| options.device(device))
    }

    /// Whether changes of structure are handed back, as they are without this, or an error.
    ///
    /// ```
    /// use nnx::{Array, jit};
    ///
    /// let longer = jit(|list: &mut Vec<Array>| list.push(Array::scalar(1.0_f32)));
    /// let mut list = vec![];
    /// longer.call::<_, ()>(&mut list);
    /// assert_eq!(list.len(), 1);
    /// // Without them a change of structure is an error.
    /// let longer = jit(|list: &mut Vec<Array>| {
    ///     list.push(Array::scalar(1.0_f32));
    ///     nnx::Result::Ok(())
    /// });
    /// assert!(longer.graph_updates(false).call::<_, nnx::Result<()>>(&mut list).is_err());
    /// ```
    pub fn graph_updates(self, graph_updates: bool) -> Self {
        self.with(|options| options.graph_updates(graph_updates))
    }

    fn with(self, options: impl FnOnce(Options) -> Options) -> Self {
        Jitted { options: options(self.options), programs: Programs::of::<F>(), ..self }
    }
}
