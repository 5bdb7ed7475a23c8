//! One function at one point, checked in every way that should agree, in one compiled program.

use nnx_core::array::*;
use nnx_core::module::{Filter, Path, PathKey, VarInfo};
use nnx_core::{Array, DType, StateAxes, eval_shape, grad, in_axes, jvp, vmap};

/// Small seeded random numbers (SplitMix64), and the shape that proptest chose.
pub(crate) struct Draw {
    pub(crate) shape: Vec<usize>,
    state: u64,
}

impl Draw {
    pub(crate) fn new(shape: &[usize], seed: u64) -> Self {
        Draw { shape: shape.to_vec(), state: seed }
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn rank(&self) -> usize {
        self.shape.len()
    }

    /// In `0..n`; 0 where `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.bits() % n.max(1) as u64) as usize
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.bits() & 1 == 1
    }

    /// An axis of the shape, or the same counted from the end.
    pub(crate) fn axis(&mut self) -> isize {
        let d = self.below(self.rank()) as isize;
        if self.flag() { d } else { d - self.rank() as isize }
    }

    /// Some axes, each at most once.
    pub(crate) fn axes(&mut self) -> Vec<usize> {
        (0..self.rank()).filter(|_| self.flag()).collect()
    }

    pub(crate) fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }

    /// In `low..high`.
    pub(crate) fn float(&mut self, low: f64, high: f64) -> f64 {
        low + (self.bits() >> 11) as f64 / (1u64 << 53) as f64 * (high - low)
    }

    pub(crate) fn floats(&mut self, shape: &[usize], low: f64, high: f64) -> Array {
        let n = shape.iter().product();
        let values: Vec<f64> = (0..n).map(|_| self.float(low, high)).collect();
        Array::from_slice(&values, shape)
    }

    /// Of the drawn shape, in `low..high`.
    pub(crate) fn of(&mut self, low: f64, high: f64) -> Array {
        let shape = self.shape.clone();
        self.floats(&shape, low, high)
    }

    /// Elements so far apart, and from 0, that a small step does not change their order.
    pub(crate) fn distinct(&mut self, shape: &[usize]) -> Array {
        let n: usize = shape.iter().product();
        let values: Vec<f64> = self
            .permutation(n)
            .iter()
            .map(|&i| i as f64 * 0.13 - 0.13 * n as f64 / 2.0 + 0.031)
            .collect();
        Array::from_slice(&values, shape)
    }

    /// Integers in `low..=high`.
    pub(crate) fn ints(&mut self, shape: &[usize], low: i32, high: i32) -> Array {
        let n: usize = shape.iter().product();
        let span = (high - low + 1).max(1) as usize;
        let values: Vec<i32> = (0..n).map(|_| low + self.below(span) as i32).collect();
        Array::from_slice(&values, shape)
    }

    /// The drawn shape with some axes of size 1 and some leading axes gone: it broadcasts to it.
    pub(crate) fn smaller(&mut self) -> Vec<usize> {
        let skip = self.below(self.rank() + 1);
        let tail = self.shape[skip..].to_vec();
        tail.into_iter().map(|n| if self.flag() { 1 } else { n }).collect()
    }
}

pub(crate) type Function = Box<dyn Fn(&[Array]) -> Array>;

/// A function of f64 arrays and a point.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) args: Vec<Array>,
    pub(crate) f: Function,
    /// Up to which derivative it is checked.
    pub(crate) order: usize,
}

impl Case {
    pub(crate) fn new(
        name: impl Into<String>,
        args: Vec<Array>,
        f: impl Fn(&[Array]) -> Array + 'static,
    ) -> Self {
        Case { name: name.into(), args, f: Box::new(f), order: 2 }
    }

    /// Only values and first derivatives are compared.
    pub(crate) fn once(self) -> Self {
        Case { order: 1, ..self }
    }
}

