//! Trying a function out by tracing: nothing is compiled.

use nnx_core::{Array, DType, eval_shape, grad, jvp, make_graph, vmap};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

pub(crate) type Function = fn(&[Array]) -> Vec<Array>;

/// A call of a public function.
pub(crate) struct Probe {
    pub(crate) name: &'static str,
    /// Its name in JAX, where the documentation of the function does not say it.
    pub(crate) jax: Option<&'static str>,
    /// Shapes of arguments, which all have one dtype.
    pub(crate) shapes: &'static [&'static [usize]],
    pub(crate) call: Function,
}

/// The transforms and dtypes that work.
pub(crate) struct Verdict {
    pub(crate) gradient: &'static str,
    pub(crate) batching: &'static str,
    pub(crate) dtypes: String,
}

thread_local! {
    static TRYING: Cell<bool> = const { Cell::new(false) };
}

/// The result of `f`, unless it is refused; that is not reported.
fn works<R>(f: impl FnOnce() -> R) -> Option<R> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !TRYING.get() {
                before(info);
            }
        }));
    });
    TRYING.set(true);
    let result = catch_unwind(AssertUnwindSafe(f)).ok();
    TRYING.set(false);
    result
}

impl Probe {
    fn args(&self, dtype: DType) -> Vec<Array> {
        self.shapes.iter().map(|shape| Array::shape_only(*shape, dtype)).collect()
    }

    /// Shapes of the results for arguments of `dtype`.
    fn outs(&self, dtype: DType) -> Option<Vec<Array>> {
        let args = self.args(dtype);
        works(|| eval_shape(|x: &Vec<Array>| (self.call)(x), &args))
    }

    /// The dtypes of the results for arguments of `dtype`.
    pub(crate) fn out_dtypes(&self, dtype: DType) -> Vec<DType> {
        self.outs(dtype).unwrap_or_default().iter().map(Array::dtype).collect()
    }

    /// Whether it takes arguments of `dtype`.
    pub(crate) fn takes(&self, dtype: DType) -> bool {
        self.outs(dtype).is_some()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let dtypes: Vec<DType> = DType::ALL.into_iter().filter(|&d| self.takes(d)).collect();
        let float = [DType::F32, DType::F64].into_iter().find(|d| dtypes.contains(d));
        Verdict {
            gradient: float.map_or("–", |dtype| self.gradient(dtype)),
            batching: match float.or(dtypes.first().copied()) {
                Some(dtype) if !self.shapes.is_empty() => self.batching(dtype),
                _ => "–",
            },
            dtypes: names(&dtypes),
        }
    }

    pub(crate) fn gradient(&self, dtype: DType) -> &'static str {
        let args = self.args(dtype);
        let inexact = |y: &Array| y.dtype().is_float() || y.dtype().is_complex();
        let total = |x: &Vec<Array>| {
            let outs = (self.call)(x).into_iter().filter(inexact);
            let parts = outs.flat_map(|y| [y.real(), y.imag()]);
            parts.fold(Array::scalar(0.0_f32), |sum, y| sum + y.sum(..).astype(DType::F32))
        };
        let outs = self.outs(dtype).unwrap_or_default();
        if args.is_empty() || !outs.iter().any(inexact) {
            return "–";
        }
        let reverse = works(|| make_graph(|x: &Vec<Array>| grad(total, x), &args)).is_some();
        let forward = works(|| make_graph(|x: &Vec<Array>| jvp(total, x, x).1, &args)).is_some();
        match (reverse, forward) {
            (true, true) => "yes",
            (true, false) => "reverse",
            (false, true) => "forward",
            (false, false) => "no",
        }
    }

    fn batching(&self, dtype: DType) -> &'static str {
        let shapes = self.shapes.iter().map(|shape| [&[3], *shape].concat());
        let args: Vec<Array> = shapes.map(|shape| Array::shape_only(shape, dtype)).collect();
        let graph = works(|| {
            make_graph(|x: &Vec<Array>| vmap(|x: &Vec<Array>| (self.call)(x), x, 0), &args)
        });
        if graph.is_some() { "yes" } else { "no" }
    }
}

/// Groups of dtypes with a name.
const GROUPS: [(&str, std::ops::Range<usize>); 5] =
    [("bool", 0..1), ("int", 1..5), ("uint", 5..9), ("float", 9..13), ("complex", 13..15)];

/// Groups that are there whole by their name, others one by one.
fn names(dtypes: &[DType]) -> String {
    let mut names: Vec<String> = Vec::new();
    for (name, range) in GROUPS {
        let inside: Vec<_> =
            DType::ALL[range.clone()].iter().filter(|d| dtypes.contains(d)).collect();
        if inside.len() == range.len() {
            names.push(name.to_owned());
        } else {
            names.extend(inside.into_iter().map(DType::to_string));
        }
    }
    if names.len() == GROUPS.len() && dtypes.len() == DType::ALL.len() {
        return "all".into();
    }
    names.join(" ")
}
