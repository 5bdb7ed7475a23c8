//! Values on the way, by the paths of the Modules that they come from: `capture`, `sow`, `perturb`.
//!
//! A Module does not know its path. While a tree is captured, its parts are known by their addresses, and so are those
//! of the twins that transforms lend; a part that was made or moved meanwhile counts as the Module around it.

mod frame;
mod places;

pub use frame::Called;
pub(crate) use frame::{CapturedValues, Observed, Sown, captured_values, is_capturing, observe};
pub(crate) use frame::{enter_trace, sow_again};
pub(crate) use places::{enter_twin, place_of};

use super::held::hold_to_write;
use super::{KeyRef, Kind, Metadata, Module, Path, State, StateLeaf, VariableKind};
use crate::array::AsArray;
use crate::error::or_raise;
use crate::graph::Array;
use frame::{Capturing, with_top};
use std::any::type_name;
use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::Arc;

/// The result of `f` for `model`, and what was sown on the way: a [`State`] in which each value lies below the path of
/// the Module that it was sown in, as `encoder.pre_act[0]`. The index counts the values of one name. `flax.nnx.capture`.
///
/// ```
/// use nnx::module::{Intermediate, capture, sow};
/// use nnx::{Array, DType, array, nn::Linear, random::Rngs};
/// use nnx::Module;
///
/// #[derive(Module)]
/// struct Block {
///     linear: Linear,
/// }
///
/// impl Block {
///     fn forward(&self, x: &Array) -> Array {
///         let h = self.linear.forward(x);
///         sow::<Intermediate, _>(self, "pre_act", &h);
///         h.sin()
///     }
/// }
///
/// let mut blocks: Vec<Block> = (0..2)
///     .map(|i| Block { linear: Linear::new(3, 3, &mut Rngs::new(i)) })
///     .collect();
/// let x = array::ones([4, 3], DType::F32);
/// let forward = |blocks: &mut Vec<Block>| blocks.iter().fold(x.clone(), |x, b| b.forward(&x));
/// let (y, values) = capture(forward, &mut blocks);
/// assert_eq!(values["[1].pre_act[0]"].value.sin().to_vec::<f32>(), y.to_vec::<f32>());
/// ```
///
/// `f` may be anything that takes the model, with other arguments captured. It may call transforms: values that are sown
/// in the function of [`vmap`](crate::vmap()) and [`scan`](crate::scan()) arrive stacked along axis 0, those of `grad`,
/// `value_and_grad`, `vjp`, `jvp`, `linearize` and `remat` as they are. In the functions of other transforms, and in
/// jitted functions that `f` calls, `sow` is an error that says what to do. `capture` itself may be called in any of
/// these.
///
/// # Panics
/// Panics if this thread holds a guard of a shared node of `model`.
#[track_caller]
pub fn capture<M: Module, R>(f: impl FnOnce(&mut M) -> R, model: &mut M) -> (R, State) {
    Capture::new().run(f, model)
}

/// [`capture`] with settings.
///
/// ```
/// use nnx::{Array, Capture, nn::{Linear, Sequential}, random::Rngs};
///
/// let mut rngs = Rngs::new(0);
/// let mut model = Sequential::new((Linear::new(3, 4, &mut rngs), Linear::new(4, 2, &mut rngs)));
/// let x = Array::from([[1.0_f32, 2.0, 3.0]]);
/// let (y, values) = Capture::new().method_outputs().run(|m| m.forward(&x), &mut model);
/// assert_eq!(values["layers[0].forward[0]"].value.shape(), [1, 4]);
/// assert_eq!(values["forward[0]"].value.to_vec::<f32>(), y.to_vec::<f32>());
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is captured until `run` is called"]
pub struct Capture {
    outputs: bool,
    perturbations: Option<State>,
}

impl Capture {
    /// A capture of everything that is sown, as [`capture`] is.
    pub fn new() -> Capture {
        Capture::default()
    }

    /// The results of methods too, as [`Intermediate`](super::Intermediate) below the path of the Module and the
    /// method's name: `linear.forward[0]`. The layers of this library say when their methods are called; a method of
    /// yours says it with [`called`]. A method that is called in a loop, a branch or a derivative rule is an error
    /// then. `method_outputs` in Flax.
    ///
    /// ```
    /// use nnx::{Array, Capture, nn::Linear, random::Rngs};
    ///
    /// let mut layer = Linear::new(2, 1, &mut Rngs::new(0));
    /// let x = Array::from([1.0_f32, 2.0]);
    /// let (y, values) = Capture::new().method_outputs().run(|m| m.forward(&x), &mut layer);
    /// assert_eq!(values["forward[0]"].value.to_vec::<f32>(), y.to_vec::<f32>());
    /// ```
    pub fn method_outputs(mut self) -> Capture {
        self.outputs = true;
        self
    }