/// `f` as one compiled program: a `vmap` that maps nothing.
pub(crate) fn program(args: &Vec<Array>, f: impl FnOnce(&Vec<Array>) -> Vec<Array>) -> Vec<Array> {
    vmap(
        |args: &Vec<Array>| f(args),
        args,
        in_axes(None::<isize>).axis_size(1).out_axes(None::<isize>),
    )
}

/// Σ ct · y.
fn dot(y: &Array, ct: &Array) -> Array {
    (y * ct).sum(..)
}

fn dots(xs: &[Array], ts: &[Array]) -> Array {
    xs.iter().zip(ts).fold(Array::scalar(0.0_f64), |sum, (x, t)| sum + dot(x, t))
}

fn shifted(xs: &[Array], ts: &[Array], h: f64) -> Vec<Array> {
    xs.iter().zip(ts).map(|(x, t)| x + t * h).collect()
}

/// Matches the element of a `Vec` of arguments.
struct Nth(usize);

impl Filter for Nth {
    fn matches(&self, path: &Path, _: &VarInfo<'_>) -> bool {
        matches!(path.keys().first(), Some(PathKey::Index(i)) if *i == self.0)
    }
}

/// Two numbers that should be the same.
struct Pair {
    what: &'static str,
    got: Array,
    want: Array,
    tolerance: f64,
}

struct Pairs(Vec<Pair>);

impl Pairs {
    fn push(&mut self, what: &'static str, got: &Array, want: &Array, tolerance: f64) {
        self.0.push(Pair { what, got: got.clone(), want: want.clone(), tolerance });
    }
}

const H: f64 = 1e-5;
/// Of central differences.
const COARSE: f64 = 2e-6;
const FINE: f64 = 1e-10;

/// Derivatives against differences and each other.
fn derivatives(f: &dyn Fn(&[Array]) -> Array, order: usize, ins: &Inputs<'_>, pairs: &mut Pairs) {
    let (x, t, ct) = (ins.x, ins.t, ins.ct);
    let slope =
        |g: &dyn Fn(&[Array]) -> Array| (g(&shifted(x, t, H)) - g(&shifted(x, t, -H))) / (2.0 * H);
    let (y, jt) = jvp(|x: &Vec<Array>| f(x), x, t);
    pairs.push("value under jvp", &y, &f(x), 0.0);
    pairs.push("jvp and differences", &jt, &slope(&|x| f(x)), COARSE);
    let gradient = |x: &Vec<Array>| grad(|x: &Vec<Array>| dot(&f(x), ct), x);
    let g = gradient(x);
    pairs.push("vjp and jvp", &dots(&g, t), &dot(&jt, ct), FINE);
    if order < 2 {
        return;
    }
    // Along a second direction, so that no symmetry hides an error. A draw checks one way, because
    // compiling takes most of the time.
    let u = ins.u;
    let forward_over_reverse = || dots(&jvp(gradient, x, t).1, u);
    match ins.way % 3 {
        0 => {
            let numeric = slope(&|x| dots(&gradient(&x.to_vec()), u));
            let second = forward_over_reverse();
            pairs.push("second derivative and differences", &second, &numeric, COARSE);
        }
        1 => {
            let rr = grad(|x: &Vec<Array>| dots(&gradient(x), t), x);
            pairs.push("reverse over reverse", &dots(&rr, u), &forward_over_reverse(), FINE);
        }
        _ => {
            let slope = |x: &Vec<Array>| jvp(|x: &Vec<Array>| f(x), x, t).1;
            let rf = grad(|x: &Vec<Array>| dot(&slope(x), ct), x);
            let ff = jvp(slope, x, u).1;
            pairs.push("reverse and forward over forward", &dots(&rf, u), &dot(&ff, ct), FINE);
        }
    }
}

/// The inputs of the program.
struct Inputs<'a> {
    x: &'a Vec<Array>,
    t: &'a Vec<Array>,
    u: &'a Vec<Array>,
    ct: &'a Array,
    /// Which second derivatives are compared.
    way: usize,
}

