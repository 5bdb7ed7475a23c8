//! Expansions as reviewed snapshots. After a change: `INSTA_UPDATE=always cargo test -p nnx-derive`
//! and read the difference.

use quote::ToTokens;
use syn::{DeriveInput, parse_quote};

fn expand(input: DeriveInput) -> String {
    match syn::parse2(super::derive(&input)) {
        Ok(file) => {
            format!("{}\n{}", item(&input), prettyplease::unparse(&file))
        }
        Err(error) => format!("the expansion does not parse: {error}"),
    }
}

/// The item itself, as a comment above its expansion.
fn item(input: &DeriveInput) -> String {
    let text = match syn::parse2(input.to_token_stream()) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => error.to_string(),
    };
    text.lines().map(|line| format!("// {line}\n")).collect()
}

#[test]
fn path() {
    let tokens = quote::quote!(krate Block<M>: layers[*].r#type[0]["a key"].3.4.*);
    let expansion = crate::path::expand(tokens);
    let expansion = match syn::parse2(quote::quote!(const PATH: PathPattern = #expansion;)) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => format!("the expansion does not parse: {error}"),
    };
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("path", expansion);
    });
}

macro_rules! snapshots {
    ($($name:ident { $($item:tt)* })*) => {$(
        #[test]
        fn $name() {
            let expansion = expand(parse_quote!($($item)*));
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(stringify!($name), expansion);
            });
        }
    )*};
}

snapshots! {
    named_struct {
        pub struct Linear {
            pub kernel: Param,
            pub bias: Option<Param>,
            features: usize,
            #[module(static)]
            init: Init,
            #[module(static, rename = "eps")]
            epsilon: f32,
            #[module(skip)]
            note: String,
            r#type: Param,
        }
    }
    tuple_struct {
        struct Pair(Param, #[module(rename = "second")] Vec<Param>, #[module(static)] Config);
    }
    unit_struct {
        struct Unit;
    }
    lifetime {
        struct Borrowed<'a, T> {
            inner: T,
        }
    }
    generics {
        struct Block<T: Debug, K: VariableKind, F = fn(usize), const N: usize = 2>
        where
            T: Display,
        {
            inner: Vec<(T, Option<T>)>,
            variable: [Variable<K>; N],
            assoc: T::Layer,
            tag: PhantomData<K>,
            #[module(static)]
            function: F,
            #[module(skip)]
            note: Option<F>,
        }
    }
    enumeration {
        enum Layer {
            Linear { kernel: Param, #[module(rename = "b")] bias: Option<Param> },
            Scale(Param, #[module(skip)] Note, #[module(static)] Config),
            Flatten,
        }
    }
    empty_enum {
        enum Never {}
    }
    recursive_enum {
        enum Tree<T> {
            Leaf(T),
            Node(Vec<Tree<T>>),
            Boxed { inner: Option<Box<Self>> },
        }
    }
    recursive_mark {
        struct Block<T> {
            kernel: T,
            #[module(recursive)]
            inner: Option<(Box<Encoder<T>>, Vec<Alias>, usize)>,
            other: Vec<crate::blocks::Block<T>>,
        }
    }
    other_crate {
        #[module(crate = crate::reexported::nnx)]
        struct Unit;
    }
    all_errors_and_a_placeholder {
        struct Wrong<T> where T: Clone {
            #[module(static, skip)]
            a: usize,
            b: Vec<Rc<T>>,
            #[module(renamed = "c")]
            c: &'static Param,
        }
    }
    union_of_fields {
        union Either {
            a: f32,
            b: u32,
        }
    }
}
