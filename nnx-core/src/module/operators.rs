//! Variables in arithmetic: the operators of the arrays that they hold.

use super::{Variable, VariableKind};
use crate::array::{AsArray, Operand, OptionalArray};
use crate::graph::Array;
use crate::value::{DType, PromotionKind};
use std::ops;

#[diagnostic::do_not_recommend]
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

#[diagnostic::do_not_recommend]
impl<K: VariableKind> AsArray for Variable<K> {
    fn as_array(&self) -> &Array {
        self.value()
    }
}

#[diagnostic::do_not_recommend]
impl<K: VariableKind> OptionalArray for Variable<K> {
    fn optional(&self) -> Option<&Array> {
        Some(self.value())
    }
}

macro_rules! binary {
    ($($trait:ident $method:ident $op:tt $assign:ident $assign_method:ident;)*) => {$(
        impl<K: VariableKind, R: Operand> ops::$trait<R> for Variable<K> {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: R) -> Array { self.value() $op rhs }
        }
        /// Sets the Variable, to what its value and the operand give.
        impl<K: VariableKind, R: Operand> ops::$assign<R> for Variable<K> {
            #[track_caller]
            fn $assign_method(&mut self, rhs: R) { self.set(self.value() $op rhs) }
        }
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
        impl<K: VariableKind> ops::$trait<Variable<K>> for $t {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: Variable<K>) -> Array { self $op rhs.value() }
        }
    )*};
}

binary! {
    Add add + AddAssign add_assign;
    Sub sub - SubAssign sub_assign;
    Mul mul * MulAssign mul_assign;
    Div div / DivAssign div_assign;
    Rem rem % RemAssign rem_assign;
    BitAnd bitand & BitAndAssign bitand_assign;
    BitOr bitor | BitOrAssign bitor_assign;
    BitXor bitxor ^ BitXorAssign bitxor_assign;
    Shl shl << ShlAssign shl_assign;
    Shr shr >> ShrAssign shr_assign;
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

impl<K: VariableKind> ops::Neg for Variable<K> {
    type Output = Array;
    #[track_caller]
    fn neg(self) -> Array {
        -self.value()
    }
}

impl<K: VariableKind> ops::Not for Variable<K> {
    type Output = Array;
    #[track_caller]
    fn not(self) -> Array {
        !self.value()
    }
}
