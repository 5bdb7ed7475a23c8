//! Nothing of the prelude is in scope.
#![no_implicit_prelude]

#[derive(::nnx::Module)]
struct Linear<T, const N: ::core::primitive::usize> {
    kernel: ::nnx::Param,
    bias: ::core::option::Option<::nnx::Param>,
    inner: [T; N],
    #[module(static)]
    name: ::std::string::String,
    #[module(static)]
    shape: ::std::vec::Vec<::core::primitive::usize>,
    #[module(skip)]
    note: ::core::option::Option<::std::rc::Rc<()>>,
}

#[derive(::nnx::Module)]
enum Layer<F> {
    Linear(::std::boxed::Box<Linear<::nnx::Param, 2>>),
    Act {
        #[module(static)]
        function: F,
    },
    Many(::std::vec::Vec<Layer<F>>),
    Flatten,
}

fn main() {
    let count = <Layer<()> as ::nnx::Module>::SCHEMA.variables();
    ::std::assert_eq!(::core::iter::Iterator::count(count), 3);
}
