//! Discrete Fourier transforms along the last dimensions.

use crate::array::{concatenate, full};
use crate::graph::{Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents, one};
use crate::lower::{Attr, AttrName, FftKind, Id, Ids, Opcode, ints};
use crate::run::bind1;
use crate::value::Aval;
use smallvec::smallvec;

/// A transform along the last `lengths.len()` dimensions, one to three, whose sizes before (`Rfft`)
/// or after (`Irfft`) it are `lengths`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Fft {
    pub(crate) kind: FftKind,
    pub(crate) lengths: Vec<usize>,
}

impl Primitive for Fft {
    fn name(&self) -> &'static str {
        match self.kind {
            FftKind::Fft => "fft",
            FftKind::Ifft => "ifft",
            FftKind::Rfft => "rfft",
            FftKind::Irfft => "irfft",
        }
    }
    fn params(&self) -> String {
        format!("fft_lengths={:?}", self.lengths)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let (x, n) = (ins[0], self.lengths.len());
        let real = self.kind == FftKind::Rfft;
        let wide = x.dtype().is_complex() || x.dtype().complex().real() == x.dtype();
        if x.dtype().is_complex() == real || !wide {
            let what = if real { "f32 or f64" } else { "complex numbers" };
            return Err(format!("needs {what}, got {x}"));
        }
        if n == 0 || n > 3 || x.rank() < n || self.lengths.contains(&0) {
            return Err(format!("no transform of {x} over lengths {:?}", self.lengths));
        }
        let half = self.lengths[n - 1] / 2 + 1;
        let (mut given, mut made) = (self.lengths.clone(), self.lengths.clone());
        match self.kind {
            FftKind::Rfft => made[n - 1] = half,
            FftKind::Irfft => given[n - 1] = half,
            _ => {}
        }
        if x.shape()[x.rank() - n..] != given {
            return Err(format!("the last axes of {x} should be {given:?}"));
        }
        let shape = [&x.shape()[..x.rank() - n], &made].concat();
        let dtype = match self.kind {
            FftKind::Irfft => x.dtype().real(),
            _ => x.dtype().complex(),
        };
        Ok(smallvec![Aval::new(dtype, &shape)])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let attrs = vec![
            (AttrName::FftType, Attr::Case(self.kind.into())),
            (AttrName::FftLength, ints(&self.lengths)),
        ];
        smallvec![b.op(Opcode::Fft, ins, outs[0], attrs)]
    }
    fn flops(&self, ins: &[&Aval], _: &[&Aval]) -> u64 {
        let n: usize = self.lengths.iter().product();
        5 * ins[0].size() as u64 * u64::from(n.max(2).ilog2())
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear()
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(self.clone())
    }
    /// The matrix of the complex transform is symmetric; the real ones are it with a half cut off.
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let ct = cx.ct();
        let last = ct.rank() - 1;
        let n = self.lengths[self.lengths.len() - 1];
        let with = |kind| Fft { kind, lengths: self.lengths.clone() };
        one(Some(match self.kind {
            FftKind::Fft | FftKind::Ifft => bind1(self.clone(), &[ct]),
            FftKind::Rfft => {
                let mut pairs = vec![(0, 0); ct.rank()];
                pairs[last] = (0, (n - ct.shape()[last]) as i64);
                bind1(with(FftKind::Fft), &[&ct.pad(&pairs, 0)]).real()
            }
            FftKind::Irfft => {
                // Each element counts twice but those that are their own mirror.
                let half = n / 2 + 1;
                let edge = full([1], 1.0, ct.dtype());
                let twice = full([half - 1 - usize::from(n.is_multiple_of(2))], 2.0, ct.dtype());
                let mut parts = vec![&edge, &twice];
                if n.is_multiple_of(2) {
                    parts.push(&edge);
                }
                let count: usize = self.lengths.iter().product();
                let weights = concatenate(&parts, 0) / count as f64;
                bind1(with(FftKind::Rfft), &[ct]).conj() * weights
            }
        }))
    }
}
