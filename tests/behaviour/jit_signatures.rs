//! The forms that a jitted function may have.

#![allow(clippy::multiple_bound_locations, clippy::never_loop, reason = "forms that must work")]

use super::jit_support::*;
use nnx::module::{BatchStat, VariableKind};
use nnx::{Array, Error, Module, Param, Variable};
use std::fmt;

/// An error of the user's own.
#[derive(Debug)]
enum Mistake {
    Own(&'static str),
    Nnx(Error),
}

impl From<Error> for Mistake {
    fn from(error: Error) -> Self {
        Mistake::Nnx(error)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
impl std::error::Error for Mistake {}

fn checked(x: &Array) -> Result<&Array, Error> {
    if x.rank() > 1 { Err(Error::Invalid("too many axes".into())) } else { Ok(x) }
}

#[nnx::jit(graph = false)]
fn own_error(v: &mut Param, x: &Array) -> Result<(Array, Option<Param>), Mistake> {
    let x = checked(x)?;
    if x.rank() == 0 {
        return Err(Mistake::Own("a scalar"));
    }
    let next = &*v + x;
    v.set(next.clone());
    Ok((next, None))
}

#[nnx::jit(graph = false)]
fn boxed_error(x: &Array) -> Result<Array, Box<dyn std::error::Error>> {
    checked(x)?;
    match x.rank() {
        0 => Err(Box::new(Mistake::Own("a scalar"))),
        _ => Ok(x + f32s(&[1.0, 2.0])),
    }
}

#[test]
fn results_with_any_error_made_from_ours() {
    let mut v = Param::new(f32s(&[1.0, 2.0]));
    let (y, none) = own_error(&mut v, &f32s(&[1.0, 1.0])).unwrap();
    assert_eq!((y.to_vec::<f32>(), none.is_none()), (vec![2.0, 3.0], true));
    assert!(matches!(own_error(&mut v, &scalar(1.0)), Err(Mistake::Own("a scalar"))));
    let error = own_error(&mut v, &f32s(&[1.0; 3])).unwrap_err();
    assert!(matches!(&error, Mistake::Nnx(Error::Op { op, .. }) if op == "add"), "{error}");
    let matrix = f32s(&[1.0]).reshape([1, 1]);
    assert!(matches!(own_error(&mut v, &matrix), Err(Mistake::Nnx(Error::Invalid(_)))));
    assert_eq!(v.to_vec::<f32>(), [2.0, 3.0]);

    assert_eq!(boxed_error(&f32s(&[1.0, 1.0])).unwrap().to_vec::<f32>(), [2.0, 3.0]);
    assert!(boxed_error(&scalar(1.0)).unwrap_err().is::<Mistake>());
    assert!(boxed_error(&f32s(&[1.0; 3])).unwrap_err().is::<Error>());
}

/// A layer that others are generic over.
trait Layer: Module + Send + Sync {
    const GAIN: f32;
    fn forward(&self, x: &Array) -> Array;
    fn renew(&mut self, x: Array) -> Array;
    /// Provided, and jitted for every implementor.
    #[nnx::jit(graph = false)]
    fn twice(&self, x: &Array) -> Array {
        self.forward(&self.forward(x)) * Self::GAIN
    }
}

#[derive(Module)]
struct Scale {
    by: Param,
}

#[derive(Module)]
struct Shift<const N: usize> {
    by: [Param; N],
}

impl Layer for Scale {
    const GAIN: f32 = 10.0;
    #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) -> Array {
        x * &self.by
    }
    #[nnx::jit(graph = false)]
    fn renew(&mut self, x: Array) -> Array {
        let old = self.by.value().clone();
        self.by.set(x);
        old
    }
}

impl<const N: usize> Layer for Shift<N> {
    const GAIN: f32 = 100.0;
    #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) -> Array {
        self.by.iter().fold(x.clone(), |x, by| x + by)
    }
    #[nnx::jit(graph = false)]
    fn renew(&mut self, x: Array) -> Array {
        for by in &mut self.by {
            by.set(x.clone());
        }
        x * N
    }
}

#[nnx::jit(graph = false)]
fn apply<L, M>(first: &L, second: &mut M, x: &Array) -> Array
where
    L: Layer,
    M: Layer,
{
    let y = first.forward(x);
    second.renew(y) + L::GAIN + M::GAIN
}

#[test]
fn trait_methods_and_generic_functions() {
    let mut scale = Scale { by: Param::new(scalar(3.0)) };
    let mut shift = Shift { by: [1.0, 2.0].map(|by| Param::new(scalar(by))) };
    let x = scalar(2.0);
    assert_eq!((scale.forward(&x).item::<f32>(), shift.forward(&x).item::<f32>()), (6.0, 5.0));
    assert_eq!((scale.twice(&x).item::<f32>(), shift.twice(&x).item::<f32>()), (180.0, 800.0));
    assert_eq!(apply(&scale, &mut shift, &x).item::<f32>(), 12.0 + 110.0);
    assert_eq!(shift.by[1].item::<f32>(), 6.0);
    assert_eq!(apply(&shift, &mut scale, &x).item::<f32>(), 3.0 + 110.0);
    assert_eq!(scale.by.item::<f32>(), 14.0);
    let other = Shift { by: [Param::new(scalar(1.0))] };
    assert_eq!(other.twice(&x).item::<f32>(), 400.0);
}

#[derive(Module)]
struct Trainer<L> {
    layer: L,
    steps: Variable<BatchStat>,
    limit: usize,
}

impl<L: Layer> Trainer<L> {
    const STEP: f32 = 1.0;