/// How the arguments are mapped: for each its axis, and that of the result.
struct Mapping {
    size: usize,
    axes: Vec<Option<usize>>,
    out: isize,
    of_gradient: bool,
}

impl Mapping {
    fn draw(draw: &mut Draw, args: &[Array], out: &Array) -> Self {
        let size = [2, 2, 2, 2, 2, 3, 1, 0][draw.below(8)];
        let shared =
            if args.len() > 1 && draw.flag() { draw.below(args.len()) } else { args.len() };
        let axes = args.iter().enumerate().map(|(i, x)| {
            let axis = draw.below(x.rank() + 1);
            (i != shared).then_some(axis)
        });
        Mapping {
            size,
            axes: axes.collect(),
            out: draw.below(out.rank() + 1) as isize,
            of_gradient: draw.flag(),
        }
    }

    fn stack(&self, i: usize, parts: &[Array]) -> Array {
        match self.axes[i] {
            Some(axis) => stack(&parts, axis as isize),
            None => parts[0].clone(),
        }
    }

    fn state_axes(&self) -> StateAxes {
        self.axes.iter().enumerate().fold(StateAxes::new(), |axes, (i, axis)| {
            axes.with(Nth(i), axis.map(|axis| axis as isize))
        })
    }

    /// The arguments of element `b`.
    fn element(&self, x: &[Array], b: usize) -> Vec<Array> {
        let of = |(x, axis): (&Array, &Option<usize>)| match axis {
            Some(axis) => x.slice_axis(*axis, b),
            None => x.clone(),
        };
        x.iter().zip(&self.axes).map(of).collect()
    }
}

trait SliceAxis {
    fn slice_axis(&self, axis: usize, at: usize) -> Array;
}

impl SliceAxis for Array {
    fn slice_axis(&self, axis: usize, at: usize) -> Array {
        self.moveaxis(axis as isize, 0).slice([at.into()])
    }
}

/// The batch against its elements, for values and gradients.
fn batching(
    f: &dyn Fn(&[Array]) -> Array,
    map: &Mapping,
    x: &Vec<Array>,
    ct: &Array,
    pairs: &mut Pairs,
) {
    let axes = || in_axes(map.state_axes()).axis_size(map.size);
    if map.size == 0 {
        let value = vmap(|x: &Vec<Array>| f(x), x, axes().out_axes(map.out as i32));
        let mut shape = f(&map.empty(x)).expand_dims(map.out).shape().to_vec();
        shape[map.out as usize] = 0;
        assert_eq!(value.shape(), shape, "an empty batch");
        return;
    }
    let each: Vec<Vec<Array>> = (0..map.size).map(|b| map.element(x, b)).collect();
    if map.of_gradient {
        let gradient = |x: &Vec<Array>| grad(|x: &Vec<Array>| dot(&f(x), ct), x);
        let gradients = vmap(gradient, x, axes());
        let grads: Vec<Vec<Array>> = each.iter().map(gradient).collect();
        for (i, got) in gradients.iter().enumerate() {
            let parts: Vec<&Array> = grads.iter().map(|g| &g[i]).collect();
            pairs.push("vmap of the gradient and a loop", got, &stack(&parts, 0), FINE);
        }
        return;
    }
    let value = vmap(|x: &Vec<Array>| f(x), x, axes().out_axes(map.out as i32));
    let values: Vec<Array> = each.iter().map(|x| f(x)).collect();
    let looped = stack(&values, map.out);
    pairs.push("vmap and a loop", &value, &looped, FINE);
}

impl Mapping {
    /// Arguments of the shapes of one element.
    fn empty(&self, x: &[Array]) -> Vec<Array> {
        let of = |(x, axis): (&Array, &Option<usize>)| {
            let mut shape = x.shape().to_vec();
            axis.map(|axis| shape.remove(axis));
            zeros(shape, x.dtype())
        };
        x.iter().zip(&self.axes).map(of).collect()
    }
}

