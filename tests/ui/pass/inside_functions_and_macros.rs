//! Items inside functions, not in a module, and items that a macro writes.
use nnx::{Module, Param};

macro_rules! layer {
    ($(#[$meta:meta])* $name:ident<$p:ident> { $($field:ident: $ty:ty),* $(,)? } as $rename:literal) => {
        $(#[$meta])*
        #[derive(Module)]
        struct $name<$p> {
            $($field: $ty,)*
            #[module(rename = $rename)]
            last: $p,
        }
    };
}

layer!(
    /// Made by a macro.
    Made<T> { kernel: Param, layers: Vec<(T, Option<Param>)>, width: usize } as "tail"
);

fn generic<T: Module>() -> usize {
    #[derive(Module)]
    struct Local<T> {
        kernel: Param,
        inner: T,
    }
    Local::<T>::SCHEMA.variables().count()
}

fn main() {
    #[derive(Module)]
    struct Linear {
        kernel: Param,
    }
    let count = {
        #[derive(Module)]
        enum Layer {
            Linear(Linear),
        }
        Layer::SCHEMA.variables().count()
    };
    assert_eq!(count, 1);
    assert_eq!(generic::<Linear>(), 2);
    let names: Vec<String> = Made::<Param>::SCHEMA.variables().map(|v| v.path.to_string()).collect();
    assert_eq!(names, ["kernel", "layers[*][0]", "layers[*][1]", "tail"]);
}
