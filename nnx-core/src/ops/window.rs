//! Reductions over sliding windows, and what their derivatives need: choosing by the extreme of
//! one array from another (`select_and_gather_add`) and its transpose.

use super::compare::Compare;
use super::complex::{combining_region, lexicographic};
use super::conv::{check_steps, dilated, padded, transposed_padding, windows};
use super::{Pad, Reducer, Slice, vectorized};
use crate::graph::{
    Array, Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents, one, prepend,
};
use crate::lower::{Attr, AttrName, Direction, Id, Ids, Opcode, ints};
use crate::run::bind1;
use crate::value::{Aval, DType, saturating_product};
use smallvec::smallvec;

/// XLA goes through a window one element after the other, padding included: a larger one takes minutes.
const MOST_ELEMENTS: usize = 1 << 30;

/// A sliding window, one entry per dimension of the operand.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    pub(crate) sizes: Vec<usize>,
    pub(crate) strides: Vec<usize>,
    pub(crate) padding: Vec<(i64, i64)>,
    pub(crate) base_dilation: Vec<usize>,
    pub(crate) window_dilation: Vec<usize>,
}

impl Window {
    /// Per dimension: sizes of the dilated operand and window.
    fn dilated_sizes(&self, shape: &[usize]) -> Vec<(i64, i64)> {
        (0..shape.len())
            .map(|i| {
                let operand = dilated(shape[i], self.base_dilation[i]);
                (operand, dilated(self.sizes[i], self.window_dilation[i]))
            })
            .collect()
    }

    fn infer(&self, operand: &Aval) -> Result<Aval, String> {
        let rank = operand.rank();
        let lists = [
            ("the window", self.sizes.len()),
            ("strides", self.strides.len()),
            ("padding", self.padding.len()),
            ("base_dilation", self.base_dilation.len()),
            ("window_dilation", self.window_dilation.len()),
        ];
        if let Some((name, n)) = lists.iter().find(|(_, n)| *n != rank) {
            return Err(format!("{name} has {n} entries for {operand}, which has {rank} axes"));
        }
        let zero = |list: &[usize]| list.contains(&0);
        if [&self.sizes, &self.strides, &self.base_dilation, &self.window_dilation]
            .iter()
            .any(|list| zero(list))
        {
            return Err(format!(
                "{}: window sizes, strides and dilations must be positive",
                self.params()
            ));
        }
        check_steps(&[&self.strides, &self.base_dilation, &self.window_dilation])?;
        let elements = saturating_product(&self.sizes);
        if elements > MOST_ELEMENTS {
            return Err(format!(
                "a window of {:?} has {elements} elements, the most are {MOST_ELEMENTS}",
                self.sizes
            ));
        }
        let mut shape = Vec::with_capacity(rank);
        for (i, (n, k)) in self.dilated_sizes(operand.shape()).into_iter().enumerate() {
            let padded = padded(n, k, self.padding[i])?;
            if padded < 0 {
                return Err(format!(
                    "padding {:?} cuts more than axis {i} of {operand} has",
                    self.padding[i]
                ));
            }
            shape.push(windows(padded, k, self.strides[i]));
        }
        Ok(operand.with_shape(&shape))
    }

    fn params(&self) -> String {
        format!(
            "window={:?} strides={:?} padding={:?} base_dilation={:?} window_dilation={:?}",
            self.sizes, self.strides, self.padding, self.base_dilation, self.window_dilation
        )
    }

    fn attrs(&self) -> Vec<(AttrName, Attr)> {
        vec![
            (AttrName::WindowDimensions, ints(&self.sizes)),
            (AttrName::WindowStrides, ints(&self.strides)),
            (AttrName::BaseDilations, ints(&self.base_dilation)),
            (AttrName::WindowDilations, ints(&self.window_dilation)),
            (AttrName::Padding, Attr::Pairs(self.padding.clone())),
        ]
    }

    /// The window that does not reach over a new dimension 0.
    fn batched(&self) -> Self {
        Window {
            sizes: prepend(1, &self.sizes),
            strides: prepend(1, &self.strides),
            padding: prepend((0, 0), &self.padding),
            base_dilation: prepend(1, &self.base_dilation),
            window_dilation: prepend(1, &self.window_dilation),
        }
    }

    fn has_dilation(&self) -> bool {
        self.base_dilation.iter().chain(&self.window_dilation).any(|&d| d != 1)
    }
}

/// Combines the elements in each window.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ReduceWindow {
    pub(crate) reducer: Reducer,
    pub(crate) window: Window,
}