    /// An associated function.
    #[nnx::jit(graph = false)]
    fn new(layer: L, limit: usize) -> Self {
        Self { layer, steps: Variable::new(scalar(0.0)), limit }
    }

    /// By `&mut self`, with `self` in a closure, a macro and a nested item beside it.
    #[nnx::jit(graph = false)]
    pub(crate) fn step(&mut self, x: &Array) -> Array {
        fn twice(x: &Array) -> Array {
            x * 2.0
        }
        assert!(self.limit > 0, "limit {}", self.limit);
        let next = &self.steps + Self::STEP;
        self.steps.set(next);
        let forward = |x: &Array| self.layer.forward(x);
        'outer: loop {
            for _ in 0..self.limit {
                break 'outer twice(&forward(x));
            }
        }
    }

    /// By `mut self`.
    #[nnx::jit(graph = false)]
    fn finish(mut self) -> (Self, Array) {
        let total = &self.steps * self.limit;
        self.limit = 0;
        (self, total)
    }

    /// By `self`, into a part.
    #[nnx::jit(graph = false)]
    fn into_layer(self) -> L {
        self.layer
    }
}

#[test]
fn methods_of_a_generic_type() {
    let mut trainer = Trainer::new(Scale { by: Param::new(scalar(5.0)) }, 3);
    assert_eq!(trainer.step(&scalar(1.0)).item::<f32>(), 10.0);
    assert_eq!(trainer.step(&scalar(2.0)).item::<f32>(), 20.0);
    let (trainer, total) = trainer.finish();
    assert_eq!((total.item::<f32>(), trainer.limit), (6.0, 0));
    assert_eq!(trainer.into_layer().by.item::<f32>(), 5.0);
}

struct Pair {
    left: Array,
    right: Array,
}
impl Pair {
    fn sum(&self) -> Array {
        &self.left + &self.right
    }
}

#[derive(Module)]
struct Point {
    x: Array,
    y: (Array, Array),
}

#[nnx::jit(graph = false)]
fn patterns(
    (a, (mut b, _)): (Array, (Array, Array)),
    Point { x, y: (y, ..) }: Point,
    [c, .., d]: [Array; 3],
    &mut (ref mut p, ref q): &mut (Param, Param),
    whole @ (_, _): (Array, Array),
    mut e: Array,
    _: &Array,
) -> Array {
    b = &b * 2.0;
    e += &whole.0;
    p.set(q.value().clone());
    let pair = Pair { left: a + b + x + y, right: c + d + e + whole.1 };
    pair.sum()
}

#[test]
fn destructuring_patterns() {
    let n = |v: f32| scalar(v);
    let mut params = (Param::new(n(1.0)), Param::new(n(2.0)));
    let y = patterns(
        (n(1.0), (n(10.0), n(0.0))),
        Point { x: n(100.0), y: (n(1000.0), n(0.0)) },
        [n(0.5), n(0.0), n(0.25)],
        &mut params,
        (n(3.0), n(4.0)),
        n(5.0),
        &n(0.0),
    );
    assert_eq!(y.item::<f32>(), 1.0 + 20.0 + 1100.0 + 0.75 + 8.0 + 4.0);
    assert_eq!(params.0.item::<f32>(), 2.0);
}

#[nnx::jit(graph = false)]
fn lifetimes<'a, 'b: 'a>(x: &'a Array, y: &'b mut Param) -> Array
where
    'b: 'a,
{
    y.set(x + 1.0);
    x * &*y
}

type Named = (Param, Array);

