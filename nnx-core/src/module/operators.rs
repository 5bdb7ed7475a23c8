//! Variables in arithmetic: the operators of the arrays that they hold.

use super::{Variable, VariableKind};
use crate::array::Operand;
use crate::graph::Array;
use crate::value::{DType, PromotionKind};
use std::ops;

impl<K: VariableKind> Operand for Variable<K> {
    #[track_caller]
    fn kind(&self) -> PromotionKind {
        self.value().kind()
    }
    #[track_caller]
    fn array(&self, dtype: DType) -> Array {
        self.astype(dtype)
    }
}

macro_rules! binary {
    ($($trait:ident $method:ident $op:tt;)*) => {$(
        impl<K: VariableKind, R: Operand> ops::$trait<R> for &Variable<K> {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: R) -> Array { self.value() $op rhs }
        }
        binary!(@scalar $trait $method $op; f64 i32);
    )*};
    (@scalar $trait:ident $method:ident $op:tt; $($t:ty)*) => {$(
        impl<K: VariableKind> ops::$trait<&Variable<K>> for $t {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: &Variable<K>) -> Array { self $op rhs.value() }
        }
    )*};
}

binary! {
    Add add +;
    Sub sub -;
    Mul mul *;
    Div div /;
    Rem rem %;
    BitAnd bitand &;
    BitOr bitor |;
    BitXor bitxor ^;
    Shl shl <<;
    Shr shr >>;
}

impl<K: VariableKind> ops::Neg for &Variable<K> {
    type Output = Array;
    #[track_caller]
    fn neg(self) -> Array {
        -self.value()
    }
}

impl<K: VariableKind> ops::Not for &Variable<K> {
    type Output = Array;
    #[track_caller]
    fn not(self) -> Array {
        !self.value()
    }
}
