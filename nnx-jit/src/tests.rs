//! Expansions as reviewed snapshots. After a change: `INSTA_UPDATE=always cargo test -p nnx-jit`
//! and read the difference.

use proc_macro2::TokenStream;
use quote::quote;

fn expand(attribute: TokenStream, item: TokenStream) -> String {
    let expansion = super::expand(attribute.clone(), item.clone());
    format!("// #[nnx::jit({attribute})]\n{}\n{}", commented(&pretty(item)), pretty(expansion))
}

fn pretty(tokens: TokenStream) -> String {
    match syn::parse2(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        Err(_) => match syn::parse2(quote!(impl Module { #tokens })) {
            Ok(file) => prettyplease::unparse(&file),
            Err(error) => format!("this does not parse: {error}\n{tokens}"),
        },
    }
}

fn commented(text: &str) -> String {
    text.lines().map(|line| format!("// {line}\n")).collect()
}

/// Every user's compiler reads the expansions, so their length is held. Before the templates, this one was 871
/// tokens long.
#[test]
fn expansions_are_short() {
    let expansion = super::expand(
        quote!(graph = false),
        quote! {
            /// Documented.
            #[must_use]
            pub fn step(model: &mut Model, x: Array, depth: usize) -> Array {
                model.forward(&x, depth)
            }
        },
    );
    let length = nnx_macro_support::text::length(expansion);
    assert!(length <= 350, "{length}");
}

macro_rules! snapshots {
    ($($name:ident { #[nnx::jit($($attribute:tt)*)] $($item:tt)* })*) => {$(
        #[test]
        fn $name() {
            let expansion = expand(quote!($($attribute)*), quote!($($item)*));
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(stringify!($name), expansion);
            });
        }
    )*};
}

snapshots! {
    function {
        #[nnx::jit(graph = false)]
        /// Documented.
        #[must_use]
        pub fn step(model: &mut Model, x: Array, depth: usize) -> Array {
            model.forward(&x, depth)
        }
    }
    no_parameters_and_no_result {
        #[nnx::jit(graph = false)]
        fn nothing() {}
    }
    options {
        #[nnx::jit(
            graph = false, donate = false, device = 1, inline = false, keep_unused = true,
            compiler_options(xla_fast = true, level = -1, factor = 0.5, r#type = "a,b"),
            name = "other", static(config), crate = crate::reexported::nnx
        )]
        fn step(config: Config, #[nnx(static)] rate: f32, #[nnx(static)] mode: &'static str) {}
    }
    method {
        #[nnx::jit(graph = false)]
        fn forward(&self, x: &Array) -> nnx::Result<Array> {
            println!("{self:?} {}", self.width);
            Ok(x * &self.kernel)
        }
    }
    consuming_method {
        #[nnx::jit(graph = false)]
        fn finish(mut self) -> Self {
            self.kernel = self::zero();
            self
        }
    }
    generics {
        #[nnx::jit(graph = false)]
        fn generic<'a, T: Module, const N: usize>(
            block: &'a Block<T>,
            list: &Vec<T>,
            arrays: [Array; N],
            pair: (Option<Head>, [Array; 2]),
        ) -> Result<Vec<Head>, Error>
        where
            T: Layer,
        {
            block.forward(list)
        }
    }
    impl_trait {
        #[nnx::jit(graph = false)]
        fn impl_trait(a: &impl Module, b: &mut impl Module, #[nnx(static)] c: impl Hash) -> impl Module {
            make(a, b, c)
        }
    }
    patterns {
        #[nnx::jit(graph = false)]
        fn patterns((a, mut b): (Array, Array), #[allow(unused)] _: &Array, mut c: Param) {
            b = a;
        }
    }
    with_mistakes {
        #[nnx::jit(graph = true, static(n))]
        async fn wrong(#[nnx(static)] x: &Array, rate: f32) -> &Param {
            body_that_stays(x)
        }
    }
    on_a_struct {
        #[nnx::jit(graph = false)]
        struct Linear {
            kernel: Param,
        }
    }
}
