use std::borrow::Borrow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The shape of an array. All elements are `f64`.
type Aval = Vec<usize>;

#[derive(Clone)]
enum Array {
    Device(Arc<Buffer>),
    Traced(Arc<Traced>),
}

struct Buffer {
    aval: Aval,
    elements: Vec<f64>,
}

/// A value of a trace that is, or was, running.
struct Traced {
    trace: u64,
    value: Value,
    aval: Aval,
}

impl Array {
    fn from_slice(elements: &[f64], shape: &[usize]) -> Array {
        assert_eq!(elements.len(), shape.iter().product(), "elements of an array of {shape:?}");
        Array::Device(Arc::new(Buffer { aval: shape.to_vec(), elements: elements.to_vec() }))
    }

    fn scalar(element: f64) -> Array {
        Array::from_slice(&[element], &[])
    }

    fn zeros(shape: &[usize]) -> Array {
        Array::from_slice(&vec![0.0; shape.iter().product()], shape)
    }

    fn aval(&self) -> &Aval {
        match self {
            Array::Device(buffer) => &buffer.aval,
            Array::Traced(traced) => &traced.aval,
        }
    }

    fn buffer(&self) -> &Buffer {
        match self {
            Array::Device(buffer) => buffer,
            Array::Traced(_) => panic!("a traced value has a shape, but no elements"),
        }
    }

    fn to_vec(&self) -> Vec<f64> {
        self.buffer().elements.clone()
    }

    /// Clones have the same, other arrays don't.
    fn identity(&self) -> (u64, usize) {
        match self {
            Array::Device(buffer) => (0, Arc::as_ptr(buffer).addr()),
            Array::Traced(traced) => (traced.trace, traced.value.0),
        }
    }
}

/// A tangent or cotangent; `None` is a zero that needs no array.
type Tangent = Option<Array>;

/// An operand of an operation that is transposed.
enum Lin {
    Known(Array),
    /// One that the operation is linear in, of which only the shape is known.
    Linear(Aval),
}

trait Primitive: fmt::Debug + Send + Sync + 'static {
    /// The shape of the result, or which rule the operands break.
    fn infer(&self, ins: &[Aval]) -> Result<Aval, String>;

    /// The elements of the result, which has the shape `out`.
    fn eval(&self, ins: &[&Buffer], out: &Aval) -> Vec<f64>;

    /// The result and its tangent, for operands of which one at least has a tangent.
    fn jvp(&self, primals: &[Array], tangents: &[Tangent]) -> (Array, Tangent);

    /// The cotangents of the operands that are `Lin::Linear`, from the result's.
    fn transpose(&self, _ins: &[Lin], _ct: &Array) -> Vec<Tangent> {
        panic!("{self:?} is not linear")
    }

    /// The results for a batch of `size`. It lies along dimension 0 of the `batched` operands, of
    /// which there is one at least, and along dimension 0 of the result.
    fn batch(&self, ins: &[Array], batched: &[bool], size: usize) -> Array;
}

type Op = Arc<dyn Primitive>;

/// A value of a graph, by its number.
#[derive(Clone, Copy, PartialEq)]
struct Value(usize);

/// One application of a primitive.
struct Node {
    op: Op,
    ins: Vec<Value>,
    out: Value,
}

#[derive(Default)]
struct Graph {
    /// The shape of each value.
    avals: Vec<Aval>,
    inputs: Vec<Value>,
    nodes: Vec<Node>,
    outputs: Vec<Value>,
}

impl Graph {
    fn value(&mut self, aval: &Aval) -> Value {
        self.avals.push(aval.clone());
        Value(self.avals.len() - 1)
    }

    fn input(&mut self, aval: &Aval) -> Value {
        let value = self.value(aval);
        self.inputs.push(value);
        value
    }

    fn eliminate_dead_code(&mut self) {
        let mut live = vec![false; self.avals.len()];
        self.outputs.iter().for_each(|v| live[v.0] = true);
        for node in self.nodes.iter().rev() {
            if live[node.out.0] {
                node.ins.iter().for_each(|v| live[v.0] = true);
            }
        }
        self.nodes.retain(|node| live[node.out.0]);
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            |values: &[Value]| values.iter().map(|v| format!(" v{}", v.0)).collect::<String>();
        writeln!(f, "inputs{}", names(&self.inputs))?;
        for Node { op, ins, out } in &self.nodes {
            writeln!(f, "  v{}: {:?} = {op:?}{}", out.0, self.avals[out.0], names(ins))?;
        }
        write!(f, "outputs{}", names(&self.outputs))
    }
}

