//! Complex numbers as a pair of real arrays: XLA's own division of complex numbers is many times as
//! long as this one, which need not mind overflow.

use crate::array::select;
use crate::graph::Array;

#[derive(Clone)]
pub(super) struct ComplexPair {
    pub(super) re: Array,
    pub(super) im: Array,
}

impl ComplexPair {
    pub(super) fn new(re: Array, im: Array) -> Self {
        ComplexPair { re, im }
    }

    #[track_caller]
    pub(super) fn times(&self, other: &ComplexPair) -> ComplexPair {
        let re = &self.re * &other.re - &self.im * &other.im;
        ComplexPair::new(re, &self.re * &other.im + &self.im * &other.re)
    }

    /// 1 / z.
    #[track_caller]
    pub(super) fn inverse(&self) -> ComplexPair {
        let square = self.re.square() + self.im.square();
        ComplexPair::new(&self.re / &square, -(&self.im / square))
    }

    /// The principal logarithm, of large and small numbers too.
    #[track_caller]
    pub(super) fn log(&self) -> ComplexPair {
        let (x, y) = (self.re.abs(), self.im.abs());
        let (long, short) = (x.maximum(&y), x.minimum(&y));
        let log = long.log() + (short / long).square().log1p() * 0.5;
        ComplexPair::new(log, self.im.atan2(&self.re))
    }

    #[track_caller]
    pub(super) fn minus(&self, other: &ComplexPair) -> ComplexPair {
        ComplexPair::new(&self.re - &other.re, &self.im - &other.im)
    }

    #[track_caller]
    pub(super) fn select(which: &Array, yes: &ComplexPair, no: &ComplexPair) -> ComplexPair {
        ComplexPair::new(select(which, &yes.re, &no.re), select(which, &yes.im, &no.im))
    }
}
