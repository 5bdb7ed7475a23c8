//! Expansions as reviewed snapshots. After a change: `INSTA_UPDATE=always cargo test -p nnx-derive`
//! and read the difference.

use nnx_macro_support::text::length;
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

/// Every user's compiler reads the expansions, so their length is held. When each walk was written out, they
/// were 1305 and 1177 tokens long.
#[test]
fn expansions_are_short() {
    let structure = super::derive(&parse_quote! {
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
    });
    let enumeration = super::derive(&parse_quote! {
        enum Layer {
            Linear { kernel: Param, #[module(rename = "b")] bias: Option<Param> },
            Scale(Param, #[module(skip)] Note, #[module(static)] Config),
            Flatten,
        }
    });
    let lengths = [structure, enumeration].map(length);
    assert!(lengths[0] <= 135 && lengths[1] <= 175, "{lengths:?}");
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

/// Whatever is in `path!`, its expansion is a constant's value or errors at their places.
#[test]
fn any_tokens_may_stand_in_a_path() {
    const PARTS: [&str; 24] = [
        "Model",
        "Block<M>",
        ":",
        ":",
        ".",
        ".",
        "*",
        "[",
        "]",
        "[*]",
        "[0]",
        "[\"a key\"]",
        "layers",
        "r#type",
        "0",
        "1.2",
        "1.",
        "-1",
        "0x1u8",
        "self",
        "::",
        "()",
        "\"text\"",
        "9999999999999999999999",
    ];
    let (mut seed, mut parsed) = (0_u64, 0);
    let mut below = |n: usize| {
        // SplitMix64.
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    };
    for _ in 0..5000 {
        let start = ["krate Model: layers", "krate Model: ", "krate ", ""][below(4)];
        let parts: Vec<&str> = (0..below(7)).map(|_| PARTS[below(PARTS.len())]).collect();
        let text = format!("{start}{}", parts.concat());
        let Ok(tokens) = text.parse::<proc_macro2::TokenStream>() else { continue };
        let expansion = crate::path::expand(tokens);
        let item = quote::quote!(const PATH: PathPattern = #expansion;);
        assert!(syn::parse2::<syn::File>(item).is_ok(), "{text}: {expansion}");
        parsed += 1;
    }
    assert!(parsed > 1000, "{parsed}");
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