/// A trace that is running.
struct Frame {
    trace: u64,
    graph: Graph,
    /// Arrays from outside of the trace, each with the input that stands for it.
    captures: Vec<(Array, Value)>,
}

thread_local! {
    static STACK: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

static NEXT_TRACE: AtomicU64 = AtomicU64::new(1);

/// A graph whose last inputs are bound to arrays from outside.
struct Closed {
    graph: Graph,
    captures: Vec<Array>,
}

fn traced(trace: u64, value: Value, aval: &Aval) -> Array {
    Array::Traced(Arc::new(Traced { trace, value, aval: aval.clone() }))
}

/// Records the operations that `body` applies to inputs of the shapes `avals`.
fn trace(avals: &[Aval], body: impl FnOnce(&[Array]) -> Vec<Array>) -> Closed {
    let trace = NEXT_TRACE.fetch_add(1, Ordering::Relaxed);
    let mut graph = Graph::default();
    let args: Vec<_> = avals.iter().map(|a| traced(trace, graph.input(a), a)).collect();
    STACK.with_borrow_mut(|stack| stack.push(Frame { trace, graph, captures: vec![] }));
    let outputs = body(&args);
    STACK.with_borrow_mut(|stack| {
        let outputs = outputs.iter().map(|array| lift(stack, array)).collect();
        let Some(Frame { mut graph, captures, .. }) = stack.pop() else { unreachable!() };
        graph.outputs = outputs;
        graph.eliminate_dead_code();
        Closed { graph, captures: captures.into_iter().map(|(array, _)| array).collect() }
    })
}

/// The value that stands for `array` in the innermost trace.
fn lift(stack: &mut [Frame], array: &Array) -> Value {
    let [outer @ .., frame] = stack else { unreachable!("a trace is running") };
    if let Array::Traced(t) = array {
        if t.trace == frame.trace {
            return t.value;
        }
        let is_running = outer.iter().any(|frame| frame.trace == t.trace);
        assert!(is_running, "a traced value escaped from its trace: return it from the function");
    }
    let known = frame.captures.iter().find(|(known, _)| known.identity() == array.identity());
    if let Some((_, value)) = known {
        return *value;
    }
    let value = frame.graph.input(array.aval());
    frame.captures.push((array.clone(), value));
    value
}

/// Applies `op`: recorded if a trace runs, carried out at once otherwise.
fn bind_op(op: Op, ins: &[&Array]) -> Array {
    let avals: Vec<Aval> = ins.iter().map(|array| array.aval().clone()).collect();
    let aval = op.infer(&avals).unwrap_or_else(|why| panic!("{op:?}: {why}"));
    STACK.with_borrow_mut(|stack| {
        if stack.is_empty() {
            let buffers: Vec<&Buffer> = ins.iter().map(|array| array.buffer()).collect();
            return Array::from_slice(&op.eval(&buffers, &aval), &aval);
        }
        let ins = ins.iter().map(|array| lift(stack, array)).collect();
        let Some(Frame { trace, graph, .. }) = stack.last_mut() else { unreachable!() };
        let out = graph.value(&aval);
        graph.nodes.push(Node { op, ins, out });
        traced(*trace, out, &aval)
    })
}

fn bind(op: impl Primitive, ins: &[&Array]) -> Array {
    bind_op(Arc::new(op), ins)
}

#[derive(Clone, Copy, Debug)]
enum Unary {
    Neg,
    Exp,
    Tanh,
}

impl Primitive for Unary {
    fn infer(&self, ins: &[Aval]) -> Result<Aval, String> {
        Ok(ins[0].clone())
    }
    fn eval(&self, ins: &[&Buffer], _: &Aval) -> Vec<f64> {
        let f: fn(f64) -> f64 = match self {
            Unary::Neg => |x| -x,
            Unary::Exp => f64::exp,
            Unary::Tanh => f64::tanh,
        };
        ins[0].elements.iter().map(|&x| f(x)).collect()
    }
    fn jvp(&self, primals: &[Array], tangents: &[Tangent]) -> (Array, Tangent) {
        let y = bind(*self, &[&primals[0]]);
        let tangent = tangents[0].as_ref().map(|t| match self {
            Unary::Neg => -t,
            Unary::Exp => t * &y,
            Unary::Tanh => t - t * &y * &y,
        });
        (y, tangent)
    }
    fn transpose(&self, _: &[Lin], ct: &Array) -> Vec<Tangent> {
        match self {
            Unary::Neg => vec![Some(-ct)],
            Unary::Exp | Unary::Tanh => panic!("{self:?} is not linear"),
        }
    }
    fn batch(&self, ins: &[Array], _: &[bool], _: usize) -> Array {
        bind(*self, &[&ins[0]])
    }
}

#[derive(Clone, Copy, Debug)]
enum Binary {
    Add,
    Mul,
}

fn add_tangents(a: Tangent, b: Tangent) -> Tangent {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

/// `array` repeated along a new dimension 0, unless it is a batch already.
fn repeated(array: &Array, batched: bool, size: usize) -> Array {
    match batched {
        true => array.clone(),
        false => bind(Broadcast { dim: 0, size }, &[array]),
    }
}

impl Primitive for Binary {
    fn infer(&self, ins: &[Aval]) -> Result<Aval, String> {
        match ins[0] == ins[1] {
            true => Ok(ins[0].clone()),
            false => Err(format!("the shapes {:?} and {:?} differ", ins[0], ins[1])),
        }
    }
    fn eval(&self, ins: &[&Buffer], _: &Aval) -> Vec<f64> {
        let f: fn(f64, f64) -> f64 = match self {
            Binary::Add => |x, y| x + y,
            Binary::Mul => |x, y| x * y,
        };
        ins[0].elements.iter().zip(&ins[1].elements).map(|(&x, &y)| f(x, y)).collect()
    }
    fn jvp(&self, primals: &[Array], tangents: &[Tangent]) -> (Array, Tangent) {
        let (x, y) = (&primals[0], &primals[1]);
        let (dx, dy) = (tangents[0].clone(), tangents[1].clone());
        let tangent = match self {
            Binary::Add => add_tangents(dx, dy),
            Binary::Mul => add_tangents(dx.map(|t| t * y), dy.map(|t| x * t)),
        };
        (bind(*self, &[x, y]), tangent)
    }
    fn transpose(&self, ins: &[Lin], ct: &Array) -> Vec<Tangent> {
        match (self, &ins[0], &ins[1]) {
            (Binary::Add, Lin::Linear(_), Lin::Linear(_)) => vec![Some(ct.clone()); 2],
            (Binary::Mul, Lin::Linear(_), Lin::Known(y)) => vec![Some(ct * y), None],
            (Binary::Mul, Lin::Known(x), Lin::Linear(_)) => vec![None, Some(x * ct)],
            _ => panic!("{self:?} is not linear in these operands"),
        }
    }
    fn batch(&self, ins: &[Array], batched: &[bool], size: usize) -> Array {
        let [x, y] = [0, 1].map(|i| repeated(&ins[i], batched[i], size));
        bind(*self, &[&x, &y])
    }
}

/// Sums over dimension `dim`, which vanishes.
#[derive(Clone, Copy, Debug)]
struct ReduceSum {
    dim: usize,
}

/// Repeats `size` times along a new dimension `dim`.
#[derive(Clone, Copy, Debug)]
struct Broadcast {
    dim: usize,
    size: usize,
}

/// The tangent rule of an operation that is linear in its only operand.
fn linear<P>(op: &P, primals: &[Array], tangents: &[Tangent]) -> (Array, Tangent)
where
    P: Primitive + Clone,
{
    let apply = |x: &Array| bind(op.clone(), &[x]);
    (apply(&primals[0]), tangents[0].as_ref().map(apply))
}

impl Primitive for ReduceSum {
    fn infer(&self, ins: &[Aval]) -> Result<Aval, String> {
        let (mut aval, dim) = (ins[0].clone(), self.dim);
        if dim >= aval.len() {
            return Err(format!("{aval:?} has no dimension {dim}"));
        }
        aval.remove(dim);
        Ok(aval)
    }
    fn eval(&self, ins: &[&Buffer], out: &Aval) -> Vec<f64> {
        let (size, inner) = (ins[0].aval[self.dim], out[self.dim..].iter().product::<usize>());
        let at = |i: usize, k: usize| ins[0].elements[(i / inner * size + k) * inner + i % inner];
        (0..out.iter().product()).map(|i| (0..size).map(|k| at(i, k)).sum()).collect()
    }
    fn jvp(&self, primals: &[Array], tangents: &[Tangent]) -> (Array, Tangent) {
        linear(self, primals, tangents)
    }
    fn transpose(&self, ins: &[Lin], ct: &Array) -> Vec<Tangent> {
        let Lin::Linear(aval) = &ins[0] else { unreachable!("it is the only operand") };
        vec![Some(bind(Broadcast { dim: self.dim, size: aval[self.dim] }, &[ct]))]
    }
    fn batch(&self, ins: &[Array], _: &[bool], _: usize) -> Array {
        ins[0].sum(self.dim + 1)
    }
}

impl Primitive for Broadcast {
    fn infer(&self, ins: &[Aval]) -> Result<Aval, String> {
        let (mut aval, dim) = (ins[0].clone(), self.dim);
        if dim > aval.len() {
            return Err(format!("{aval:?} has no place for a dimension {dim}"));
        }
        aval.insert(dim, self.size);
        Ok(aval)
    }
    fn eval(&self, ins: &[&Buffer], out: &Aval) -> Vec<f64> {
        let inner: usize = out[self.dim + 1..].iter().product();
        let at = |i: usize| ins[0].elements[i / (inner * self.size) * inner + i % inner];
        (0..out.iter().product()).map(at).collect()
    }
    fn jvp(&self, primals: &[Array], tangents: &[Tangent]) -> (Array, Tangent) {
        linear(self, primals, tangents)
    }
    fn transpose(&self, _: &[Lin], ct: &Array) -> Vec<Tangent> {
        vec![Some(ct.sum(self.dim))]
    }
    fn batch(&self, ins: &[Array], _: &[bool], _: usize) -> Array {
        bind(Broadcast { dim: self.dim + 1, ..*self }, &[&ins[0]])
    }
}

impl Array {
    fn exp(&self) -> Array {
        bind(Unary::Exp, &[self])
    }

    fn tanh(&self) -> Array {
        bind(Unary::Tanh, &[self])
    }

    fn sum(&self, dim: usize) -> Array {
        bind(ReduceSum { dim }, &[self])
    }

    /// Repeats along the dimensions of `shape` that come before those of `self`.
    fn broadcast_to(&self, shape: &Aval) -> Array {
        let new = &shape[..shape.len().saturating_sub(self.aval().len())];
        new.iter().rev().fold(self.clone(), |array, &n| repeated(&array, false, n))
    }
}

/// The operand of fewer dimensions is repeated along the first ones of the other.
fn binary(op: Binary, x: &Array, y: &Array) -> Array {
    bind(op, &[&x.broadcast_to(y.aval()), &y.broadcast_to(x.aval())])
}

macro_rules! operators {
    ($($operator:ident $method:ident |$x:ident, $y:ident| $result:expr;)*) => { $(
        impl<B: Borrow<Array>> $operator<B> for &Array {
            type Output = Array;
            fn $method(self, other: B) -> Array {
                let ($x, $y) = (self, other.borrow());
                $result
            }
        }
        impl<B: Borrow<Array>> $operator<B> for Array {
            type Output = Array;
            fn $method(self, other: B) -> Array {
                (&self).$method(other)
            }
        }
    )* };
}

operators! {
    Add add |x, y| binary(Binary::Add, x, y);
    Sub sub |x, y| binary(Binary::Add, x, &-y);
    Mul mul |x, y| binary(Binary::Mul, x, y);
}

impl Neg for &Array {
    type Output = Array;
    fn neg(self) -> Array {
        bind(Unary::Neg, &[self])
    }
}

#[test]
fn a_function_runs_or_becomes_a_graph() {
    let c = Array::scalar(3.0);
    let f = |x: &[Array]| vec![(&c * &x[0] * &x[0]).sum(0)];

    let x = Array::from_slice(&[1.0, 2.0], &[2]);
    assert_eq!(f(&[x])[0].to_vec(), [15.0]);

    let Closed { graph, captures } = trace(&[vec![2]], f);
    let expected = "\
inputs v0 v1
  v2: [2] = Broadcast { dim: 0, size: 2 } v1
  v3: [2] = Mul v2 v0
  v4: [2] = Mul v3 v0
  v5: [] = ReduceSum { dim: 0 } v4
outputs v5";
    assert_eq!(graph.to_string(), expected);
    assert!(captures[0].identity() == c.identity());
}

#[test]
#[should_panic(expected = "a traced value escaped")]
fn a_traced_value_stays_in_its_trace() {
    let mut kept = vec![];
    trace(&[vec![2]], |x| {
        kept = x.to_vec();
        vec![]
    });
    trace(&[], |_| vec![kept[0].exp()]);
}