fn host_difference(got: &[f64], want: &[f64], tolerance: f64) -> Option<String> {
    got.iter().zip(want).enumerate().find_map(|(i, (a, b))| {
        let same = a == b || (a.is_nan() && b.is_nan());
        let near = (a - b).abs() <= tolerance * (1.0 + b.abs());
        (!same && !near)
            .then(|| format!("element {i}: {a} is not {b}\n got {got:?}\nwant {want:?}"))
    })
}

/// Checks a case in every way; says what is wrong.
pub(crate) fn check(draw: &mut Draw, case: &Case) -> Result<(), String> {
    let f = &*case.f;
    let args = &case.args;
    let out = eval_shape(|x: &Vec<Array>| f(x), args);
    if out.dtype() != DType::F64 {
        return Err(format!("{}: the result is {}", case.name, out.aval()));
    }
    let like = |draw: &mut Draw, x: &Array| draw.floats(x.shape(), -1.0, 1.0);
    let t: Vec<Array> = args.iter().map(|x| like(draw, x)).collect();
    let u: Vec<Array> = args.iter().map(|x| like(draw, x)).collect();
    let ct = like(draw, &out);
    let way = draw.below(3);
    let map = Mapping::draw(draw, args, &out);
    // Elements of the batch differ a little, so that they stay where the function is smooth.
    let batch: Vec<Array> = (0..args.len())
        .map(|i| {
            let parts: Vec<Array> = (0..map.size.max(1))
                .map(|b| &args[i] + like(draw, &args[i]) * (b as f64 * 0.01))
                .collect();
            let x = map.stack(i, &parts);
            match map.axes[i] {
                Some(axis) if map.size == 0 => {
                    let mut shape = x.shape().to_vec();
                    shape[axis] = 0;
                    zeros(shape, DType::F64)
                }
                _ => x,
            }
        })
        .collect();

    let n = args.len();
    let all: Vec<Array> =
        [args.as_slice(), &t, &u, &[ct], &batch].into_iter().flatten().cloned().collect();
    let mut described: Vec<(&'static str, f64)> = Vec::new();
    let outs = program(&all, |all| {
        let part = |i: usize| all[i * n..(i + 1) * n].to_vec();
        let (x, t, u) = (part(0), part(1), part(2));
        let (ct, batch) = (&all[3 * n], all[3 * n + 1..].to_vec());
        let mut pairs = Pairs(Vec::new());
        derivatives(f, case.order, &Inputs { x: &x, t: &t, u: &u, ct, way }, &mut pairs);
        batching(f, &map, &batch, ct, &mut pairs);
        let mut outs = Vec::new();
        for pair in pairs.0 {
            assert_eq!(pair.got.aval(), pair.want.aval(), "{}: {}", case.name, pair.what);
            described.push((pair.what, pair.tolerance));
            outs.extend([pair.got, pair.want]);
        }
        outs
    });
    for ((what, tolerance), pair) in described.iter().zip(outs.chunks(2)) {
        let (got, want) = (pair[0].to_vec::<f64>(), pair[1].to_vec::<f64>());
        if let Some(text) = host_difference(&got, &want, *tolerance) {
            let avals: Vec<String> = args.iter().map(|x| x.aval().to_string()).collect();
            return Err(format!("{} of {}: {what}: {text}", case.name, avals.join(", ")));
        }
        if got.iter().any(|v| !v.is_finite()) {
            return Err(format!("{}: {what}: not finite: {got:?}", case.name));
        }
    }
    Ok(())
}

/// The operations one by one against the compiled program of all of them.
pub(crate) fn eager(case: &Case) -> Result<(), String> {
    let f = &*case.f;
    let at_once = f(&case.args);
    let compiled = &program(&case.args, |x| vec![f(x)])[0];
    assert_eq!(at_once.aval(), compiled.aval(), "{}", case.name);
    match host_difference(&at_once.to_vec::<f64>(), &compiled.to_vec::<f64>(), 1e-13) {
        Some(text) => Err(format!("{}: eager and compiled: {text}", case.name)),
        None => Ok(()),
    }
}