#[nnx::jit(graph = false)]
fn aliases(named: &mut Named) -> Option<Named> {
    let next = &named.0 + &named.1;
    named.0.set(next);
    Some((named.0.clone(), named.1.clone()))
}

#[nnx::jit(graph = false)]
fn implied(layer: &mut impl Layer, x: impl Module + AsRef<Array>) -> impl Module + AsRef<Array> {
    let y = layer.renew(x.as_ref() * 2.0);
    Wrapped(Param::new(y))
}

#[derive(Module)]
struct Wrapped(Param);

impl AsRef<Array> for Wrapped {
    fn as_ref(&self) -> &Array {
        &self.0
    }
}

#[test]
fn lifetimes_aliases_and_impl_trait() {
    let mut y = Param::new(scalar(0.0));
    assert_eq!(lifetimes(&scalar(3.0), &mut y).item::<f32>(), 12.0);
    let mut named = (Param::new(scalar(1.0)), scalar(2.0));
    assert_eq!(aliases(&mut named).unwrap().0.item::<f32>(), 3.0);
    assert_eq!(named.0.item::<f32>(), 3.0);
    let mut scale = Scale { by: Param::new(scalar(7.0)) };
    let y = implied(&mut scale, Wrapped(Param::new(scalar(4.0))));
    assert_eq!((y.as_ref().item::<f32>(), scale.by.item::<f32>()), (7.0, 8.0));
}

mod inner {
    #![deny(missing_docs, unused_must_use, unreachable_pub)]
    use nnx::{Array, Param};

    /// Documented, visible to the parent, and marked.
    #[must_use = "the sum is what it is for"]
    #[inline]
    #[nnx::jit(graph = false)]
    pub(in crate::jit_signatures) fn marked(
        #[allow(unused_variables)] unused: &Array,
        x: &Array,
    ) -> Array {
        x + 1.0
    }

    /// The attribute of jit may come first.
    #[nnx::jit(graph = false, name = "a name of its own")]
    #[allow(clippy::needless_pass_by_value)]
    #[cfg_attr(all(), allow(dead_code))]
    pub(super) fn named(r#type: &mut Param, r#in: Array) {
        let next = &*r#type + &r#in;
        r#type.set(next);
    }
}

#[test]
fn visibility_attributes_and_names() {
    assert_eq!(inner::marked(&scalar(0.0), &scalar(1.0)).item::<f32>(), 2.0);
    let mut v = Param::new(scalar(1.0));
    inner::named(&mut v, scalar(2.0));
    assert_eq!(v.item::<f32>(), 3.0);
    assert_eq!(traces("a name of its own"), 1);
    let stats = stats("a name of its own");
    assert!(stats.module.ends_with("jit_signatures::inner"), "{}", stats.module);
    let message = panic_message(|| {
        nnx::jit::assert_max_traces(0, || inner::named(&mut v, f32s(&[1.0])));
    });
    assert_says(&message, &["a name of its own: traced", "`in` is now f32[1], before f32[]"]);
}

macro_rules! jitted {
    ($($name:ident($($arg:ident),*) $by:expr;)*) => {$(
        #[nnx::jit(graph = false)]
        fn $name($($arg: &Array),*) -> Array {
            Array::scalar(0.0_f32) $(+ $arg * $by)*
        }
    )*};
}
jitted! {
    none() 1.0;
    double(a) 2.0;
    triple_sum(a, b) 3.0;
}

#[test]
fn functions_made_by_a_macro_and_without_arguments() {
    assert_eq!(none().item::<f32>(), 0.0);
    assert_eq!(none().item::<f32>(), 0.0);
    assert_eq!(double(&scalar(2.0)).item::<f32>(), 4.0);
    assert_eq!(triple_sum(&scalar(2.0), &scalar(1.0)).item::<f32>(), 9.0);
    assert_eq!(traces("none"), 1);
}

#[test]
fn a_jitted_function_is_a_function() {
    let functions: [fn(&Array) -> Array; 2] = [double, |x| triple_sum(x, x)];
    assert_eq!(functions.map(|f| f(&scalar(1.0)).item::<f32>()), [2.0, 6.0]);
    fn call<K: VariableKind>(f: impl Fn(&mut Variable<K>) -> Array) -> f32 {
        f(&mut Variable::new(scalar(5.0))).item()
    }
    #[nnx::jit(graph = false)]
    fn of_any_kind<K: VariableKind>(v: &mut Variable<K>) -> Array {
        &*v + 1.0
    }
    assert_eq!(call::<BatchStat>(of_any_kind), 6.0);
}