    /// The perturbations that [`perturb`] adds, by path: those that a call without this one gave. `init` in Flax.
    ///
    /// ```
    /// use nnx::module::{Capture, capture, perturb};
    /// use nnx::Array;
    ///
    /// let mut model = vec![Array::scalar(2.0_f32)];
    /// let forward = |model: &mut Vec<Array>| perturb(model, "input", &model[0]).square();
    /// let (_, mut shifts) = capture(forward, &mut model); // zeros
    /// shifts["input"].value = Array::scalar(1.0_f32);
    /// let (y, _) = Capture::new().perturbations(&shifts).run(forward, &mut model);
    /// assert_eq!(y.item::<f32>(), 9.0);
    /// ```
    pub fn perturbations(mut self, perturbations: &State) -> Capture {
        self.perturbations = Some(perturbations.clone());
        self
    }

    /// The result of `f` for `model`, and what was sown.
    ///
    /// ```
    /// use nnx::module::{Capture, Intermediate, sow};
    /// use nnx::Array;
    ///
    /// let mut model = vec![Array::scalar(2.0_f32)];
    /// let (y, values) = Capture::new().run(
    ///     |model: &mut Vec<Array>| {
    ///         sow::<Intermediate, _>(model, "input", &model[0]);
    ///         model[0].square()
    ///     },
    ///     &mut model,
    /// );
    /// assert_eq!((values["input[0]"].value.item::<f32>(), y.item::<f32>()), (2.0, 4.0));
    /// ```
    ///
    /// # Panics
    /// As [`capture`], and if a perturbation that was given is not asked for.
    #[track_caller]
    pub fn run<M: Module, R>(self, f: impl FnOnce(&mut M) -> R, model: &mut M) -> (R, State) {
        drop(or_raise(hold_to_write("capture", model)));
        let places = places::of_tree(model);
        let perturbations = self.perturbations.map(Arc::new);
        let frame = Capturing::push(Capturing {
            places,
            sows: true,
            outputs: self.outputs,
            perturbations: perturbations.clone(),
            observer: frame::observer(),
            ..Capturing::new()
        });
        let result = f(model);
        let frame = frame.pop();
        if let Some(given) = &perturbations {
            let unused = given.paths().filter(|path| !frame.used.contains(path));
            let unused: Vec<String> = unused.map(Path::to_string).collect();
            if !unused.is_empty() {
                invalid(format!(
                    "capture: nothing of `{}` asked `perturb` for {}",
                    type_name::<M>(),
                    unused.join(", ")
                ));
            }
        }
        (result, collected(frame.sown))
    }
}

/// The values by path; those of one name get an index.
fn collected(sown: Vec<Sown>) -> State {
    let mut counts: BTreeMap<Path, usize> = BTreeMap::new();
    let mut state = State::new();
    for Sown { mut path, kind, value, single, .. } in sown {
        if !single {
            let count = counts.entry(path.clone()).or_default();
            path.push(KeyRef::Index(*count));
            *count += 1;
        } else if let Some(other) =
            state.get(&path).filter(|other| other.value.aval() != value.aval())
        {
            invalid(format!(
                "perturb: `{path}` is one perturbation, and its values are {} and {}\n\
                 fix: give them different names",
                other.value.aval(),
                value.aval()
            ));
        }
        state.insert(path, StateLeaf { value, kind: Some(kind), metadata: Metadata::default() });
    }
    state
}

/// Adds `value`, as a Variable of kind `K`, to what is captured below the path of `module` and `name`; false if nothing
/// is being captured, and then it costs nothing. `flax.nnx.Module.sow`.
///
/// Each call adds a value: sums and the like (`reduce_fn` in Flax) are made of what [`capture`] returns.
///
/// ```
/// use nnx::{Array, module::{Intermediate, sow}};
/// // Nothing is captured here.
/// assert!(!sow::<Intermediate, _>(&(), "x", &Array::scalar(1.0_f32)));
/// ```
///
/// # Panics
/// Panics in functions whose values cannot leave them: see [`capture`].
#[track_caller]
pub fn sow<K: VariableKind, M: Module>(module: &M, name: &str, value: impl AsArray) -> bool {
    let value = value.as_array();
    if !is_capturing() || !with_top(|frame| frame.sows) {
        return false;
    }
    let location = Location::caller();
    let path = places::path_of(module, name);
    sow_at(Sown { path, kind: K::KIND, value: value.clone(), single: false, location });
    true
}

#[track_caller]
fn sow_at(sown: Sown) {
    if !with_top(|frame| frame.is_here()) {
        let Sown { path, location, .. } = &sown;
        invalid(format!(
            "`{path}` cannot be sown here, at {location}: its value belongs to a derivative rule or to an operation that \
             does not hand it on\nfix: return it, and sow it where the function is called"
        ));
    }
    with_top(|frame| frame.sown.push(sown));
}

