//! Modules and jitted functions that a macro of the user's makes.
use nnx::{Array, Module, Param};

macro_rules! module {
    ($name:ident { $($field:ident: $ty:ty),* }) => {
        #[derive(Module)]
        struct $name {
            $($field: $ty),*
        }
    };
}

module!(WithADuration { kernel: Param, since: std::time::Duration });
//~ module!(WithADuration { kernel: Param, since: u64 });

module!(Borrowed { kernel: &'static Param });
//~ module!(Borrowed { kernel: Param });

macro_rules! step {
    ($name:ident, $ty:ty) => {
        #[nnx::jit(graph = false)]
        fn $name(x: &Array, n: $ty) -> Array {
            let _ = n;
            x.sum(..)
        }
    };
}

step!(float, f32);
//~ step!(float, &Array);

step!(reference, &str);
//~ step!(reference, &'static str);
//~2 step!(reference, String);

fn main() {}