impl Primitive for ReduceWindow {
    fn name(&self) -> &'static str {
        match self.reducer {
            Reducer::Sum => "reduce_window_sum",
            Reducer::Prod => "reduce_window_prod",
            Reducer::Max => "reduce_window_max",
            Reducer::Min => "reduce_window_min",
            Reducer::And => "reduce_window_and",
            Reducer::Or => "reduce_window_or",
        }
    }
    fn params(&self) -> String {
        self.window.params()
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        self.reducer.takes().check(ins[0].dtype())?;
        Ok(smallvec![self.window.infer(ins[0])?])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        // A scalar has one window of one element; XLA ends the process over it.
        if outs[0].rank() == 0 {
            return smallvec![ins[0]];
        }
        if let Some(out) = vectorized::reduce_window(b, self.reducer, &self.window, ins[0], outs[0])
        {
            return smallvec![out];
        }
        let dtype = outs[0].dtype();
        let init = b.literal(&Aval::scalar(dtype), &self.reducer.identity(dtype));
        let region = combining_region(b, self.reducer.opcode(), dtype);
        b.op_with_regions(
            Opcode::ReduceWindow,
            &[ins[0], init],
            outs,
            self.window.attrs(),
            vec![region],
        )
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let Some(t) = cx.tangent(0) else { return cx.zero() };
        match self.reducer {
            Reducer::Sum => cx.linear(),
            Reducer::Max | Reducer::Min => {
                let op = SelectAndGatherAdd {
                    max: self.reducer == Reducer::Max,
                    window: self.window.clone(),
                };
                cx.one(Some(bind1(op, &[t, &cx.primals[0]])))
            }
            Reducer::Prod => Err("the derivative of a window product is not available".into()),
            Reducer::And | Reducer::Or => cx.zero(),
        }
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        if self.reducer != Reducer::Sum {
            return Err("it is not linear".into());
        }
        let (ct, shape, w) = (cx.ct(), cx.aval(0).shape(), &self.window);
        let config = w
            .dilated_sizes(shape)
            .into_iter()
            .enumerate()
            .map(|(i, (n, k))| {
                let out = dilated(ct.shape()[i], w.strides[i]);
                let (low, high) = transposed_padding(n, k, out, w.padding[i]);
                (low, high, w.strides[i] as i64 - 1)
            })
            .collect();
        let spread = bind1(Pad(config), &[ct, &Array::constant_scalar(ct.dtype(), 0.0)]);
        let window = Window {
            sizes: w.sizes.clone(),
            strides: w.base_dilation.clone(),
            padding: vec![(0, 0); shape.len()],
            base_dilation: vec![1; shape.len()],
            window_dilation: w.window_dilation.clone(),
        };
        one(Some(bind1(ReduceWindow { reducer: Reducer::Sum, window }, &[&spread])))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(ReduceWindow { window: self.window.batched(), ..self.clone() })
    }
}

/// For each window of the second operand, the element of the first at the place of its extreme.
/// Linear in the first. The derivative of a window maximum.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SelectAndGatherAdd {
    /// The largest element decides, else the smallest.
    pub(crate) max: bool,
    pub(crate) window: Window,
}

/// Which of two elements comes first: `x >= y` or `x <= y`.
pub(super) fn better(b: &mut Builder, max: bool, aval: &Aval, x: Id, y: Id) -> Id {
    let direction = if max { Direction::Ge } else { Direction::Le };
    if aval.dtype().is_complex() {
        return lexicographic(b, direction, x, y);
    }
    let compare = Compare(direction);
    b.op(Opcode::Compare, &[x, y], &aval.with_dtype(DType::Bool), compare.attrs(aval.dtype()))
}

pub(super) fn extreme(max: bool) -> Reducer {
    if max { Reducer::Max } else { Reducer::Min }
}

