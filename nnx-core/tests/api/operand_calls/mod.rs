//! A call of each function that takes arrays, in every form.

mod arrays;
mod learning;
mod mathematics;

/// The functions that are called.
pub(crate) fn called() -> impl Iterator<Item = &'static str> {
    [arrays::CALLED, learning::CALLED, mathematics::CALLED].concat().into_iter()
}

macro_rules! calls {
    ($key:ident $x:ident $o:ident $($file:literal { $($name:literal => $call:expr;)* })*) => {
        pub(super) const CALLED: &[&str] = &[$($(concat!($file, " ", $name)),*),*];

        /// It compiles: every function takes every form.
        #[allow(dead_code, unused_variables, reason = "the calls are there for the compiler")]
        fn call<T: crate::operands::Form>($key: &Key, $x: &Array, given: &T) {
            let $o = || given.clone();
            $($(let _ = $call;)*)*
        }
    };
}
use calls;