/// `value` plus the perturbation of this name, which is 0: its gradient is that of the loss by `value`.
/// `flax.nnx.Module.perturb`.
///
/// Where nothing is captured, this is `value`. A first call of [`capture`] gives zeros as Variables of kind
/// [`Perturbation`](super::Perturbation), and a second one adds those that [`Capture::perturbations`] is given, by which
/// the loss is differentiated. A name that is used several times in one Module has one perturbation.
///
/// ```
/// use nnx::module::{Capture, Perturbation, State, capture, perturb};
/// use nnx::{Array, grad, of_type, wrt};
/// use nnx::Module;
/// #[derive(Module)]
/// struct Model {
///     factor: Array,
/// }
///
/// impl Model {
///     fn forward(&self, x: &Array) -> Array {
///         perturb(self, "hidden", &(x * &self.factor)).square()
///     }
/// }
///
/// let mut model = Model { factor: Array::scalar(2.0_f32) };
/// let x = Array::scalar(3.0_f32);
/// let (_, zeros) = capture(|m| m.forward(&x), &mut model);
/// let loss = |zeros: &State| {
///     let mut model = nnx::clone(&model);
///     Capture::new().perturbations(zeros).run(|m| m.forward(&x), &mut model).0
/// };
/// let gradients = grad(loss, wrt(of_type::<Perturbation>(), &zeros));
/// assert_eq!(gradients["hidden"].value.item::<f32>(), 12.0);
/// ```
///
/// # Panics
/// Panics if `module` has no fields, if the perturbation that is given has another shape or dtype than `value`, as one has in the function of
/// `vmap` or `scan` where each element has its own, or in functions whose values cannot leave them: see [`capture`].
#[track_caller]
pub fn perturb<M: Module>(module: &M, name: &str, value: impl AsArray) -> Array {
    let value = value.as_array();
    if !is_capturing() || !with_top(|frame| frame.sows) {
        return value.clone();
    }
    if size_of::<M>() == 0 {
        invalid(format!(
            "perturb: `{}` has no fields, so that its place is not known, and several would share `{name}`\n\
             fix: perturb in the Module that holds it",
            type_name::<M>()
        ));
    }
    let path = places::path_of(module, name);
    let given = with_top(|frame| frame.perturbations.clone());
    if let Some(given) = given {
        let Some(leaf) = given.get(&path) else { return value.clone() };
        if leaf.value.try_aval().ok() != Some(value.aval()) {
            invalid(format!(
                "perturb: the perturbation `{path}` is {}, and the value {}\n\
                 fix: in the function of `vmap` or `scan`, return the value, and perturb it where the transform is called",
                leaf.value.brief(),
                value.aval()
            ));
        }
        frame::note_used(&path);
        return value + &leaf.value;
    }
    let seen =
        |frame: &mut Capturing| frame.sown.iter().any(|sown| sown.single && sown.path == path);
    if !with_top(seen) {
        let kind: &'static Kind = super::Perturbation::KIND;
        let (value, location) = (value.zeros_like(), Location::caller());
        sow_at(Sown { path, kind, value, single: true, location });
    }
    value.clone()
}

/// Says that a method of `module` is being called with `inputs`; [`Called::returns`] gets its result, and hands it on.
/// So it is seen by [`Capture::method_outputs`] and by [`tabulate_call`](crate::tabulate_call); otherwise it costs nothing.
///
/// The layers of this library say it themselves.
///
/// ```
/// use nnx::module::{Capture, called};
/// use nnx::{Array, DType, array, nn::{Linear, relu}, random::Rngs};
/// use nnx::Module;
///
/// #[derive(Module)]
/// struct Block {
///     linear: Linear,
/// }
///
/// impl Block {
///     fn forward(&self, x: &Array) -> Array {
///         let call = called(self, "forward", &[x]);
///         call.returns(relu(&self.linear.forward(x)))
///     }
/// }
///
/// let mut block = Block { linear: Linear::new(3, 2, &mut Rngs::new(0)) };
/// let x = array::ones([4, 3], DType::F32);
/// let (_, values) = Capture::new().method_outputs().run(|m| m.forward(&x), &mut block);
/// let paths: Vec<String> = values.paths().map(|path| path.to_string()).collect();
/// assert_eq!(paths, ["forward[0]", "linear.forward[0]"]);
/// ```
pub fn called<M: Module>(module: &M, method: &'static str, inputs: &[impl AsArray]) -> Called {
    Called::new(module, method, inputs)
}

#[track_caller]
fn invalid(message: String) -> ! {
    crate::error::raise(crate::error::Error::Invalid(message))
}
