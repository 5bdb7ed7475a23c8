//! The stack of what is being captured: the calls of `capture`, and the traces in them.

use super::super::{Kind, Module, Path, State, VariableKind};
use super::places::{Addresses, known, path_of, place_of};
use crate::array::AsArray;
use crate::graph::{Array, current_trace};
use crate::module::walk::collect_leaves;
use std::any::TypeId;
use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

/// A value that was sown.
pub(crate) struct Sown {
    pub(crate) path: Path,
    pub(crate) kind: &'static Kind,
    pub(crate) value: Array,
    /// Whether there is one value of this name, and no list.
    pub(crate) single: bool,
    pub(crate) location: &'static Location<'static>,
}

/// A method that was called, for an observer.
pub(crate) struct Observed<'a> {
    /// The path of its Module, if it is known.
    pub(crate) path: Option<&'a Path>,
    pub(crate) module: &'static str,
    pub(crate) method: &'static str,
    /// How many observed methods it is called in.
    pub(crate) depth: usize,
    pub(crate) inputs: &'a [Array],
    pub(crate) outputs: &'a [Array],
    /// The number of this call among all, in the order in which they began.
    pub(crate) number: usize,
}

pub(super) type Observer = Rc<dyn Fn(Observed<'_>)>;

/// A capture, or a trace in it.
pub(super) struct Capturing {
    /// The trace whose values may be sown here.
    pub(super) trace: u64,
    pub(super) places: Addresses,
    pub(super) sown: Vec<Sown>,
    /// Whether values are sown.
    pub(super) sows: bool,
    /// Whether results of methods are.
    pub(super) outputs: bool,
    pub(super) perturbations: Option<Arc<State>>,
    /// The perturbations that were asked for.
    pub(super) used: Vec<Path>,
    /// The Modules whose methods are being called in it, and around it the last one.
    pub(super) calls: Vec<Path>,
    pub(super) around: Option<Path>,
    pub(super) observer: Option<Observer>,
}

thread_local! {
    static FRAMES: RefCell<Vec<Capturing>> = const { RefCell::new(Vec::new()) };
    static NEXT_CALL: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Whether anything is being captured on this thread.
#[inline]
pub(crate) fn is_capturing() -> bool {
    FRAMES.with_borrow(|frames| !frames.is_empty())
}

/// Which values are captured: another one makes another program of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CapturedValues {
    /// Nothing is being captured.
    None,
    /// Methods are observed alone.
    Observed,
    /// Those that are sown.
    Sown,
    /// The results of methods too.
    SownAndResults,
}

/// The values that are being captured on this thread.
#[inline]
pub(crate) fn captured_values() -> CapturedValues {
    FRAMES.with_borrow(|frames| match frames.last() {
        None => CapturedValues::None,
        Some(frame) if frame.outputs => CapturedValues::SownAndResults,
        Some(frame) if frame.sows => CapturedValues::Sown,
        Some(_) => CapturedValues::Observed,
    })
}

/// The innermost frame. There must be one.
pub(super) fn with_top<R>(f: impl FnOnce(&mut Capturing) -> R) -> R {
    FRAMES.with_borrow_mut(|frames| match frames.last_mut() {
        Some(frame) => f(frame),
        None => unreachable!("something is being captured"),
    })
}

/// The first answer of a frame, from the innermost of a capture outwards.
pub(super) fn find<R>(f: impl FnMut(&Capturing) -> Option<R>) -> Option<R> {
    FRAMES.with_borrow(|frames| frames.iter().rev().find_map(f))
}

/// Notes that a perturbation was asked for, in the call of `capture` that was given it.
pub(super) fn note_used(path: &Path) {
    FRAMES.with_borrow_mut(|frames| {
        let Some(given) = frames.last().and_then(|frame| frame.perturbations.clone()) else {
            return;
        };
        // Traces have it from the capture that they are in.
        let is_given = |frame: &&mut Capturing| {
            frame.perturbations.as_ref().is_some_and(|other| Arc::ptr_eq(other, &given))
        };
        frames
            .iter_mut()
            .rev()
            .take_while(is_given)
            .for_each(|frame| frame.used.push(path.clone()));
    });
}

impl Capturing {
    pub(super) fn new() -> Capturing {
        Capturing {
            trace: current_trace(),
            places: Addresses::default(),
            sown: Vec::new(),
            sows: false,
            outputs: false,
            perturbations: None,
            used: Vec::new(),
            calls: Vec::new(),
            around: None,
            observer: None,
        }
    }

    pub(super) fn push(frame: Capturing) -> CapturingGuard {
        FRAMES.with_borrow_mut(|frames| {
            frames.push(frame);
            CapturingGuard(frames.len())
        })
    }

    /// The Module whose method is being called.
    pub(super) fn current(&self) -> Option<&Path> {
        self.calls.last().or(self.around.as_ref())
    }

    /// Whether a value of the running trace may be sown.
    pub(super) fn is_here(&self) -> bool {
        self.trace == current_trace()
    }
}

/// A frame that lasts as long as this, also if a panic ends it.
pub(super) struct CapturingGuard(usize);

impl CapturingGuard {
    pub(super) fn pop(self) -> Capturing {
        match FRAMES.with_borrow_mut(Vec::pop) {
            Some(frame) => frame,
            None => unreachable!("the frame that was pushed is still there"),
        }
    }
}

impl Drop for CapturingGuard {
    fn drop(&mut self) {
        FRAMES.with_borrow_mut(|frames| frames.truncate(self.0 - 1));
    }
}

/// The part of a capture that a trace in it is; none if nothing is being captured.
pub(crate) struct TraceFrame(Option<CapturingGuard>);

/// Must be called in the trace, before its function runs.
pub(crate) fn enter_trace() -> TraceFrame {
    if !is_capturing() {
        return TraceFrame(None);
    }
    let frame = with_top(|frame| Capturing {
        sows: frame.sows,
        outputs: frame.outputs,
        perturbations: frame.perturbations.clone(),
        observer: frame.observer.clone(),
        around: frame.current().cloned(),
        ..Capturing::new()
    });
    TraceFrame(Some(Capturing::push(frame)))
}

impl TraceFrame {
    /// The values that were sown in the trace, and the first perturbation that a capture around it was asked for.
    pub(crate) fn end(self) -> (Vec<Sown>, Option<Path>) {
        let frame = self.0.map(CapturingGuard::pop);
        frame.map_or_else(Default::default, |frame| (frame.sown, frame.used.into_iter().next()))
    }
}

/// Sows what a trace that is over had sown, with the value that became of it.
#[track_caller]
pub(crate) fn sow_again(sown: &Sown, value: Array) {
    let &Sown { ref path, kind, single, location, .. } = sown;
    super::sow_at(Sown { path: path.clone(), kind, value, single, location });
}

/// Who is told of methods, if anybody is.
pub(super) fn observer() -> Option<Observer> {
    FRAMES.with_borrow(|frames| frames.last().and_then(|frame| frame.observer.clone()))
}

/// Calls `f`, whose observed methods `observer` is told of. Nothing is sown meanwhile. `places` has the trees that `f`
/// lends, with their paths.
pub(crate) fn observe<R>(
    places: impl IntoIterator<Item = ((usize, TypeId), Path)>,
    observer: Rc<dyn Fn(Observed<'_>)>,
    f: impl FnOnce() -> R,
) -> R {
    let (places, observer) = (places.into_iter().collect(), Some(observer));
    let _frame = Capturing::push(Capturing { places, observer, ..Capturing::new() });
    f()
}

/// A method that is being called: see [`called`](super::called).
///
/// ```
/// use nnx::module::{Called, called};
/// use nnx::{Array, Module, nn::Linear};
///
/// #[derive(Module)]
/// struct Block {
///     linear: Linear,
/// }
///
/// impl Block {
///     fn forward(&self, x: &Array) -> Array {
///         let call: Called = called(self, "forward", &[x]);
///         call.returns(self.linear.forward(x))
///     }
/// }
/// ```
#[must_use = "the method's result is handed to `returns`"]
pub struct Called(Option<ObservedCall>);

struct ObservedCall {
    path: Option<Path>,
    module: &'static str,
    method: &'static str,
    /// Where the method's result lies.
    result: Path,
    inputs: Vec<Array>,
    depth: usize,
    number: usize,
}

impl Called {
    pub(super) fn new<M: Module>(
        module: &M,
        method: &'static str,
        inputs: &[impl AsArray],
    ) -> Called {
        if !is_capturing() {
            return Called(None);
        }
        let path = known(place_of(module));
        let mut result = path_of(module, method);
        let inputs = inputs.iter().map(|x| x.as_array().clone()).collect();
        let number = NEXT_CALL.replace(NEXT_CALL.get() + 1);
        let depth = FRAMES.with_borrow(|frames| frames.iter().map(|frame| frame.calls.len()).sum());
        result.pop();
        with_top(|frame| frame.calls.push(result.clone()));
        result.push(super::KeyRef::Name(method));
        let module = std::any::type_name::<M>();
        Called(Some(ObservedCall { path, module, method, result, inputs, depth, number }))
    }

    /// Hands the method's result on.
    ///
    /// # Panics
    /// As [`sow`](super::sow), if results of methods are captured.
    #[track_caller]
    pub fn returns<R: Module>(mut self, result: R) -> R {
        let Some(call) = self.0.take() else { return result };
        let (outputs, observer) = with_top(|frame| {
            frame.calls.pop();
            (frame.outputs, frame.observer.clone())
        });
        let leaves = || collect_leaves(&result).into_iter().map(|leaf| leaf.array);
        if let Some(observer) = observer {
            observer(Observed {
                path: call.path.as_ref(),
                module: call.module,
                method: call.method,
                depth: call.depth,
                inputs: &call.inputs,
                outputs: &leaves().collect::<Vec<_>>(),
                number: call.number,
            });
        }
        if outputs {
            if !with_top(|frame| frame.is_here()) {
                super::invalid(format!(
                    "the result of `{}` cannot be captured: its value belongs to a loop, a branch, a derivative rule or \
                     the like, and does not leave it\n\
                     fix: capture without `method_outputs`, or a part of the model that has no such function around it",
                    call.result
                ));
            }
            let (kind, location) = (super::super::Intermediate::KIND, Location::caller());
            for value in leaves().filter(|value| value.try_aval().is_ok()) {
                let path = call.result.clone();
                super::sow_at(Sown { path, kind, value, single: false, location });
            }
        }
        result
    }
}

/// A method that ends without a result.
impl Drop for Called {
    fn drop(&mut self) {
        if self.0.is_some() && is_capturing() {
            with_top(|frame| frame.calls.pop());
        }
    }
}