impl Primitive for SelectAndGatherAdd {
    fn name(&self) -> &'static str {
        "select_and_gather_add"
    }
    fn params(&self) -> String {
        self.window.params()
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        if ins[0].shape() != ins[1].shape() {
            return Err(format!("{} and {} differ in shape", ins[0], ins[1]));
        }
        Ok(smallvec![self.window.infer(ins[0])?])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        if outs[0].rank() == 0 {
            return smallvec![ins[0]];
        }
        let both = [ins[0], ins[1]];
        if let Some(out) = vectorized::select_and_gather(b, self.max, &self.window, both, outs[0]) {
            return smallvec![out];
        }
        let dtype = b.aval(ins[1]).dtype();
        let (key, value) = (Aval::scalar(dtype), Aval::scalar(outs[0].dtype()));
        let worst = b.literal(&key, &extreme(self.max).identity(dtype));
        let nothing = b.literal(&value, &vec![0; value.byte_size()]);
        let region = b.region(&[&key, &value, &key, &value], |b, p| {
            let which = better(b, self.max, &key, p[0], p[2]);
            smallvec![
                b.op(Opcode::Select, &[which, p[0], p[2]], &key, vec![]),
                b.op(Opcode::Select, &[which, p[1], p[3]], &value, vec![]),
            ]
        });
        let results = b.op_with_regions(
            Opcode::ReduceWindow,
            &[ins[1], ins[0], worst, nothing],
            &[&outs[0].with_dtype(dtype), outs[0]],
            self.window.attrs(),
            vec![region],
        );
        smallvec![results[1]]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear_in(&[0])
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let Some(operand) = cx.known(1) else { return Err("its operand is not linear".into()) };
        if self.window.window_dilation.iter().any(|&d| d != 1) {
            return Err(format!(
                "window_dilation {:?} with a window maximum or minimum has no reverse derivative",
                self.window.window_dilation
            ));
        }
        let mut window = self.window.clone();
        let dilation = std::mem::replace(&mut window.base_dilation, vec![1; operand.rank()]);
        let op = SelectAndScatterAdd { max: self.max, window };
        if dilation.iter().all(|&d| d == 1) {
            return Ok(smallvec![Some(bind1(op, &[cx.ct(), operand])), None]);
        }
        let holes = dilation.iter().map(|&d| (0, 0, d as i64 - 1)).collect();
        let result = bind1(op, &[cx.ct(), &pad_worst(operand, holes, self.max)]);
        let result = bind1(
            Slice {
                start: vec![0; dilation.len()],
                limit: result.shape().to_vec(),
                stride: dilation,
            },
            &[&result],
        );
        Ok(smallvec![Some(result), None])
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(SelectAndGatherAdd { window: self.window.batched(), ..self.clone() })
    }
}

/// Pads with elements that no window chooses.
fn pad_worst(x: &Array, config: Vec<(i64, i64, i64)>, max: bool) -> Array {
    let worst = extreme(max).identity(x.dtype());
    bind1(Pad(config), &[x, &Array::constant(Aval::scalar(x.dtype()), worst)])
}

/// Adds each element of the first operand to the place of the extreme in its window of the second.
/// Linear in the first. The window has no dilation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SelectAndScatterAdd {
    pub(crate) max: bool,
    pub(crate) window: Window,
}

impl Primitive for SelectAndScatterAdd {
    fn name(&self) -> &'static str {
        "select_and_scatter_add"
    }
    fn params(&self) -> String {
        self.window.params()
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let windows = self.window.infer(ins[1])?;
        if self.window.has_dilation() || windows.shape() != ins[0].shape() {
            return Err(format!("{} does not hold one element per window of {}", ins[0], ins[1]));
        }
        Ok(smallvec![ins[1].with_dtype(ins[0].dtype())])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        if outs[0].rank() == 0 {
            return smallvec![ins[0]];
        }
        // XLA's CPU backend mishandles padding here, so pad before and cut after, as JAX does.
        let (out, operand) = (outs[0], b.aval(ins[1]));
        let dtype = operand.dtype();
        let w = &self.window;
        let source = vectorized::padded(b, ins[1], w, &extreme(self.max).identity(dtype));
        let padded = out.with_shape(b.aval(source).shape());
        let nothing = b.literal(&Aval::scalar(out.dtype()), &vec![0; out.dtype().size()]);
        let key = Aval::scalar(dtype);
        let select = b.region(&[&key; 2], |b, p| smallvec![better(b, self.max, &key, p[0], p[1])]);
        let scatter = b.binary_region(Opcode::Add, out.dtype());
        let attrs = vec![
            (AttrName::WindowDimensions, ints(&w.sizes)),
            (AttrName::WindowStrides, ints(&w.strides)),
            (AttrName::Padding, Attr::Pairs(vec![(0, 0); out.rank()])),
        ];
        let both = [ins[0], source];
        let steps = vectorized::select_and_scatter(b, self.max, w, both, operand.shape(), &padded);
        let result = match steps {
            Some(result) => result,
            None => b.op_with_regions(
                Opcode::SelectAndScatter,
                &[source, ins[0], nothing],
                &[&padded],
                attrs,
                vec![select, scatter],
            )[0],
        };
        let side = |f: fn(&(i64, i64)) -> i64| Attr::Ints(w.padding.iter().map(f).collect());
        let attrs = vec![
            (AttrName::EdgePaddingLow, side(|p| -p.0)),
            (AttrName::EdgePaddingHigh, side(|p| -p.1)),
            (AttrName::InteriorPadding, Attr::Ints(vec![0; out.rank()])),
        ];
        smallvec![b.op(Opcode::Pad, &[result, nothing], out, attrs)]
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear_in(&[0])
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let Some(operand) = cx.known(1) else { return Err("its operand is not linear".into()) };
        let op = SelectAndGatherAdd { max: self.max, window: self.window.clone() };
        Ok(smallvec![Some(bind1(op, &[cx.ct(), operand])), None])
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(SelectAndScatterAdd { window: self.window.batched(), ..self.clone() })
    }
}
